#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "monitor/service/register_state.h"
#include "sop/fitness.h"
#include "sop/store/store.h"

namespace monitor::service {

/// What has been measured on an assignment, as far as a verdict needs it.
struct Findings {
  /// Oldest acquisition first: the last good result, the failures since, and the latest result. A
  /// failure that is confirmed stands for what lies between its beginning and its confirmation.
  std::vector<sop::DecidedMeasurement> history;
  std::optional<sop::store::MeasurementRow> latest;  ///< of any outcome; no practice
};

/// The measurements that one question's answer rests on, of one view and its time.
///
/// Reads what it is asked for, once: an answer costs as much as it says, however long the journal
/// is (later arrivals of earlier acquisitions apart: an `as_of` passes over them). Threads  one at
/// a time.
class Evidence {
 public:
  /// `state` and `tables` must outlive it; acquisitions after `now` are left out.
  Evidence(const RegisterState& state, const sop::store::Reader& tables, std::int64_t at,
           sop::Instant now);

  [[nodiscard]] const RegisterState& state() const { return state_; }
  [[nodiscard]] sop::Instant now() const { return now_; }
  [[nodiscard]] const Findings& Of(const Assignment& assignment) const;
  /// The newest as-found measurement of an assignment.
  [[nodiscard]] std::optional<sop::store::MeasurementRow> LatestAsFound(
      const Assignment& assignment) const;
  /// What fitness takes of one assignment.
  [[nodiscard]] sop::AssignmentEvidence For(const Assignment& assignment) const;

 private:
  [[nodiscard]] sop::store::AssignmentKey Key(const Assignment& assignment) const;
  [[nodiscard]] sop::DecidedMeasurement Decided(const sop::store::MeasurementRow& row) const;
  [[nodiscard]] std::vector<sop::DecidedMeasurement> Failures(
      const sop::store::AssignmentKey& key,
      const std::optional<sop::store::MeasurementRow>& good) const;

  const RegisterState& state_;
  const sop::store::Reader& tables_;
  std::int64_t at_;
  sop::Instant now_;
  mutable std::map<const Assignment*, Findings> read_;
};

}  // namespace monitor::service
