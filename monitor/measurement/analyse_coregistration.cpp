#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "monitor/measurement/analysis.h"
#include "monitor/measurement/bead_settings.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/coregistration_pictures.h"
#include "qc_metrics/coregistration.h"

namespace monitor::measurement {
namespace {

using qc_metrics::PairResult;
using qc_metrics::PsfField;
using qc_metrics::PsfSettings;

/// All channels of all inputs, in order.
struct Channels {
  std::vector<ImageInput> inputs;  ///< keeps the pages of the planes
  std::vector<InputSetup> setups;
  std::vector<qc_metrics::Stack> stacks;
  std::vector<std::size_t> input_of;  ///< of each channel
  qc_metrics::CoregistrationSettings settings;
};

// One file a channel holds slices; the channels of a single file are its pages where it says
// nothing of its axes.
NaturalAxis AxisOf(const AnalysisJob& job) {
  return job.files.size() > 1 ? NaturalAxis::kZ : NaturalAxis::kChannel;
}

void NoteFrames(const ImageInput& input, const std::string& name, AnalysisOutcome& outcome) {
  if (input.image.axes.size_t == 1) return;
  outcome.report.findings.push_back({"several_images", qc_metrics::Severity::kInfo,
                                     "'" + name + "' holds " +
                                         std::to_string(input.image.axes.size_t) +
                                         " time frames; the first one is measured",
                                     std::nullopt});
}

/// Reads all inputs; false when a key is missing, which is noted.
bool ReadChannels(const AnalysisJob& job, Channels& all, AnalysisOutcome& outcome) {
  bool complete = true;
  for (std::size_t index = 0; index < job.files.size(); ++index) {
    all.inputs.push_back(ReadImageInput(job, index, AxisOf(job), outcome));
    ImageInput& input = all.inputs.back();
    NoteFrames(input, job.names[index], outcome);
    const int channels = input.image.axes.size_c;
    for (int c = 0; c < channels; ++c) {
      const ChannelPlace place{c, channels, static_cast<int>(all.stacks.size())};
      all.settings.channels.push_back(BeadSettingsOf(input.setup, place));
      all.stacks.push_back(acquisition::ChannelStack(input.image, c, 0));
      all.input_of.push_back(index);
    }
    all.setups.push_back({input.setup, channels});
    complete = complete && !NoteMissingKeys(input.setup, outcome);
    if (!complete) break;
  }
  outcome.setup = MergeSetups(all.setups);
  int channel = 0;
  for (std::size_t index = 0; index < all.setups.size(); ++index) {
    for (int c = 0; c < all.setups[index].channels; ++c, ++channel) {
      if (const auto name = ChannelNameOf(all.setups, index, c)) {
        outcome.channel_names[channel] = *name;
      }
    }
  }
  return complete;
}

void NoteDifference(const std::string& what, AnalysisOutcome& outcome) {
  outcome.report.findings.push_back(
      {"settings_differ", qc_metrics::Severity::kFault, what, std::nullopt});
}

std::string SizeText(const qc_metrics::Stack& stack) {
  const cv::Mat& plane = stack.planes.front();
  return std::to_string(plane.cols) + " x " + std::to_string(plane.rows) + " x " +
         std::to_string(stack.planes.size());
}

bool SameVoxel(const PsfSettings& a, const PsfSettings& b) {
  const auto same = [](double x, double y) { return std::abs(x - y) <= 1e-6 * x; };
  return same(a.pixel_size_x_um, b.pixel_size_x_um) && same(a.pixel_size_y_um, b.pixel_size_y_um) &&
         same(a.z_step_um, b.z_step_um);
}

/// Channels that cannot be laid over each other are named.
bool CheckAlike(Channels& all, const AnalysisJob& job, AnalysisOutcome& outcome) {
  if (all.stacks.size() < 2) {
    NoteDifference(
        "co-registration needs two channels, but there is only one; give one file a "
        "channel, or state the order of the planes with --set axes=cz",
        outcome);
    return false;
  }
  for (std::size_t c = 1; c < all.stacks.size(); ++c) {
    const std::string name = "'" + job.names[all.input_of[c]] + "'";
    const std::string first = "'" + job.names[all.input_of[0]] + "'";
    if (SizeText(all.stacks[c]) != SizeText(all.stacks[0])) {
      NoteDifference("channel " + std::to_string(c) + " (" + name + ") has " +
                         SizeText(all.stacks[c]) + " voxels, channel 0 (" + first + ") " +
                         SizeText(all.stacks[0]) + "; channels must show the same field",
                     outcome);
      return false;
    }
    if (!SameVoxel(all.settings.channels[c], all.settings.channels[0])) {
      NoteDifference("channel " + std::to_string(c) + " (" + name +
                         ") has another pixel size or z step than channel 0 (" + first +
                         "); correct the metadata or image both alike",
                     outcome);
      return false;
    }
    auto& voxel = all.settings.channels[c];
    voxel.pixel_size_x_um = all.settings.channels[0].pixel_size_x_um;
    voxel.pixel_size_y_um = all.settings.channels[0].pixel_size_y_um;
    voxel.z_step_um = all.settings.channels[0].z_step_um;
  }
  return true;
}

void PutReference(const Channels& all, const Setup& setup,
                  qc_metrics::CoregistrationSettings& settings) {
  const auto reference = setup.Number("reference_channel");
  if (!reference) return;
  if (*reference >= static_cast<double>(all.stacks.size())) {
    throw UsageError("reference_channel counts from 0; there are only " +
                     std::to_string(all.stacks.size()) + " channels");
  }
  settings.reference_channel = static_cast<int>(*reference);
}

std::string NameOf(const AnalysisOutcome& outcome, int channel) {
  const auto name = outcome.channel_names.find(channel);
  return name == outcome.channel_names.end() ? "channel " + std::to_string(channel) : name->second;
}

report::ShiftField FieldOf(const PairResult& pair, const PsfField& a, const PsfSettings& settings,
                           const std::string& names) {
  report::ShiftField field;
  field.names = names;
  field.width_um = (a.columns - 1) * settings.pixel_size_x_um;
  field.height_um = (a.rows - 1) * settings.pixel_size_y_um;
  field.mapped = pair.map.has_value();
  for (const qc_metrics::BeadPair& bead : pair.beads) {
    if (!bead.rejected.empty() && bead.rejected != "outlier") continue;
    field.beads.push_back({{bead.position_um[0], bead.position_um[1]},
                           bead.shift_um,
                           bead.residual_um,
                           bead.rejected.empty()});
  }
  return field;
}

report::BeadFrame FrameOf(const PsfSettings& settings, const qc_metrics::GaussianBead& bead) {
  report::BeadFrame frame;
  frame.pixel_um = {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    frame.centre_px[axis] = bead.centre_px[axis].value;
    frame.fwhm_px[axis] = bead.fwhm_um[axis].value / frame.pixel_um[axis];
  }
  return frame;
}

void AddPictures(const Channels& all, const PairResult& pair, const PsfField& field_a, bool several,
                 AnalysisOutcome& outcome) {
  const auto a = static_cast<std::size_t>(pair.a);
  const auto b = static_cast<std::size_t>(pair.b);
  const PsfSettings& settings = all.settings.channels[a];
  const std::string names = NameOf(outcome, pair.a) + " → " + NameOf(outcome, pair.b);
  std::vector<report::Picture> pictures;
  pictures.push_back(report::ChannelOverlay(
      all.stacks[a], all.stacks[b],
      {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um}, names));
  const auto kept = std::find_if(pair.beads.begin(), pair.beads.end(),
                                 [](const auto& bead) { return bead.rejected.empty(); });
  if (kept != pair.beads.end()) {
    const auto& bead = field_a.beads[static_cast<std::size_t>(kept->bead_a)];
    for (auto& picture : report::BeadOverlays(all.stacks[a], all.stacks[b],
                                              FrameOf(settings, *bead.gaussian), names)) {
      pictures.push_back(std::move(picture));
    }
    pictures.push_back(report::ShiftMap(FieldOf(pair, field_a, settings, names)));
  }
  for (report::Picture& picture : pictures) {
    if (several) picture.name += "_c" + std::to_string(pair.a) + "_c" + std::to_string(pair.b);
    outcome.pictures.push_back(std::move(picture));
  }
}

void Append(qc_metrics::Report part, qc_metrics::Report& whole) {
  std::move(part.quantities.begin(), part.quantities.end(), std::back_inserter(whole.quantities));
  std::move(part.objects.begin(), part.objects.end(), std::back_inserter(whole.objects));
  std::move(part.findings.begin(), part.findings.end(), std::back_inserter(whole.findings));
}

void MoveToWholeImage(const Channels& all, qc_metrics::Report& report) {
  const PsfSettings& settings = all.settings.channels.front();
  for (qc_metrics::Object& object : report.objects) {
    object.position_um[0] += all.inputs.front().region.x * settings.pixel_size_x_um;
    object.position_um[1] += all.inputs.front().region.y * settings.pixel_size_y_um;
  }
}

}  // namespace

AnalysisOutcome AnalyseCoregistration(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  Channels all;
  if (!ReadChannels(job, all, outcome) || !CheckAlike(all, job, outcome)) return outcome;
  PutReference(all, all.inputs.front().setup, all.settings);
  progress(0.1);
  const auto result = qc_metrics::MeasureCoregistration(all.stacks, all.settings);
  progress(0.8);
  for (std::size_t c = 0; c < result.channels.size(); ++c) {
    if (const auto* fault = std::get_if<qc_metrics::Fault>(&result.channels[c])) {
      outcome.report.findings.push_back(FaultFinding(*fault, static_cast<int>(c)));
    }
  }
  qc_metrics::Report report = qc_metrics::CoregistrationReport(result, all.settings);
  MoveToWholeImage(all, report);
  Append(std::move(report), outcome.report);
  for (const PairResult& pair : result.pairs) {
    outcome.measured = outcome.measured || pair.Kept() > 0;
    if (!job.pictures) continue;
    const auto& field = std::get<PsfField>(result.channels[static_cast<std::size_t>(pair.a)]);
    AddPictures(all, pair, field, result.pairs.size() > 1, outcome);
  }
  progress(1.0);
  return outcome;
}

}  // namespace monitor::measurement
