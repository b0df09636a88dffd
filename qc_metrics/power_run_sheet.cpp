#include "qc_metrics/power_run_sheet.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "qc_metrics/power_segments.h"

namespace qc_metrics {
namespace {

constexpr double kToleranceIntervals = 2.0;
constexpr double kToleranceS = 1.0;

struct Pulse {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::vector<Pulse> PulsesAbove(std::span<const PowerSample> samples, double threshold_mw) {
  std::vector<Pulse> pulses;
  bool on = false;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool now = samples[i].power_mw > threshold_mw;
    if (now && !on) pulses.push_back({i, i});
    if (now) pulses.back().last = i;
    on = now;
  }
  return pulses;
}

// From the strongest split down to the weakest; a log that is always on has one pulse.
std::vector<double> Thresholds(std::span<const PowerSample> samples) {
  std::vector<double> power;
  for (const auto& s : samples) power.push_back(s.power_mw);
  std::vector<double> thresholds;
  while (!power.empty()) {
    const auto threshold = SwitchThreshold(power);
    if (!threshold) break;
    thresholds.push_back(*threshold);
    std::erase_if(power, [&](double p) { return p > *threshold; });
  }
  if (thresholds.empty()) thresholds.push_back(-std::numeric_limits<double>::infinity());
  return thresholds;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Tolerance(std::span<const PowerSample> samples) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    intervals.push_back(samples[i].time_s - samples[i - 1].time_s);
  }
  return kToleranceIntervals * Median(std::move(intervals)) + kToleranceS;
}

double Offset(std::span<const PowerSample> samples, std::span<const RunSheetRow> rows,
              const std::vector<Pulse>& pulses) {
  std::vector<double> offsets;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (pulses[i].first == 0) continue;  // it began before the log
    offsets.push_back(samples[pulses[i].first].time_s - rows[i].start_s);
  }
  return Median(std::move(offsets));
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// Why a pulse is not its row's; empty when each is.
std::string Disagreement(std::span<const PowerSample> samples, std::span<const RunSheetRow> rows,
                         const std::vector<Pulse>& pulses, double offset_s, double tolerance_s) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double begin = samples[pulses[i].first].time_s - rows[i].start_s - offset_s;
    const double end = samples[pulses[i].last].time_s - rows[i].end_s - offset_s;
    const bool begun_before = pulses[i].first == 0;
    const bool ended_after = pulses[i].last + 1 == samples.size();
    const bool late = !begun_before && std::abs(begin) > tolerance_s;
    if (!late && (ended_after || std::abs(end) <= tolerance_s)) continue;
    return "pulse " + std::to_string(i + 1) + " of the log " + (late ? "begins " : "ends ") +
           Number(std::abs(late ? begin : end)) + " s from where row " + std::to_string(i + 1) +
           " of the run sheet says, with " + Number(offset_s) +
           " s between the two clocks taken out; check that the sheet is of this log";
  }
  return {};
}

void Assign(std::span<const RunSheetRow> rows, const std::vector<Pulse>& pulses,
            std::vector<PowerSample>& samples) {
  std::size_t row = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    while (row + 1 < rows.size() && i >= pulses[row + 1].first) ++row;
    samples[i].line_nm = rows[row].line_nm;
    samples[i].setting_percent = rows[row].setting_percent;
  }
}

}  // namespace

std::variant<RunSheetMatch, std::string> MatchRunSheet(std::span<const PowerSample> samples,
                                                       std::span<const RunSheetRow> rows) {
  if (rows.empty()) return std::string("the run sheet has no row");
  if (samples.empty()) return std::string("the log has no sample");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!(rows[i].end_s > rows[i].start_s) || (i > 0 && rows[i].start_s < rows[i - 1].end_s)) {
      return "row " + std::to_string(i + 1) +
             " of the run sheet ends before it starts, or starts before the row above it ends";
    }
  }
  RunSheetMatch match{.samples = {samples.begin(), samples.end()},
                      .offset_s = 0.0,
                      .tolerance_s = Tolerance(samples)};
  std::string counts;
  for (const double threshold : Thresholds(samples)) {
    const std::vector<Pulse> pulses = PulsesAbove(samples, threshold);
    if (pulses.size() != rows.size()) {
      counts += (counts.empty() ? "" : " or ") + std::to_string(pulses.size());
      continue;
    }
    match.offset_s = Offset(samples, rows, pulses);
    const std::string reason =
        Disagreement(samples, rows, pulses, match.offset_s, match.tolerance_s);
    if (!reason.empty()) return reason;
    Assign(rows, pulses, match.samples);
    return match;
  }
  return "the run sheet has " + std::to_string(rows.size()) + " row(s), but the log shows " +
         counts +
         " pulse(s); name the sheet of this log, and leave pauses of at least two samples between "
         "pulses";
}

}  // namespace qc_metrics
