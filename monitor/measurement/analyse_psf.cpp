#include <algorithm>
#include <utility>
#include <variant>

#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/psf_pictures_of.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/psf_average.h"

namespace monitor::measurement {
namespace {

std::optional<qc_metrics::Modality> ModalityOf(const Setup& setup) {
  using qc_metrics::Modality;
  const std::optional<std::string> word = setup.Text("modality");
  if (!word) return std::nullopt;
  if (*word == "widefield") return Modality::kWidefield;
  if (*word == "confocal") return Modality::kConfocal;
  if (*word == "spinning_disk") return Modality::kSpinningDisk;
  if (*word == "two_photon") return Modality::kTwoPhoton;
  if (*word == "light_sheet") return Modality::kLightSheet;
  return Modality::kOther;
}

qc_metrics::PsfSettings SettingsOf(Setup& setup, int channel) {
  const double x_um = setup.Needed("pixel_size_x_um");
  const double y_um = setup.Needed("pixel_size_y_um");
  const double z_um = setup.Needed("z_step_um");
  const bool aperture = setup.ApertureIsPossible();
  return {
      .pixel_size_x_um = x_um,
      .pixel_size_y_um = y_um,
      .z_step_um = z_um,
      .optics = {.modality = ModalityOf(setup),
                 .numerical_aperture = aperture ? setup.Number("numerical_aperture") : std::nullopt,
                 .refractive_index = aperture ? setup.Number("refractive_index") : std::nullopt,
                 .excitation_nm = setup.Number("excitation_nm", channel),
                 .emission_nm = setup.Number("emission_nm", channel),
                 .pinhole_au = setup.Number("pinhole_au", channel)},
      .camera_offset_adu = setup.Number("camera_offset_adu"),
      .gain_e_per_adu = setup.Number("gain_e_per_adu"),
      .read_noise_e = setup.Number("read_noise_e"),
      .saturation_adu = setup.Number("saturation_adu"),
      .bead_diameter_um = setup.Number("bead_diameter_um"),
      .scan_axis =
          setup.Text("scan_axis") == "y" ? qc_metrics::ScanAxis::kY : qc_metrics::ScanAxis::kX};
}

void MoveToWholeImage(const cv::Rect& region, const qc_metrics::PsfSettings& settings,
                      qc_metrics::Report& report) {
  for (qc_metrics::Object& object : report.objects) {
    object.position_um[0] += region.x * settings.pixel_size_x_um;
    object.position_um[1] += region.y * settings.pixel_size_y_um;
  }
}

void Append(qc_metrics::Report part, qc_metrics::Report& whole) {
  std::move(part.quantities.begin(), part.quantities.end(), std::back_inserter(whole.quantities));
  std::move(part.objects.begin(), part.objects.end(), std::back_inserter(whole.objects));
  std::move(part.findings.begin(), part.findings.end(), std::back_inserter(whole.findings));
}

void MeasureChannel(const ImageInput& input, const qc_metrics::PsfSettings& settings, int channel,
                    bool pictures, AnalysisOutcome& outcome) {
  const qc_metrics::Stack stack = acquisition::ChannelStack(input.image, channel, 0);
  const auto measured = qc_metrics::MeasurePsf(stack, settings);
  if (const auto* fault = std::get_if<qc_metrics::Fault>(&measured)) {
    outcome.report.findings.push_back(FaultFinding(*fault, channel));
    return;
  }
  const auto& field = std::get<qc_metrics::PsfField>(measured);
  qc_metrics::Report report = qc_metrics::PsfReport(field, settings, channel);
  const auto average = qc_metrics::AveragePsf(stack, settings, field);
  if (average) qc_metrics::AddAveraged(*average, channel, report);
  MoveToWholeImage(input.region, settings, report);
  Append(std::move(report), outcome.report);
  outcome.measured = outcome.measured || field.Kept() > 0;
  if (!pictures) return;
  for (report::Picture& picture :
       PsfPicturesOf(stack, settings, field, average ? &*average : nullptr)) {
    if (channel > 0) picture.name += "_c" + std::to_string(channel);
    outcome.pictures.push_back(std::move(picture));
  }
}

// Time frames that were meant as slices are the usual reason for a stack of one plane.
void NoteAxes(const acquisition::Axes& axes, AnalysisOutcome& outcome) {
  if (axes.size_t == 1) return;
  const std::string frames = std::to_string(axes.size_t);
  const bool flat = axes.size_z == 1;
  outcome.report.findings.push_back(
      {"several_images", flat ? qc_metrics::Severity::kWarning : qc_metrics::Severity::kInfo,
       flat ? "the file states " + frames +
                  " time frames of one plane; if they are slices, say so with --set axes=z"
            : "the file holds " + frames + " time frames; the first one is measured",
       std::nullopt});
}

}  // namespace

AnalysisOutcome AnalysePsf(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  ImageInput input = ReadImageInput(job, 0, NaturalAxis::kZ, outcome);
  NoteAxes(input.image.axes, outcome);
  const int channels = input.image.axes.size_c;
  std::vector<qc_metrics::PsfSettings> settings;
  for (int channel = 0; channel < channels; ++channel) {
    settings.push_back(SettingsOf(input.setup, channel));
    const auto name = input.setup.Text("channel_name", channel);
    if (name) outcome.channel_names[channel] = *name;
  }
  outcome.setup = input.setup;
  if (NoteMissingKeys(input.setup, outcome)) return outcome;
  for (int channel = 0; channel < channels; ++channel) {
    MeasureChannel(input, settings[static_cast<std::size_t>(channel)], channel, job.pictures,
                   outcome);
    progress(static_cast<double>(channel + 1) / static_cast<double>(channels));
  }
  return outcome;
}

}  // namespace monitor::measurement
