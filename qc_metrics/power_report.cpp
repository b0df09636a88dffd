#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "qc_metrics/power.h"
#include "qc_metrics/power_findings.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kSegmentDefinition = "etalon.segment/1";
constexpr std::string_view kTraceDefinition = "etalon.trace/2";
constexpr std::string_view kPulsesDefinition = "etalon.pulses/1";
constexpr std::string_view kSetPointDefinition = "etalon.set_points/1";
constexpr std::string_view kPublishedNoise = "quarep.sd_over_mean/1";
constexpr std::string_view kToolKitNoise = "qtk.nsd/1";
constexpr std::string_view kResiduals = "time_series_residuals";
constexpr std::string_view kExtremes = "extreme_value";
constexpr std::string_view kReplicates = "replicate_pulses";
constexpr std::size_t kMostObjects = 500;  // of one kind and segment; the count says how many

using Qualifiers = std::map<std::string, Qualifier>;

Quantity QuantityOf(std::string_view id, std::string_view definition, std::string_view unit,
                    double value, std::optional<double> u, std::string_view method) {
  return {.id = std::string(id),
          .definition = std::string(definition),
          .value = value,
          .unit = std::string(unit),
          .u = u,
          .u_method = u ? std::string(method) : std::string(),
          .n = std::nullopt,
          .channel = std::nullopt,
          .of = {}};
}

// Writes the quantities of one segment or series.
class Writer {
 public:
  Writer(std::int64_t n, Qualifiers of, std::vector<Quantity>& quantities)
      : n_(n), of_(std::move(of)), quantities_(quantities) {}

  void Add(std::string_view id, std::string_view definition, std::string_view unit,
           std::optional<double> value, std::optional<double> u = std::nullopt,
           std::string_view method = kResiduals) {
    if (!value || !std::isfinite(*value)) return;
    quantities_.push_back(QuantityOf(id, definition, unit, *value, u, method));
    quantities_.back().n = n_;
    quantities_.back().of = of_;
  }

  void Add(std::string_view id, std::string_view definition, std::string_view unit,
           const std::optional<PowerValue>& value, std::string_view method = kResiduals) {
    if (!value) return;
    Add(id, definition, unit, value->value, value->u > 0.0 ? std::optional(value->u) : std::nullopt,
        method);
  }

  void Qualify(const std::string& key, Qualifier value) { of_[key] = std::move(value); }

 private:
  std::int64_t n_;
  Qualifiers of_;
  std::vector<Quantity>& quantities_;
};

Qualifiers IdentityOf(const PowerSegment& segment) {
  Qualifiers of;
  if (segment.line_nm) of["line_nm"] = *segment.line_nm;
  if (segment.setting_percent) of["setting_percent"] = *segment.setting_percent;
  if (segment.number > 0) of["segment"] = static_cast<double>(segment.number);
  return of;
}

void WriteLevels(const PowerSegment& segment, std::string_view definition, Writer& writer) {
  writer.Add("power.mean", definition, "mW", segment.mean_mw, segment.mean_u_mw);
  if (segment.samples > 1) writer.Add("power.sd", definition, "mW", segment.sd_mw, segment.sd_u_mw);
  writer.Add("power.min", definition, "mW", segment.min_mw, segment.extreme_u_mw, kExtremes);
  writer.Add("power.max", definition, "mW", segment.max_mw, segment.extreme_u_mw, kExtremes);
}

// The default definition of the noise first, then those that hold drift and steps as well.
void WriteNoise(const PowerSegment& segment, Writer& writer) {
  writer.Add("power.noise", kTraceDefinition, "1", segment.noise);
  writer.Add("power.noise", kPublishedNoise, "1", segment.sd_over_mean);
  if (!segment.sd_over_mean) return;
  const auto n = static_cast<double>(segment.samples);
  const double population = std::sqrt((n - 1.0) / n);
  writer.Add("power.noise", kToolKitNoise, "1", population * segment.sd_over_mean->value,
             population * segment.sd_over_mean->u);
}

void WriteTrace(const PowerSegment& segment, std::string_view definition, Writer& writer) {
  if (segment.kind == PowerSeriesKind::kShort) writer.Qualify("series", std::string("short"));
  if (segment.kind == PowerSeriesKind::kLong) writer.Qualify("series", std::string("long"));
  writer.Add("power.stability", definition, "1", segment.stability, kExtremes);
  WriteNoise(segment, writer);
  writer.Add("power.drift", kTraceDefinition, "1/h", segment.drift_per_h);
  writer.Add("power.settling_time", kTraceDefinition, "s", segment.settling_s);
  if (!segment.searched) return;
  writer.Add("power.steps", kTraceDefinition, "1",
             static_cast<double>(segment.trace->steps.size()));
  writer.Add("power.outliers", kTraceDefinition, "1",
             static_cast<double>(segment.trace->outliers.size()));
}

Object ObjectOf(std::string_view kind) {
  Object object;
  object.kind = kind;
  return object;
}

void WriteEvents(const PowerSegment& segment, std::span<const PowerSample> samples,
                 Report& report) {
  if (!segment.searched) return;
  const Qualifiers of = IdentityOf(segment);
  const auto add = [&](std::string_view kind, std::string_view time_id, const PowerValue& time,
                       std::string_view height_id, double height, std::optional<double> u) {
    Object object = ObjectOf(kind);
    object.quantities = {
        QuantityOf(time_id, kTraceDefinition, "s", time.value,
                   time.u > 0.0 ? std::optional(time.u) : std::nullopt, kResiduals),
        QuantityOf(height_id, kTraceDefinition, "1", height, u, kResiduals)};
    for (auto& quantity : object.quantities) quantity.of = of;
    report.objects.push_back(std::move(object));
  };
  for (const auto& step : segment.trace->steps) {
    add("step", "power.step.time", {step.time_s, step.time_u_s}, "power.step.height",
        step.height_mw / segment.mean_mw, step.height_u_mw / segment.mean_mw);
  }
  const auto& outliers = segment.trace->outliers;
  for (std::size_t i = 0; i < std::min(kMostObjects, outliers.size()); ++i) {
    const PowerSample& sample = samples[outliers[i]];
    const double off = sample.power_mw - segment.trace->PowerAt(sample.time_s);
    add("outlier", "power.outlier.time", {sample.time_s, 0.0}, "power.outlier.height",
        off / segment.mean_mw, segment.trace->noise.sd / segment.mean_mw);
  }
}

void WriteLinearity(const PowerLinearity& linearity, Report& report) {
  Qualifiers of;
  if (linearity.line_nm) of["line_nm"] = *linearity.line_nm;
  Writer writer(linearity.set_points, std::move(of), report.quantities);
  writer.Add("power.linearity.slope", kSetPointDefinition, "mW/%",
             std::optional(linearity.slope_mw));
  writer.Add("power.linearity.intercept", kSetPointDefinition, "mW",
             std::optional(linearity.intercept_mw));
  writer.Add("power.linearity.r2", kSetPointDefinition, "1", std::optional(linearity.r2));
  writer.Add("power.linearity.worst_deviation", kSetPointDefinition, "1",
             std::optional(linearity.worst_deviation));
}

void WritePulses(const PowerPulses& pulses, Report& report) {
  Writer writer(pulses.series.samples, IdentityOf(pulses.series), report.quantities);
  if (pulses.IsSeries()) {
    WriteLevels(pulses.series, kPulsesDefinition, writer);
    WriteTrace(pulses.series, kPulsesDefinition, writer);
  }
  writer.Add("power.repeatability", kPulsesDefinition, "1", std::optional(pulses.repeatability),
             kReplicates);
}

// One pulse of many is a row of a table, not a quantity that a limit could be set on.
void WritePulseObject(const PowerSegment& segment, Report& report) {
  Object object = ObjectOf("segment");
  Writer writer(segment.samples, IdentityOf(segment), object.quantities);
  writer.Add("power.mean", kSegmentDefinition, "mW", segment.mean_mw, segment.mean_u_mw);
  report.objects.push_back(std::move(object));
}

void WriteSegment(const PowerSegment& segment, Report& report) {
  Writer writer(segment.samples, IdentityOf(segment), report.quantities);
  WriteLevels(segment, kSegmentDefinition, writer);
  if (segment.trace) WriteTrace(segment, kSegmentDefinition, writer);
}

}  // namespace

Report PowerReport(const Measured<Power>& measured, std::span<const PowerSample> samples,
                   const PowerSettings& settings) {
  Report report;
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    report.findings.push_back(PowerFaultFinding(*fault));
    return report;
  }
  const auto& power = std::get<Power>(measured);
  std::vector<char> in_series(power.segments.size() + 1);
  for (const auto& pulses : power.pulses) {
    for (const std::int64_t number : pulses.segments) {
      in_series[static_cast<std::size_t>(number)] = pulses.IsSeries() ? 1 : 0;
    }
    if (pulses.IsSeries()) WritePulses(pulses, report);
  }
  for (const auto& segment : power.segments) {
    if (in_series[static_cast<std::size_t>(segment.number)] != 0) {
      WritePulseObject(segment, report);
      continue;
    }
    WriteSegment(segment, report);
    WriteEvents(segment, samples.subspan(segment.first_sample), report);
  }
  for (const auto& pulses : power.pulses) {
    if (!pulses.IsSeries()) WritePulses(pulses, report);
  }
  for (const auto& linearity : power.linearity) WriteLinearity(linearity, report);
  WritePowerFindings(power, settings, report);
  return report;
}

}  // namespace qc_metrics
