#include <cmath>
#include <cstdio>
#include <utility>
#include <variant>

#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/geometry_pictures.h"
#include "qc_metrics/geometry.h"

namespace monitor::measurement {
namespace {

constexpr double kScaleDiffers = 0.02;  // a pixel size off by more is a setting, not a tolerance

void CheckPlanes(const acquisition::Image& image) {
  if (image.axes.size_z == 1) return;
  throw acquisition::ReadError(acquisition::ReadFault::kUnsupported,
                               "geometry takes one plane, but the file holds " +
                                   std::to_string(image.axes.size_z) +
                                   " z planes; save the plane in focus");
}

/// A stated pixel size that the grid contradicts: another pitch, binning or zoom than stated.
void NoteScale(const char* key, const std::optional<qc_metrics::Estimate>& measured,
               const Setup& setup, int channel, qc_metrics::Report& report) {
  const auto stated = setup.Number(key);
  if (!stated || !measured) return;
  const double ratio = measured->value / *stated;
  if (std::abs(ratio - 1.0) <= kScaleDiffers) return;
  char text[256];
  std::snprintf(text, sizeof text,
                "the grid says %.5g um a pixel, %s says %.5g (%.3g times); check the pitch, the "
                "binning and the zoom, then correct the scale of this configuration",
                measured->value, key, *stated, ratio);
  report.findings.push_back({"settings_differ", qc_metrics::Severity::kWarning, text, channel});
}

void AddPictures(const cv::Mat& plane, const qc_metrics::Geometry& geometry, int channel,
                 AnalysisOutcome& outcome) {
  std::vector<report::GridMark> marks;
  for (const qc_metrics::GridPoint& p : geometry.points) {
    marks.push_back({p.place_px, p.residual_px, p.smooth_px, p.kept});
  }
  const auto& size = geometry.pixel_size_x_um ? geometry.pixel_size_x_um : geometry.pixel_size_y_um;
  std::vector<report::Picture> pictures;
  pictures.push_back(report::GridPicture(plane, marks, size->value));
  pictures.push_back(report::DistortionMap(plane.size(), marks, geometry.distortion.has_value()));
  for (report::Picture& picture : pictures) {
    if (channel > 0) picture.name += "_c" + std::to_string(channel);
    outcome.pictures.push_back(std::move(picture));
  }
}

void MeasureChannel(const ImageInput& input, int file_channel, int channel, bool pictures,
                    AnalysisOutcome& outcome) {
  const qc_metrics::GeometrySettings settings{
      .grid_pitch_um = *input.setup.Number("grid_pitch_um"),
      .saturation_adu = input.setup.Number("saturation_adu")};
  const qc_metrics::Stack stack = acquisition::ChannelStack(input.image, file_channel, 0);
  const cv::Mat& plane = stack.planes.front();
  const auto measured = qc_metrics::MeasureGeometry(plane, settings);
  if (const auto* fault = std::get_if<qc_metrics::Fault>(&measured)) {
    outcome.report.findings.push_back(FaultFinding(*fault, channel));
    return;
  }
  const auto& geometry = std::get<qc_metrics::Geometry>(measured);
  qc_metrics::Report report = qc_metrics::GeometryReport(geometry);
  NoteScale("pixel_size_x_um", geometry.pixel_size_x_um, input.setup, channel, report);
  NoteScale("pixel_size_y_um", geometry.pixel_size_y_um, input.setup, channel, report);
  for (auto& quantity : report.quantities) {
    quantity.channel = channel;
    outcome.report.quantities.push_back(std::move(quantity));
  }
  for (auto& object : report.objects) {
    object.channel = channel;
    outcome.report.objects.push_back(std::move(object));
  }
  for (auto& finding : report.findings) {
    finding.channel = channel;
    outcome.report.findings.push_back(std::move(finding));
  }
  outcome.measured = true;
  if (pictures) AddPictures(plane, geometry, channel, outcome);
}

}  // namespace

AnalysisOutcome AnalyseGeometry(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  std::vector<InputSetup> inputs;
  int channel = 0;
  for (std::size_t index = 0; index < job.files.size(); ++index) {
    ImageInput input = ReadImageInput(job, index, NaturalAxis::kChannel, outcome);
    CheckPlanes(input.image);
    (void)input.setup.Needed("grid_pitch_um");
    inputs.push_back({input.setup, input.image.axes.size_c});
    outcome.setup = MergeSetups(inputs);
    if (NoteMissingKeys(input.setup, outcome)) return outcome;
    for (int c = 0; c < input.image.axes.size_c; ++c, ++channel) {
      if (const auto name = ChannelNameOf(inputs, index, c)) outcome.channel_names[channel] = *name;
      MeasureChannel(input, c, channel, job.pictures, outcome);
    }
    progress(static_cast<double>(index + 1) / static_cast<double>(job.files.size()));
  }
  return outcome;
}

}  // namespace monitor::measurement
