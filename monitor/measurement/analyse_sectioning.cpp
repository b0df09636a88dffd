#include <cmath>
#include <utility>
#include <variant>

#include "monitor/measurement/analysis.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/sectioning_pictures.h"
#include "qc_metrics/sectioning.h"

namespace monitor::measurement {
namespace {

using qc_metrics::AxialLayout;

// A single plane can only be a section along z: MetroloJ reads it so, with z down.
AxialLayout LayoutOf(const ImageInput& input, qc_metrics::Report& report) {
  if (input.image.axes.size_z > 1) return AxialLayout::kStack;
  report.findings.push_back(
      {"xz_image", qc_metrics::Severity::kInfo,
       "The file holds one plane: it is taken as an xz image with z down. For a z-stack state "
       "axes=z; a yz image must be turned first.",
       std::nullopt});
  return AxialLayout::kXzImage;
}

double ZStep(AxialLayout layout, Setup& setup) {
  if (layout == AxialLayout::kStack || setup.IsSaidByPerson("z_step_um")) {
    return setup.Needed("z_step_um");
  }
  return setup.Needed("pixel_size_y_um");
}

}  // namespace

AnalysisOutcome AnalyseSectioning(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  ImageInput input = ReadImageInput(job, 0, NaturalAxis::kZ, outcome);
  const AxialLayout layout = LayoutOf(input, outcome.report);
  qc_metrics::SectioningSettings settings{.z_step_um = ZStep(layout, input.setup)};
  settings.layout = layout;
  settings.pixel_x_um = input.setup.Number("pixel_size_x_um");
  settings.pixel_y_um = input.setup.Number("pixel_size_y_um");
  if (input.image.integer && input.image.container_bits <= 16) {
    input.setup.PutDefault("saturation_adu", std::exp2(input.image.container_bits) - 1.0);
  }
  settings.saturation_adu = input.setup.Number("saturation_adu");
  const int channels = input.image.axes.size_c;
  const std::vector<InputSetup> setups = {{input.setup, channels}};
  outcome.setup = MergeSetups(setups);
  if (NoteMissingKeys(input.setup, outcome)) return outcome;
  for (int channel = 0; channel < channels; ++channel) {
    const auto name = ChannelNameOf(setups, 0, channel);
    if (name) outcome.channel_names[channel] = *name;
    const auto number = channels > 1 ? std::optional(channel) : std::nullopt;
    const qc_metrics::Stack stack = acquisition::ChannelStack(input.image, channel, 0);
    const auto measured = qc_metrics::MeasureSectioning(stack, settings);
    qc_metrics::Report report = qc_metrics::SectioningReport(measured, number);
    for (auto& quantity : report.quantities) {
      outcome.report.quantities.push_back(std::move(quantity));
    }
    for (auto& finding : report.findings) outcome.report.findings.push_back(std::move(finding));
    const auto* found = std::get_if<qc_metrics::Sectioning>(&measured);
    if (found == nullptr) continue;
    outcome.measured = true;
    progress(static_cast<double>(channel + 1) / channels);
    if (!job.pictures) continue;
    for (report::Picture& picture : report::SectioningPictures(*found, settings.z_step_um)) {
      if (channel > 0) picture.name += "_c" + std::to_string(channel);
      outcome.pictures.push_back(std::move(picture));
    }
  }
  return outcome;
}

}  // namespace monitor::measurement
