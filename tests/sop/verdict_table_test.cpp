#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "sop/fitness.h"

namespace sop {
namespace {

// The verdict table of the quality system, written out once more by hand.
const std::map<std::string, std::set<std::string>> kTable = {
    {"out_of_spec",
     {"qc_failed", "service_hold", "return_to_service_pending", "nonconformity_open"}},
    {"unknown",
     {"never_tested", "qc_overdue", "qc_suspect", "unmeasurable", "not_representative",
      "settings_differ", "method_not_capable", "limits_missing", "reference_expired",
      "artefact_recalled", "raw_missing", "configuration_changed", "integrity_broken",
      "record_unreachable"}},
    {"in_spec_with_conditions",
     {"conditional", "qc_warning", "drift", "review_pending", "unattributed",
      "uncertainty_incomplete", "concession", "qc_due"}},
    {"not_in_scope", {"not_in_plan", "not_needed_by_profile"}}};

TEST(VerdictTable, IsTotal) {
  std::map<std::string, std::set<std::string>> built;
  for (int i = 0; i <= static_cast<int>(ReasonCode::kNotNeededByProfile); ++i) {
    const auto code = static_cast<ReasonCode>(i);
    const bool is_new =
        built[std::string(Name(VerdictOf(code)))].insert(std::string(Name(code))).second;
    EXPECT_TRUE(is_new) << Name(code);
  }
  EXPECT_EQ(built, kTable);
}

TEST(VerdictTable, WorstIsLargest) {
  EXPECT_GT(Verdict::kOutOfSpec, Verdict::kUnknown);
  EXPECT_GT(Verdict::kUnknown, Verdict::kInSpecWithConditions);
  EXPECT_GT(Verdict::kInSpecWithConditions, Verdict::kInSpec);
  EXPECT_GT(Verdict::kInSpec, Verdict::kNotInScope);
}

TEST(VerdictTable, NamesReadBack) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(MeasurementOutcome::kSettingsDiffer); ++i) {
    const auto outcome = static_cast<MeasurementOutcome>(i);
    EXPECT_EQ(MeasurementOutcomeFrom(Name(outcome)), outcome);
    EXPECT_TRUE(names.insert(Name(outcome)).second);
  }
  for (const Review review : {Review::kPending, Review::kReleasedByRule, Review::kReviewed}) {
    EXPECT_EQ(ReviewFrom(Name(review)), review);
  }
  EXPECT_FALSE(MeasurementOutcomeFrom("passed"));
  EXPECT_FALSE(MeasurementOutcomeFrom("unknown"));
  EXPECT_FALSE(ReviewFrom(""));
}

}  // namespace
}  // namespace sop
