#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class FitnessTest : public RecordTest {
 protected:
  FitnessTest() { ApplyFacility(); }

  void Measure(const char* at, double fwhm, const char* purpose = "as_found",
               const Json& performer = "ana") {
    SetClock(at);
    Json submission = Submission(++count_, fwhm, at);
    submission["purpose"] = purpose;
    submission["performer"] = performer;
    record_->Submit(submission, "agent:confocal-room");
  }
  [[nodiscard]] Json Slot(const char* from, const char* to) const {
    return record_->Fitness({"lsm-1", "63x-561", "routine", from, to}, {});
  }
  int count_ = 0;
};

TEST_F(FitnessTest, NeverTestedIsUnknownNotInSpec) {
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "never_tested"));
}

TEST_F(FitnessTest, AGoodMeasurementIsInSpecUntilItsWindowEnds) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  EXPECT_EQ(VerdictName(), "in_spec");
  const Json verdict = Verdict();
  EXPECT_EQ(verdict.at("valid_until"), "2026-04-08T23:00:00Z");
  EXPECT_EQ(verdict.at("next_due"), "2026-03-31T23:00:00Z");  // 1 April in Lisbon's summer time
  SetClock("2026-04-02T10:00:00Z");
  EXPECT_EQ(VerdictName(), "in_spec_with_conditions");
  EXPECT_TRUE(HasReason(Verdict(), "qc_due"));
  SetClock("2026-04-09T10:00:00Z");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "qc_overdue"));
  EXPECT_EQ(VerdictName("2026-03-20T00:00:00Z"), "in_spec");
  EXPECT_EQ(VerdictName("2026-03-02T09:00:00Z"), "unknown");
}

TEST_F(FitnessTest, ASlotAfterTheVerificationLapsesIsAnsweredBeforeItIsBooked) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  EXPECT_EQ(Slot("2026-03-20T10:00:00Z", "2026-03-20T12:00:00Z").at("verdict"), "in_spec");
  EXPECT_EQ(Slot("2026-05-20T10:00:00Z", "2026-05-20T12:00:00Z").at("verdict"), "unknown");
  EXPECT_EQ(
      ProblemOf([&] { static_cast<void>(Slot("2026-05-20T10:00:00Z", "2026-05-19T10:00:00Z")); }),
      "wrong_slot");
}

TEST_F(FitnessTest, AFirstFailureIsSuspectThenFailed) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  Measure("2026-03-03T10:00:00Z", 1.5);
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "qc_suspect"));
  SetClock("2026-03-06T10:00:00Z");
  EXPECT_EQ(VerdictName(), "out_of_spec");
  EXPECT_TRUE(HasReason(Verdict(), "qc_failed"));
}

TEST_F(FitnessTest, AClearFailureRepeatedIsOutOfSpecAtOnce) {
  Measure("2026-03-03T10:00:00Z", 1.5);
  Measure("2026-03-03T11:00:00Z", 1.6, "repeat");
  EXPECT_EQ(VerdictName(), "out_of_spec");
}

TEST_F(FitnessTest, PracticeCountsForNothing) {
  Measure("2026-03-02T10:00:00Z", 0.8, "practice");
  EXPECT_TRUE(HasReason(Verdict(), "never_tested"));
}

TEST_F(FitnessTest, WithoutAPerformerItIsUnattributed) {
  Measure("2026-03-02T10:00:00Z", 0.8, "as_found", nullptr);
  EXPECT_EQ(VerdictName(), "in_spec_with_conditions");
  EXPECT_TRUE(HasReason(Verdict(), "unattributed"));
}

TEST_F(FitnessTest, AHoldStopsUseUntilItIsReleased) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  const Json hold =
      record_->Command("hold_placed", {{"instrument", "lsm-1"}, {"reason", "water leak"}}, "admin");
  EXPECT_EQ(VerdictName(), "out_of_spec");
  EXPECT_TRUE(HasReason(Verdict(), "service_hold"));
  SetClock("2026-03-02T11:00:00Z");
  record_->Command("hold_released",
                   {{"hold", "hold-" + hold.at("log_index").dump()}, {"reason", "dry again"}},
                   "admin");
  EXPECT_EQ(VerdictName(), "in_spec");
  EXPECT_EQ(VerdictName("2026-03-02T10:30:00Z"), "out_of_spec");
}

TEST_F(FitnessTest, APlannedHoldCountsWithinItsTimes) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  record_->Command("hold_placed",
                   {{"instrument", "lsm-1"},
                    {"reason", "service visit"},
                    {"from", "2026-03-10T08:00:00Z"},
                    {"to", "2026-03-11T08:00:00Z"}},
                   "admin");
  EXPECT_EQ(VerdictName(), "in_spec");
  EXPECT_EQ(Slot("2026-03-10T09:00:00Z", "2026-03-10T10:00:00Z").at("verdict"), "out_of_spec");
}

TEST_F(FitnessTest, AProfileThatNamesAConfigurationNobodyAssignedIsUnknown) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  record_->Command("procedure_approved",
                   {{"id", "ILL-01"}, {"analysis", "illumination"}, {"recurrence", "FREQ=MONTHLY"}},
                   "admin");
  record_->Command(
      "profile_described",
      {{"id", "routine"},
       {"name", "Routine"},
       {"needs", Json::array({{{"procedure", "PSF-03"}},
                              {{"procedure", "ILL-01"}, {"configuration", "63x-561"}}})}},
      "admin");
  EXPECT_EQ(VerdictName(), "unknown");
}

TEST_F(FitnessTest, TheInstrumentIsAsGoodAsItsWorstConfiguration) {
  record_->Command("configuration_registered", {{"id", "20x"}, {"instrument", "lsm-1"}}, "admin");
  Measure("2026-03-02T10:00:00Z", 0.8);
  // Not assigned, so not needed: it says nothing about the instrument.
  const auto instrument = [&] { return record_->Fitness({"lsm-1", "", "routine", "", ""}, {}); };
  EXPECT_EQ(instrument().at("verdict"), "in_spec");
  record_->Command("assignment_made",
                   {{"procedure", "PSF-03"}, {"instrument", "lsm-1"}, {"configuration", "20x"}},
                   "admin");
  EXPECT_EQ(instrument().at("verdict"), "unknown");
  EXPECT_EQ(instrument().at("reasons").at(0).at("configuration"), "20x");
  record_->Command(
      "assignment_made",
      {{"procedure", "PSF-03"}, {"instrument", "lsm-1"}, {"configuration", "20x"}, {"ended", true}},
      "admin");
  EXPECT_EQ(instrument().at("verdict"), "in_spec");
}

TEST_F(FitnessTest, AnExpiredScaleCertificateIsUnknownWhereUncertaintyIsAskedFor) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  record_->Command("scale_recorded",
                   {{"instrument", "lsm-1"},
                    {"configuration", "63x-561"},
                    {"relative_u", 0.005},
                    {"certificate", "C-1"},
                    {"valid_until", "2026-03-15"}},
                   "admin");
  SetClock("2026-03-16T10:00:00Z");
  EXPECT_FALSE(HasReason(Verdict(), "reference_expired"));
  std::string asking = kFacility;
  asking.replace(asking.find("window_end_d = 7"), 16,
                 "window_end_d = 7\nrequires_uncertainty = true");
  record_->ApplyFacility(asking, dir_, "admin");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "reference_expired"));
}

TEST_F(FitnessTest, PagesGetTheShapesThatTheyRelyOn) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  const Json list = record_->Instruments({});
  ASSERT_EQ(list.at("items").size(), 1U);
  const Json item = list["items"][0];
  EXPECT_EQ(item.at("verdicts").at(0).at("verdict"), "in_spec");
  EXPECT_EQ(item.at("last_measured_at"), "2026-03-02T10:00:00.000Z");
  EXPECT_EQ(list.at("profiles").at(0).at("id"), "routine");
  const Json instrument = record_->Instrument("lsm-1", {});
  const Json configuration = instrument.at("configurations").at(0);
  EXPECT_EQ(configuration.at("subject"), "lsm-1/63x-561");
  EXPECT_EQ(configuration.at("procedures").at(0).at("state"), "current");
  const Json quantity = configuration.at("quantities").at(0);
  EXPECT_EQ(quantity.at("quantity"), "psf.fwhm.z");
  EXPECT_EQ(quantity.at("name"), "FWHM z");
  EXPECT_TRUE(quantity.at("judges"));
  EXPECT_EQ(quantity.at("limit").at("upper"), 1.0);
  EXPECT_EQ(quantity.at("u_parts").at("estimate"), 0.01);
  EXPECT_EQ(instrument.at("measurements").size(), 1U);
  EXPECT_EQ(record_->Configuration("", "63x-561", {}).at("subject"), "lsm-1/63x-561");
  EXPECT_EQ(record_->Schedule({}).at("items").at(0).at("instrument"), "lsm-1");
  const Json snapshot = record_->MetricsSnapshot();
  EXPECT_EQ(snapshot.at("journal_events"), 10);
  EXPECT_EQ(snapshot.at("measurements").at(0).at("quantities").at(0).at("value"), 0.8);
  EXPECT_EQ(snapshot.at("fitness").at(0).at("verdict"), "in_spec");
  EXPECT_TRUE(snapshot.at("procedures").at(0).contains("due"));
}

TEST_F(FitnessTest, RepeatStudyAndScaleCompleteTheUncertainty) {
  Json repeats = Json::array();
  for (const auto& [value, who, day] : std::vector<std::tuple<double, const char*, const char*>>{
           {0.79, "ana", "2026-02-01"}, {0.80, "rui", "2026-02-01"}, {0.81, "ana", "2026-02-02"}}) {
    repeats.push_back({{"value", value}, {"u_estimate", 0.0}, {"performer", who}, {"day", day}});
  }
  record_->Command("repeat_study_recorded",
                   {{"instrument", "lsm-1"},
                    {"configuration", "63x-561"},
                    {"procedure", "PSF-03"},
                    {"values", Json::array({{{"quantity", "psf.fwhm.z"},
                                             {"definition", "etalon.gauss3d/1"},
                                             {"repeats", repeats}}})}},
                   "admin");
  record_->Command("scale_recorded",
                   {{"instrument", "lsm-1"},
                    {"configuration", "63x-561"},
                    {"relative_u", 0.005},
                    {"certificate", "C-1"},
                    {"valid_until", "2027-01-01"}},
                   "admin");
  Measure("2026-03-02T10:00:00Z", 0.8);
  const Json quantity =
      record_->Instrument("lsm-1", {}).at("configurations").at(0).at("quantities").at(0);
  EXPECT_NEAR(quantity.at("u").get<double>(), std::sqrt(0.0001 + 0.0001 + 0.000016), 1e-12);
  EXPECT_NEAR(quantity.at("U").get<double>(), 2 * quantity.at("u").get<double>(), 1e-15);
  EXPECT_EQ(quantity.at("k"), 2);
  EXPECT_EQ(ProblemOf([&] {
              record_->Command(
                  "repeat_study_recorded",
                  {{"instrument", "lsm-1"},
                   {"configuration", "63x-561"},
                   {"procedure", "PSF-03"},
                   {"values", Json::array({{{"quantity", "psf.fwhm.z"},
                                            {"definition", "etalon.gauss3d/1"},
                                            {"repeats", Json::array({repeats[0]})}}})}},
                  "admin");
            }),
            "repeat_study_too_small");
}

}  // namespace
}  // namespace monitor::service
