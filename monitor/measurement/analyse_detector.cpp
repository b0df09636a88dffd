#include <algorithm>
#include <cmath>
#include <utility>

#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/merge_setups.h"
#include "monitor/report/detector_pictures.h"
#include "qc_metrics/detector.h"

namespace monitor::measurement {
namespace {

using qc_metrics::DetectorSeries;
using qc_metrics::SeriesKind;

/// One file: its pixels stay mapped while its series are measured.
struct SeriesInput {
  ImageInput input;
  SeriesKind kind = SeriesKind::kDark;
  std::string name;

  /// Each slice of a uniform image is a detector of its own, as in MetroloJ; elsewhere slices are
  /// frames, because programs call a time series a stack.
  [[nodiscard]] bool SlicesAreDetectors() const {
    return kind == SeriesKind::kUniform && input.image.axes.size_c == 1;
  }
  [[nodiscard]] int Channels() const {
    return SlicesAreDetectors() ? input.image.axes.size_z : input.image.axes.size_c;
  }
  [[nodiscard]] qc_metrics::Stack Frames(int channel) const {
    const acquisition::Axes& axes = input.image.axes;
    qc_metrics::Stack stack;
    for (int frame = 0; frame < axes.size_t; ++frame) {
      const int file_channel = SlicesAreDetectors() ? 0 : channel;
      const qc_metrics::Stack slices = acquisition::ChannelStack(input.image, file_channel, frame);
      if (SlicesAreDetectors()) {
        stack.planes.push_back(slices.planes[static_cast<std::size_t>(channel)]);
      } else {
        stack.planes.insert(stack.planes.end(), slices.planes.begin(), slices.planes.end());
      }
    }
    return stack;
  }
};

SeriesKind KindOf(const std::string& word) {
  if (word == "flat") return SeriesKind::kFlat;
  return word == "uniform" ? SeriesKind::kUniform : SeriesKind::kDark;
}

SeriesInput ReadSeries(const AnalysisJob& job, std::size_t index, AnalysisOutcome& outcome) {
  SeriesInput series;
  series.input = ReadImageInput(job, index, NaturalAxis::kTime, outcome);
  series.name = job.names[index];
  const std::optional<std::string> kind = series.input.setup.Text("series");
  if (kind) series.kind = KindOf(*kind);
  Setup& setup = series.input.setup;
  series.input.saturation_is_default = !setup.Number("saturation_adu");
  if (series.input.image.integer && series.input.image.container_bits <= 16) {
    setup.PutDefault("saturation_adu", std::exp2(series.input.image.container_bits) - 1.0);
  }
  return series;
}

bool NoteMissingSeries(const std::vector<SeriesInput>& inputs, AnalysisOutcome& outcome) {
  for (const SeriesInput& series : inputs) {
    if (series.input.setup.Text("series")) continue;
    outcome.report.findings.push_back(MissingMetadata("series"));
    outcome.report.findings.back().text =
        "'" + series.name +
        "' does not say what it saw: add ,series=dark, ,series=flat or "
        ",series=uniform behind its name";
    return true;
  }
  return false;
}

/// The first number that an input states: what differs between inputs cannot be one detector's.
std::optional<double> FirstStated(const std::vector<SeriesInput>& inputs, std::string_view key,
                                  int channel) {
  for (const SeriesInput& series : inputs) {
    if (const auto value = series.input.setup.Number(key, channel)) return value;
  }
  return std::nullopt;
}

bool OnlySaturationDefaults(const std::vector<SeriesInput>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(),
                     [](const SeriesInput& series) { return series.input.saturation_is_default; });
}

void MeasureChannel(const std::vector<SeriesInput>& inputs, int channel, int channels,
                    const AnalysisJob& job, AnalysisOutcome& outcome) {
  std::vector<DetectorSeries> series;
  for (const SeriesInput& input : inputs) {
    if (channel >= input.Channels()) continue;
    series.push_back(
        {input.kind, input.Frames(channel), input.input.setup.Number("exposure_s"), input.name});
  }
  const qc_metrics::DetectorSettings settings{
      .gain_e_per_adu = FirstStated(inputs, "gain_e_per_adu", channel),
      .camera_offset_adu = FirstStated(inputs, "camera_offset_adu", channel),
      .saturation_adu = FirstStated(inputs, "saturation_adu", channel)};
  const qc_metrics::Detector detector = qc_metrics::MeasureDetector(series, settings);
  const auto number = channels > 1 ? std::optional(channel) : std::nullopt;
  qc_metrics::Report report = qc_metrics::DetectorReport(detector, settings, number);
  outcome.measured = outcome.measured || !report.quantities.empty();
  for (auto& quantity : report.quantities) outcome.report.quantities.push_back(std::move(quantity));
  for (auto& finding : report.findings) outcome.report.findings.push_back(std::move(finding));
  if (!job.pictures) return;
  for (report::Picture& picture : report::DetectorPictures(detector)) {
    if (channel > 0) picture.name += "_c" + std::to_string(channel);
    outcome.pictures.push_back(std::move(picture));
  }
}

}  // namespace

AnalysisOutcome AnalyseDetector(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  std::vector<SeriesInput> inputs;
  std::vector<InputSetup> setups;
  int channels = 1;
  for (std::size_t index = 0; index < job.files.size(); ++index) {
    inputs.push_back(ReadSeries(job, index, outcome));
    setups.push_back({inputs.back().input.setup, 1});
    channels = std::max(channels, inputs.back().Channels());
  }
  outcome.setup = MergeSetups(setups);
  if (NoteMissingSeries(inputs, outcome)) return outcome;
  for (int channel = 0; channel < channels; ++channel) {
    for (const SeriesInput& series : inputs) {
      const auto name = series.input.setup.Text("channel_name", channel);
      if (name && channels > 1) outcome.channel_names.emplace(channel, *name);
    }
    MeasureChannel(inputs, channel, channels, job, outcome);
    progress(static_cast<double>(channel + 1) / channels);
  }
  if (outcome.measured && OnlySaturationDefaults(inputs)) {
    outcome.report.findings.push_back(
        {"settings_not_stated", qc_metrics::Severity::kInfo,
         "No saturation level was given, so the largest value of the pixel type was used: give "
         "saturation_adu for a 12- or 14-bit camera.",
         std::nullopt});
  }
  return outcome;
}

}  // namespace monitor::measurement
