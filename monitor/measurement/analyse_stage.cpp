#include <unistd.h>

#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/stage_positions.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/stage_pictures.h"
#include "qc_metrics/bead_track.h"
#include "qc_metrics/stage.h"

namespace monitor::measurement {
namespace {

using acquisition::StagePositions;

void Append(qc_metrics::Report part, qc_metrics::Report& whole) {
  for (auto& quantity : part.quantities) whole.quantities.push_back(std::move(quantity));
  for (auto& object : part.objects) whole.objects.push_back(std::move(object));
  for (auto& finding : part.findings) whole.findings.push_back(std::move(finding));
}

bool IsPositionsFile(const InputFile& file) {
  std::array<char, 1024> beginning{};
  const ssize_t got = pread(file.fd(), beginning.data(), beginning.size(), 0);
  return got > 0 &&
         acquisition::LooksLikePositions({beginning.data(), static_cast<std::size_t>(got)});
}

StagePositions ReadPositions(const InputFile& file, const std::string& name) {
  try {
    return acquisition::ReadStagePositionsFile(file.fd(), file.bytes());
  } catch (const acquisition::ReadError& error) {
    throw acquisition::ReadError(error.fault(), "'" + name + "': " + error.what());
  }
}

StagePositions ReadNamedPositions(const std::string& path) {
  const auto file = InputFile::Open(path);
  if (const auto* sentence = std::get_if<std::string>(&file)) {
    throw UsageError("the list of positions '" + ShownName(path) + "' " + *sentence);
  }
  return ReadPositions(std::get<InputFile>(file), ShownName(path));
}

void MeasureReturns(const StagePositions& positions, bool pictures, AnalysisOutcome& outcome) {
  const auto moves = qc_metrics::MeasureMoves(positions.rows);
  Append(qc_metrics::MovesReport(moves), outcome.report);
  if (!std::holds_alternative<qc_metrics::StageMoves>(moves)) return;
  outcome.measured = true;
  if (pictures) outcome.pictures.push_back(report::StageReturns(positions.rows));
}

// A list without places has one row a frame: the beads say where the stage came back to.
void TakePlacesOf(const qc_metrics::StageTrack& track, StagePositions& positions) {
  if (positions.rows.size() != track.position_um.size()) {
    throw UsageError("the list of positions has " + std::to_string(positions.rows.size()) +
                     " rows without places, but the file has " +
                     std::to_string(track.position_um.size()) + " frames; give one row a frame");
  }
  for (std::size_t k = 0; k < positions.rows.size(); ++k) {
    // The bead's image goes with the stage.
    positions.rows[k].position_um = track.position_um[k];
    positions.rows[k].has_z = track.axes == 3;
  }
}

std::vector<qc_metrics::Stack> Frames(const acquisition::Image& image) {
  std::vector<qc_metrics::Stack> frames;
  for (int frame = 0; frame < image.axes.size_t; ++frame) {
    frames.push_back(acquisition::ChannelStack(image, 0, frame));
  }
  return frames;
}

qc_metrics::TrackSettings SettingsOf(ImageInput& input, bool needs_time) {
  Setup& setup = input.setup;
  if (input.image.integer && input.image.container_bits <= 16) {
    setup.PutDefault("saturation_adu", std::exp2(input.image.container_bits) - 1.0);
  }
  qc_metrics::TrackSettings settings{.pixel_x_um = setup.Needed("pixel_size_x_um"),
                                     .pixel_y_um = setup.Needed("pixel_size_y_um"),
                                     .frame_interval_s = 1.0};
  if (needs_time) settings.frame_interval_s = setup.Needed("frame_interval_s");
  if (input.image.axes.size_z > 1) settings.z_step_um = setup.Needed("z_step_um");
  settings.saturation_adu = setup.Number("saturation_adu");
  return settings;
}

void MeasureTrack(const qc_metrics::BeadTracks& tracks, const qc_metrics::DriftSettings& settings,
                  bool pictures, AnalysisOutcome& outcome) {
  const auto drift = qc_metrics::MeasureDrift(tracks.track, settings);
  Append(qc_metrics::DriftReport(drift, tracks.track, settings), outcome.report);
  const auto* found = std::get_if<qc_metrics::StageDrift>(&drift);
  if (found == nullptr) return;
  outcome.measured = true;
  if (!pictures) return;
  for (report::Picture& picture : report::StageTrackPictures(tracks.track, *found, settings)) {
    outcome.pictures.push_back(std::move(picture));
  }
}

void MeasureImages(const AnalysisJob& job, AnalysisOutcome& outcome) {
  ImageInput input = ReadImageInput(job, 0, NaturalAxis::kTime, outcome);
  std::optional<StagePositions> positions;
  if (const auto path = input.setup.Text("positions")) positions = ReadNamedPositions(*path);
  const qc_metrics::TrackSettings settings = SettingsOf(input, !positions);
  qc_metrics::DriftSettings drift;
  if (const auto stable_um = input.setup.Number("stable_um")) drift.stable_um = *stable_um;
  input.setup.PutDefault("stable_um", drift.stable_um);
  const std::vector<InputSetup> setups = {{input.setup, input.image.axes.size_c}};
  outcome.setup = MergeSetups(setups);
  if (NoteMissingKeys(input.setup, outcome)) return;
  const auto tracks = qc_metrics::TrackBeads(Frames(input.image), settings);
  Append(qc_metrics::TrackReport(tracks, settings), outcome.report);
  const auto* found = std::get_if<qc_metrics::BeadTracks>(&tracks);
  if (positions) {
    if (!positions->has_places) {
      if (found == nullptr) return;
      TakePlacesOf(found->track, *positions);
    }
    MeasureReturns(*positions, job.pictures, outcome);
  } else if (found != nullptr) {
    MeasureTrack(*found, drift, job.pictures, outcome);
  }
}

}  // namespace

AnalysisOutcome AnalyseStage(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  if (IsPositionsFile(*job.files.front())) {
    StagePositions positions = ReadPositions(*job.files.front(), job.names.front());
    outcome.formats.push_back("stage positions CSV");
    outcome.setup = Setup(job.layers.front(), {});
    if (!positions.has_places) {
      throw acquisition::ReadError(acquisition::ReadFault::kUnsupported,
                                   "'" + job.names.front() +
                                       "': the list has no x_um and y_um; measure the images and "
                                       "name the list with --set positions=");
    }
    MeasureReturns(positions, job.pictures, outcome);
  } else {
    MeasureImages(job, outcome);
  }
  progress(1.0);
  return outcome;
}

}  // namespace monitor::measurement
