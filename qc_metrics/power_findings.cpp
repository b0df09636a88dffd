#include "qc_metrics/power_findings.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qc_metrics {
namespace {

constexpr std::size_t kMostListed = 12;

using Numbers = std::vector<std::int64_t>;

std::string Segments(const Numbers& numbers) {
  std::string text = "Segment ";
  for (std::size_t i = 0; i < numbers.size() && i < kMostListed; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  }
  if (numbers.size() > kMostListed) {
    text += " and " + std::to_string(numbers.size() - kMostListed) + " more";
  }
  return text + ": ";
}

void Find(std::string_view code, Severity severity, std::string text, Report& report) {
  report.findings.push_back({.code = std::string(code),
                             .severity = severity,
                             .text = std::move(text),
                             .channel = std::nullopt});
}

template <typename Condition>
Numbers Where(const std::vector<const PowerSegment*>& segments, Condition condition) {
  Numbers numbers;
  for (const PowerSegment* segment : segments) {
    if (condition(*segment)) numbers.push_back(segment->number);
  }
  return numbers;
}

// Segments that stand for themselves: not the pulses of a series.
std::vector<const PowerSegment*> OwnSegments(const Power& power) {
  std::vector<char> in_series(power.segments.size() + 1);
  for (const auto& pulses : power.pulses) {
    for (const std::int64_t number : pulses.segments) {
      in_series[static_cast<std::size_t>(number)] = pulses.IsSeries() ? 1 : 0;
    }
  }
  std::vector<const PowerSegment*> own;
  for (const auto& segment : power.segments) {
    if (in_series[static_cast<std::size_t>(segment.number)] == 0) own.push_back(&segment);
  }
  return own;
}

void FindShort(const std::vector<const PowerSegment*>& own, const PowerSettings& settings,
               Report& report) {
  const Numbers no_stability = Where(own, [](const auto& s) { return !s.stability; });
  if (!no_stability.empty()) {
    Find("too_few", Severity::kWarning,
         Segments(no_stability) + "fewer than " + std::to_string(settings.min_stability_samples) +
             " samples with the laser on, so no stability, noise or drift; record 300 s at 1 Hz "
             "without switching.",
         report);
  }
  const Numbers no_drift = Where(own, [](const auto& s) { return s.stability && !s.searched; });
  if (!no_drift.empty()) {
    Find("too_few", Severity::kInfo,
         Segments(no_drift) +
             "too short for a drift, steps and outliers; record longer if they "
             "matter.",
         report);
  }
}

void FindEvents(const std::vector<const PowerSegment*>& all, Report& report) {
  const auto with = [&all](auto condition) { return Where(all, condition); };
  const Numbers stepped = with([](const auto& s) { return s.searched && !s.trace->steps.empty(); });
  if (!stepped.empty()) {
    Find("steps", Severity::kWarning,
         Segments(stepped) +
             "the power changes its level at once (mode hop, or something moved in "
             "the beam); drift and noise are given without the steps.",
         report);
  }
  const Numbers spiked =
      with([](const auto& s) { return s.searched && !s.trace->outliers.empty(); });
  if (!spiked.empty()) {
    Find("outliers", Severity::kInfo,
         Segments(spiked) +
             "some samples jump away and come back; they are in mean, extremes and "
             "stability, but not in drift and noise.",
         report);
  }
  const Numbers settling = with([](const auto& s) { return s.still_settling; });
  if (!settling.empty()) {
    Find("not_settled", Severity::kWarning,
         Segments(settling) +
             "the power had not settled when the record ended; let the source warm "
             "up and record again.",
         report);
  }
  const Numbers wandering = with([](const auto& s) { return s.searched && s.trace->wanders; });
  if (!wandering.empty()) {
    Find("model_mismatch", Severity::kInfo,
         Segments(wandering) +
             "the power wanders slowly, as no drift, settling or step does; the "
             "wandering is in the noise.",
         report);
  }
}

void FindSwitching(const Power& power, Report& report) {
  if (power.edge_samples == 0 && power.off_samples == 0) return;
  Find("switching", Severity::kInfo,
       "The laser was switched: " + std::to_string(power.segments.size()) +
           " segment(s) with it on; " + std::to_string(power.off_samples) +
           " sample(s) with it off and " + std::to_string(power.edge_samples) +
           " settling sample(s) beside a switch were left out.",
       report);
}

}  // namespace

Finding PowerFaultFinding(Fault fault) {
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

void WritePowerFindings(const Power& power, const PowerSettings& settings, Report& report) {
  const std::vector<const PowerSegment*> own = OwnSegments(power);
  FindShort(own, settings, report);
  FindEvents(own, report);
  FindSwitching(power, report);
}

}  // namespace qc_metrics
