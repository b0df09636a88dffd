#include <cmath>
#include <utility>
#include <variant>

#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/illumination_pictures.h"
#include "qc_metrics/illumination.h"

namespace monitor::measurement {
namespace {

// One pixel size where both directions agree: pictures draw one scale bar.
std::optional<double> SquarePixel(const Setup& setup) {
  const auto x_um = setup.Number("pixel_size_x_um");
  const auto y_um = setup.Number("pixel_size_y_um");
  if (!x_um || !y_um || std::abs(*x_um - *y_um) > 1e-3 * *x_um) return std::nullopt;
  return x_um;
}

void CheckPlanes(const acquisition::Image& image) {
  if (image.axes.size_z == 1) return;
  throw acquisition::ReadError(
      acquisition::ReadFault::kUnsupported,
      "illumination takes one plane a channel, but the file holds " +
          std::to_string(image.axes.size_z) +
          " z planes; save the plane in focus, or say with --set axes=c that they are channels");
}

// Twelve bits in a container of sixteen: the level of a detector is never guessed, but a pile of
// pixels on the largest value that such a detector has must be seen.
void NoteFlatTop(const cv::Mat& plane, int channel, qc_metrics::Report& report) {
  constexpr int kFewestPixels = 10;
  if (plane.depth() != CV_16U) return;
  int largest = 0;
  int pixels = 0;
  for (int y = 0; y < plane.rows; ++y) {
    const auto* row = plane.ptr<std::uint16_t>(y);
    for (int x = 0; x < plane.cols; ++x) {
      if (row[x] < largest) continue;
      pixels = row[x] == largest ? pixels + 1 : 1;
      largest = row[x];
    }
  }
  const bool full_scale = largest >= 1023 && largest < 65535 && ((largest + 1) & largest) == 0;
  if (!full_scale || pixels < kFewestPixels) return;
  const std::string level = std::to_string(largest);
  report.findings.push_back({"settings_not_stated", qc_metrics::Severity::kWarning,
                             "saturation_adu is not stated, and " + std::to_string(pixels) +
                                 " pixels hold the largest value " + level +
                                 ", which is full scale of a detector with fewer than 16 bits; if "
                                 "it is yours, state --set saturation_adu=" +
                                 level,
                             channel});
}

void MoveToWholeImage(const cv::Rect& region, qc_metrics::Report& report) {
  for (qc_metrics::Quantity& quantity : report.quantities) {
    if (quantity.id == "illumination.peak.x") quantity.value += region.x;
    if (quantity.id == "illumination.peak.y") quantity.value += region.y;
  }
}

void Append(qc_metrics::Report part, qc_metrics::Report& whole) {
  for (auto& quantity : part.quantities) whole.quantities.push_back(std::move(quantity));
  for (auto& object : part.objects) whole.objects.push_back(std::move(object));
  for (auto& finding : part.findings) whole.findings.push_back(std::move(finding));
}

void MeasureChannel(const ImageInput& input, int file_channel, int channel, bool pictures,
                    AnalysisOutcome& outcome) {
  const qc_metrics::IlluminationSettings settings{
      .camera_offset_adu = *input.setup.Number("camera_offset_adu"),
      .saturation_adu = input.setup.Number("saturation_adu"),
      .pixel_size_x_um = input.setup.Number("pixel_size_x_um"),
      .pixel_size_y_um = input.setup.Number("pixel_size_y_um")};
  const qc_metrics::Stack stack = acquisition::ChannelStack(input.image, file_channel, 0);
  if (input.saturation_is_default) NoteFlatTop(stack.planes.front(), channel, outcome.report);
  const auto result = qc_metrics::MeasureIllumination(stack.planes.front(), settings);
  qc_metrics::Report report = qc_metrics::IlluminationReport(result, settings, channel);
  MoveToWholeImage(input.region, report);
  Append(std::move(report), outcome.report);
  const auto* field = std::get_if<qc_metrics::Illumination>(&result.field);
  if (field == nullptr) return;
  outcome.measured = true;
  if (!pictures) return;
  for (report::Picture& picture : report::IlluminationPictures(*field, stack.planes.front().size(),
                                                               SquarePixel(input.setup))) {
    if (channel > 0) picture.name += "_c" + std::to_string(channel);
    outcome.pictures.push_back(std::move(picture));
  }
}

// Names and setup of all channels, each from its own input.
void NoteSetups(const std::vector<InputSetup>& inputs, AnalysisOutcome& outcome) {
  outcome.setup = MergeSetups(inputs);
  int channel = 0;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    for (int file_channel = 0; file_channel < inputs[index].channels; ++file_channel, ++channel) {
      const auto name = ChannelNameOf(inputs, index, file_channel);
      if (name) outcome.channel_names[channel] = *name;
    }
  }
}

}  // namespace

AnalysisOutcome AnalyseIllumination(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  std::vector<InputSetup> inputs;
  int channel = 0;
  for (std::size_t index = 0; index < job.files.size(); ++index) {
    ImageInput input = ReadImageInput(job, index, NaturalAxis::kChannel, outcome);
    CheckPlanes(input.image);
    (void)input.setup.Needed("camera_offset_adu");
    input.saturation_is_default = !input.setup.Number("saturation_adu");
    if (input.image.integer && input.image.container_bits <= 16) {
      input.setup.PutDefault("saturation_adu", std::exp2(input.image.container_bits) - 1.0);
    }
    inputs.push_back({input.setup, input.image.axes.size_c});
    NoteSetups(inputs, outcome);
    if (NoteMissingKeys(input.setup, outcome)) return outcome;
    if (input.image.axes.size_t > 1) {
      outcome.report.findings.push_back({"several_images", qc_metrics::Severity::kInfo,
                                         "the file holds " +
                                             std::to_string(input.image.axes.size_t) +
                                             " frames; the first one is measured",
                                         std::nullopt});
    }
    for (int file_channel = 0; file_channel < input.image.axes.size_c; ++file_channel) {
      MeasureChannel(input, file_channel, channel++, job.pictures, outcome);
    }
    progress(static_cast<double>(index + 1) / static_cast<double>(job.files.size()));
  }
  return outcome;
}

}  // namespace monitor::measurement
