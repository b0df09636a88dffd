#include "monitor/service/evidence.h"

#include <algorithm>

#include "monitor/service/projection.h"
#include "monitor/service/time_text.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::AssignmentKey;
using sop::store::Counting;
using sop::store::MeasurementRow;
using sop::store::Place;
using sop::store::Table;

constexpr int kPage = 16;  ///< failures read at once

bool Judges(const MeasurementRow& row) {
  const auto outcome = sop::MeasurementOutcomeFrom(row.outcome);
  return outcome && sop::WeightOf(*outcome) != sop::Weight::kNeither;
}

bool IsGood(const MeasurementRow& row) {
  const auto outcome = sop::MeasurementOutcomeFrom(row.outcome);
  return outcome && sop::WeightOf(*outcome) == sop::Weight::kGood;
}

Place PlaceOf(const MeasurementRow& row) { return {row.acquired_ms, row.idx}; }

}  // namespace

Evidence::Evidence(const RegisterState& state, const sop::store::Reader& tables, std::int64_t at,
                   sop::Instant now)
    : state_(state), tables_(tables), at_(at), now_(now) {}

AssignmentKey Evidence::Key(const Assignment& assignment) const {
  // Acquisitions count by the second.
  const Milliseconds last = now_ + std::chrono::milliseconds(999);
  return {assignment.instrument, assignment.configuration, assignment.procedure, ToMs(last), at_};
}

sop::DecidedMeasurement Evidence::Decided(const MeasurementRow& row) const {
  const Json body = Json::parse(row.body);
  sop::DecidedMeasurement decided;
  decided.key = row.key;
  decided.acquired_at = ToSeconds(FromMs(row.acquired_ms));
  // An outcome that this program does not know is no evidence of anything good.
  decided.outcome =
      sop::MeasurementOutcomeFrom(row.outcome).value_or(sop::MeasurementOutcome::kUnmeasurable);
  decided.review = sop::ReviewFrom(row.review).value_or(sop::Review::kPending);
  if (decided.review == sop::Review::kPending && tables_.Row(Table::kReview, row.key, at_)) {
    decided.review = sop::Review::kReviewed;
  }
  decided.attributed = body.at("attributed");
  decided.uncertainty_incomplete = body.at("uncertainty_incomplete");
  decided.clear_fail = body.at("clear_fail");
  decided.warning = body.at("warning");
  decided.configuration_fingerprint = body.value("configuration_fingerprint", "");
  for (const Json& digest : body.value("raw", Json::array())) {
    decided.raw += digest.get_ref<const std::string&>();
  }
  for (const Json& reason : body.value("review_reasons", Json::array())) {
    decided.doubt += (decided.doubt.empty() ? "" : "; ") + reason.get_ref<const std::string&>();
  }
  return decided;
}

/// The failures after `good`, oldest first: back from the newest until one confirms another, and
/// the first of them all.
std::vector<sop::DecidedMeasurement> Evidence::Failures(
    const AssignmentKey& key, const std::optional<MeasurementRow>& good) const {
  const Place after = good ? PlaceOf(*good) : Place{};
  std::vector<sop::DecidedMeasurement> newest_first;
  std::optional<Place> before;
  for (bool more = true; more;) {
    const auto rows = tables_.Newest(key, Counting::kBad, kPage, after, before);
    more = static_cast<int>(rows.size()) == kPage;
    for (const MeasurementRow& row : rows) {
      newest_first.push_back(Decided(row));
      before = PlaceOf(row);
      const std::size_t count = newest_first.size();
      if (count < 2 || !sop::IsRepeatedFail(newest_first[count - 2], newest_first[count - 1])) {
        continue;
      }
      const auto first = tables_.Oldest(key, Counting::kBad, after).value();
      if (first.key != row.key) newest_first.push_back(Decided(first));
      more = false;
      break;
    }
  }
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

const Findings& Evidence::Of(const Assignment& assignment) const {
  const auto known = read_.find(&assignment);
  if (known != read_.end()) return known->second;
  Findings findings;
  const AssignmentKey key = Key(assignment);
  auto newest = tables_.Newest(key, Counting::kAny, 1);
  if (!newest.empty()) {
    findings.latest = std::move(newest.front());
    std::optional<MeasurementRow> good;
    if (IsGood(*findings.latest)) {
      good = findings.latest;
    } else {
      auto last = tables_.Newest(key, Counting::kGood, 1);
      if (!last.empty()) good = std::move(last.front());
    }
    if (good) findings.history.push_back(Decided(*good));
    if (!IsGood(*findings.latest)) {
      const auto failures = Failures(key, good);
      findings.history.insert(findings.history.end(), failures.begin(), failures.end());
    }
    if (!Judges(*findings.latest)) findings.history.push_back(Decided(*findings.latest));
  }
  return read_.emplace(&assignment, std::move(findings)).first->second;
}

std::optional<MeasurementRow> Evidence::LatestAsFound(const Assignment& assignment) const {
  const auto& latest = Of(assignment).latest;
  if (!latest || latest->purpose == "as_found") return latest;
  auto found = tables_.Newest(Key(assignment), Counting::kAsFound, 1);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

sop::AssignmentEvidence Evidence::For(const Assignment& assignment) const {
  const Json& procedure = state_.procedures.at(assignment.procedure);
  sop::AssignmentEvidence evidence;
  evidence.configuration = assignment.configuration;
  evidence.procedure = assignment.procedure;
  evidence.schedule = ScheduleOf(procedure);
  const auto limits = state_.limit_sets.find(assignment.procedure);
  evidence.has_limits = limits != state_.limit_sets.end() && !limits->second.at("limits").empty();
  const auto fingerprint =
      state_.fingerprints.find(SubjectId(assignment.instrument, assignment.configuration));
  if (fingerprint != state_.fingerprints.end()) {
    evidence.configuration_fingerprint = fingerprint->second;
  }
  evidence.suspect_working_days = procedure.at("suspect_working_days");
  evidence.history = Of(assignment).history;
  return evidence;
}

}  // namespace monitor::service
