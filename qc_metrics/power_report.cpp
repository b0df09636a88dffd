#include <cmath>
#include <string>
#include <utility>

#include "qc_metrics/power.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kSegmentDefinition = "etalon.segment/1";
constexpr std::string_view kSetPointDefinition = "etalon.set_points/1";
constexpr std::string_view kResiduals = "time_series_residuals";

Finding FaultFinding(Fault fault) {
  Finding finding{.code = std::string(Name(fault)),
                  .severity = Severity::kFault,
                  .text = "The log cannot be measured: look at the file.",
                  .channel = {}};
  switch (fault) {
    case Fault::kTooFew:
      finding.text = "The log holds no sample: check that the meter was recording.";
      break;
    case Fault::kNotFinite:
      finding.text = "The log holds a time or power that is not a number: export it again.";
      break;
    case Fault::kUnsupportedFormat:
      finding.text =
          "The log's times do not rise or it has more than 10 million samples: check the meter's "
          "clock and split the log.";
      break;
    case Fault::kNoSignal:
      finding.text = "The laser never is on in this log: check shutter, line and sensor.";
      break;
    case Fault::kTooSmall:
    case Fault::kSaturated:
    case Fault::kFitFailed:
      break;
  }
  return finding;
}

class Writer {
 public:
  explicit Writer(Report& report) : report_(report) {}

  void Add(std::string_view id, std::string_view definition, std::string_view unit,
           std::optional<double> value, std::optional<double> u, std::int64_t n,
           const std::map<std::string, Qualifier>& of) {
    if (!value || !std::isfinite(*value)) return;
    report_.quantities.push_back({.id = std::string(id),
                                  .definition = std::string(definition),
                                  .value = *value,
                                  .unit = std::string(unit),
                                  .u = u,
                                  .u_method = u ? std::string(kResiduals) : std::string(),
                                  .n = n,
                                  .channel = std::nullopt,
                                  .of = of});
  }

 private:
  Report& report_;
};

void WriteSegment(const PowerSegment& segment, Writer& writer) {
  std::map<std::string, Qualifier> of;
  if (segment.line_nm) of["line_nm"] = *segment.line_nm;
  if (segment.setting_percent) of["setting_percent"] = *segment.setting_percent;
  of["segment"] = static_cast<double>(segment.number);
  const auto add = [&](std::string_view id, std::string_view unit, std::optional<double> value,
                       std::optional<double> u = std::nullopt) {
    writer.Add(id, kSegmentDefinition, unit, value, u, segment.samples, of);
  };
  add("power.mean", "mW", segment.mean_mw, segment.mean_u_mw);
  if (segment.samples > 1) add("power.sd", "mW", segment.sd_mw);
  add("power.min", "mW", segment.min_mw);
  add("power.max", "mW", segment.max_mw);
  add("power.stability", "1", segment.stability);
  add("power.noise", "1", segment.noise, segment.noise_u);
  add("power.drift", "1/h", segment.drift_per_h, segment.drift_u_per_h);
}

void WriteLinearity(const PowerLinearity& linearity, Writer& writer) {
  std::map<std::string, Qualifier> of;
  if (linearity.line_nm) of["line_nm"] = *linearity.line_nm;
  writer.Add("power.linearity.r2", kSetPointDefinition, "1", linearity.r2, std::nullopt,
             linearity.set_points, of);
  writer.Add("power.linearity.worst_deviation", kSetPointDefinition, "1", linearity.worst_deviation,
             linearity.worst_deviation_u, linearity.set_points, of);
}

std::string Segments(const std::vector<std::int64_t>& numbers) {
  std::string text;
  constexpr std::size_t kMostListed = 12;
  for (std::size_t i = 0; i < numbers.size() && i < kMostListed; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  }
  if (numbers.size() > kMostListed) {
    text += " and " + std::to_string(numbers.size() - kMostListed) + " more";
  }
  return text;
}

void WriteFindings(const Power& power, const PowerSettings& settings, Report& report) {
  std::vector<std::int64_t> no_stability;
  std::vector<std::int64_t> no_drift;
  for (const auto& segment : power.segments) {
    if (!segment.stability) {
      no_stability.push_back(segment.number);
    } else if (!segment.drift_per_h) {
      no_drift.push_back(segment.number);
    }
  }
  const auto find = [&report](std::string_view code, Severity severity, std::string text) {
    report.findings.push_back({.code = std::string(code),
                               .severity = severity,
                               .text = std::move(text),
                               .channel = std::nullopt});
  };
  if (!no_stability.empty()) {
    find("too_few", Severity::kWarning,
         "Segment " + Segments(no_stability) + ": fewer than " +
             std::to_string(settings.min_stability_samples) +
             " samples with the laser on, so no stability, noise or drift; record 300 s at 1 Hz "
             "without switching.");
  }
  if (!no_drift.empty()) {
    find("too_few", Severity::kInfo,
         "Segment " + Segments(no_drift) +
             ": too short for a drift; record longer if the drift matters.");
  }
  if (power.edge_samples > 0 || power.off_samples > 0) {
    find("switching", Severity::kInfo,
         "The laser was switched: " + std::to_string(power.segments.size()) +
             " segment(s) with it on; " + std::to_string(power.off_samples) +
             " sample(s) with it off and " + std::to_string(power.edge_samples) +
             " settling sample(s) beside a switch were left out.");
  }
}

}  // namespace

Report PowerReport(const Measured<Power>& measured, const PowerSettings& settings) {
  Report report;
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    report.findings.push_back(FaultFinding(*fault));
    return report;
  }
  const auto& power = std::get<Power>(measured);
  Writer writer(report);
  for (const auto& segment : power.segments) WriteSegment(segment, writer);
  for (const auto& linearity : power.linearity) WriteLinearity(linearity, writer);
  WriteFindings(power, settings, report);
  return report;
}

}  // namespace qc_metrics
