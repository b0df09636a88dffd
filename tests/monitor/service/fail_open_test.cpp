#include <gtest/gtest.h>

#include "tests/monitor/service/record_fixture.h"

// What peers were seen to take for good because nothing spoke against it. The journal's own cases
// (cut tail, hashes without a key, INSERT OR REPLACE, a chain that cannot be read) are those of the
// tamper matrix.
namespace monitor::service {
namespace {

class FailOpenTest : public RecordTest {
 protected:
  void ApplyWithoutLimits() {
    std::string text = kFacility;
    const std::size_t begin = text.find("[[limit]]");
    text.erase(begin, text.find("[[assignment]]") - begin);
    record_->ApplyFacility(text, dir_, "admin");
  }
  std::string Submit(const Json& submission) {
    record_->Submit(submission, "ana");
    return submission.at("key").get<std::string>();
  }
};

TEST_F(FailOpenTest, NeverTestedIsNotValid) {
  ApplyFacility();
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "never_tested"));
}

TEST_F(FailOpenTest, NoMetricsIsNoPass) {
  ApplyFacility();
  Json document =
      Json::parse(Submission(1, 0.8, "2026-03-01T08:00:00Z").at("document").get<std::string>());
  document["quantities"] = Json::array();
  Submit(Wrap(document));
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "unmeasurable")) << Verdict();
}

TEST_F(FailOpenTest, AToolOutOfServiceIsNotOfferedForAnySlot) {
  ApplyFacility();
  Submit(Submission(1, 0.8, "2026-03-01T08:00:00Z"));
  ASSERT_EQ(VerdictName(), "in_spec");
  record_->Command("hold_placed", {{"instrument", "lsm-1"}, {"reason", "laser"}}, "admin");
  const Json slot = record_->Fitness(
      {"lsm-1", "63x-561", "routine", "2026-03-03T09:00:00Z", "2026-03-03T10:00:00Z"}, {});
  EXPECT_EQ(slot.at("verdict"), "out_of_spec");
  EXPECT_TRUE(HasReason(slot, "service_hold"));
}

TEST_F(FailOpenTest, WithoutToleranceNoReviewMakesItGood) {
  ApplyWithoutLimits();
  const std::string key = Submit(Submission(1, 0.8, "2026-03-01T08:00:00Z"));
  record_->Command("measurement_reviewed", {{"measurement", key}, {"meaning", "reviewed"}},
                   "admin");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "limits_missing"));
}

}  // namespace
}  // namespace monitor::service
