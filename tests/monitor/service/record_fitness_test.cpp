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
    record_->Submit(submission, "ana");
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

/// A second procedure, of illumination, that the profile needs too.
class NeedsTest : public FitnessTest {
 protected:
  NeedsTest() {
    for (const char* id : {"ILL-01", "ILL-02"}) {
      record_->Command("procedure_approved",
                       {{"id", id}, {"analysis", "illumination"}, {"recurrence", "FREQ=MONTHLY"}},
                       "admin");
      record_->Command("limit_set_approved",
                       {{"procedure", id},
                        {"limits", Json::array({{{"quantity", "illumination.uniformity"},
                                                 {"definition", "etalon.tiles/1"},
                                                 {"lower", 0.6}}})}},
                       "admin");
    }
    Need({{{"procedure", "PSF-03"}}, {{"procedure", "ILL-01"}}});
    Register("20x");
    Measure("2026-03-02T10:00:00Z", 0.8);
  }
  void Need(const Json& needs) {
    record_->Command("profile_described",
                     {{"id", "routine"}, {"name", "Routine"}, {"needs", needs}}, "admin");
  }
  void Register(const char* id) {
    record_->Command("configuration_registered", {{"id", id}, {"instrument", "lsm-1"}}, "admin");
  }
  void Assign(const char* procedure, const char* configuration, bool ended = false) {
    Json body = {
        {"procedure", procedure}, {"instrument", "lsm-1"}, {"configuration", configuration}};
    if (ended) body["ended"] = true;
    record_->Command("assignment_made", body, "admin");
  }
  void Illuminate(const char* procedure, const char* configuration, double uniformity) {
    Json document =
        Json::parse(Submission(++count_, 1, "2026-03-02T10:00:00Z")["document"].get<std::string>());
    document["analysis"] = "illumination";
    Json& quantity = document["quantities"][0];
    quantity["id"] = "illumination.uniformity";
    quantity["definition"] = "etalon.tiles/1";
    quantity["value"] = uniformity;
    quantity["unit"] = "1";
    Json submission = Wrap(document);
    submission["procedure"] = procedure;
    submission["configuration"] = configuration;
    submission["key"] = measurement::SubmissionKey(document, "lsm-1", configuration, procedure);
    record_->Submit(submission, "ana");
  }
  [[nodiscard]] Json Whole() const {
    return record_->Fitness({"lsm-1", "", "routine", "", ""}, {});
  }
};

TEST_F(NeedsTest, ANeedThatNobodyAssignedIsUnknown) {
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_EQ(Verdict().at("reasons").at(0).at("text"),
            "ILL-01 is needed for this use and is not assigned.");
  EXPECT_EQ(Whole().at("verdict"), "unknown");
  Assign("PSF-03", "63x-561", true);
  EXPECT_EQ(VerdictName(), "not_in_scope");
  EXPECT_EQ(Whole().at("verdict"), "not_in_scope");
}

TEST_F(NeedsTest, AnotherConfigurationOfTheInstrumentMayCarryIt) {
  Assign("ILL-01", "20x");
  EXPECT_EQ(VerdictName(), "in_spec");
  EXPECT_EQ(Whole().at("verdict"), "unknown");  // and it has not been measured there
  Illuminate("ILL-01", "20x", 0.8);
  EXPECT_EQ(Whole().at("verdict"), "in_spec");
}

TEST_F(NeedsTest, ProceduresOfOneAnalysisStandForEachOther) {
  Need({{{"procedure", "PSF-03"}}, {{"procedure", "ILL-01"}}, {{"procedure", "ILL-02"}}});
  EXPECT_EQ(Verdict().at("reasons").at(0).at("text"),
            "ILL-01 or ILL-02 is needed for this use and none is assigned.");
  Assign("ILL-02", "63x-561");
  Illuminate("ILL-02", "63x-561", 0.8);
  EXPECT_EQ(VerdictName(), "in_spec");
}

TEST_F(NeedsTest, EndingAnAssignmentCuresNoFailure) {
  Need({{{"procedure", "PSF-03"}}, {{"procedure", "ILL-01"}}, {{"procedure", "ILL-02"}}});
  Assign("ILL-01", "63x-561");
  Illuminate("ILL-01", "63x-561", 0.4);
  Illuminate("ILL-01", "63x-561", 0.4);
  EXPECT_EQ(VerdictName(), "out_of_spec");
  Assign("ILL-01", "63x-561", true);
  EXPECT_EQ(VerdictName(), "out_of_spec");
  Assign("ILL-02", "20x");  // carried elsewhere, but what failed here failed here
  EXPECT_EQ(VerdictName(), "out_of_spec");
  Assign("ILL-01", "63x-561");
  SetClock("2026-03-02T12:00:00Z");
  EXPECT_EQ(VerdictName(), "out_of_spec");
}

TEST_F(FitnessTest, AFailureDatedInTheFutureCountsFromItsReceipt) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  const auto submit = [&](const char* acquired, double fwhm) {
    const Json receipt = record_->Submit(Submission(++count_, fwhm, acquired), "ana");
    return record_->Measurement(receipt.at("key").get<std::string>(), {});
  };
  const Json ahead = submit("2026-03-09T10:00:00Z", 1.5);
  EXPECT_EQ(ahead.at("acquired_at"), "2026-03-02T10:00:00.000Z");
  EXPECT_EQ(ahead.at("decision").at("acquired_at_source"), "received_at");
  EXPECT_EQ(ahead.at("decision").at("acquired_at_stated"), "2026-03-09T10:00:00Z");
  EXPECT_EQ(ahead.at("review"), "pending");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "qc_suspect"));
  SetClock("2026-03-02T11:00:00Z");
  EXPECT_EQ(submit("2026-03-02T11:05:00Z", 0.8).at("decision").at("reasons"),
            Json({"acquired_after_receipt"}));
  EXPECT_EQ(VerdictName(), "in_spec_with_conditions");
  EXPECT_NE(Verdict().at("reasons").at(0).at("text").get<std::string>().find("a clock is wrong"),
            std::string::npos);
  EXPECT_EQ(submit("2026-03-02T11:00:20Z", 0.8).at("review"), "released_by_rule");
  EXPECT_EQ(VerdictName(), "in_spec");
}

TEST_F(FitnessTest, ATimeWithoutZoneIsSaid) {
  SetClock("2026-03-02T10:00:00Z");
  const auto review = [&](bool noticed) {
    Json document = Json::parse(
        Submission(++count_, 0.8, "2026-03-02T09:00:00")["document"].get<std::string>());
    if (noticed) document["findings"] = {{{"code", "clock"}, {"severity", "info"}}};
    const Json receipt = record_->Submit(Wrap(document), "ana");
    return record_->Measurement(receipt.at("key").get<std::string>(), {}).at("review");
  };
  EXPECT_EQ(review(true), "released_by_rule");
  EXPECT_EQ(review(false), "pending");
}

TEST_F(FitnessTest, WarningsAreReviewedByAPerson) {
  SetClock("2026-03-02T10:00:00Z");
  const auto decision = [&](const char* severity) {
    Json document = Json::parse(
        Submission(++count_, 0.8, "2026-03-02T09:00:00Z")["document"].get<std::string>());
    document["findings"] = {{{"code", "saturated"}, {"severity", severity}}};
    const Json receipt = record_->Submit(Wrap(document), "ana");
    return record_->Measurement(receipt.at("key").get<std::string>(), {}).at("decision");
  };
  EXPECT_EQ(decision("info").at("review"), "released_by_rule");
  EXPECT_EQ(VerdictName(), "in_spec");
  const Json warned = decision("warning");
  EXPECT_EQ(warned.at("outcome"), "pass");
  EXPECT_EQ(warned.at("review"), "pending");
  EXPECT_EQ(warned.at("reasons"), Json({"finding:saturated"}));
  EXPECT_EQ(VerdictName(), "in_spec_with_conditions");
  EXPECT_TRUE(HasReason(Verdict(), "review_pending"));
}

TEST_F(FitnessTest, AWarningLimitIsReviewedByAPerson) {
  std::string warning = kFacility;
  warning.replace(warning.find("upper = 1.0"), 11, "upper = 1.0\nwarning_upper = 0.7");
  record_->ApplyFacility(warning, dir_, "admin");
  Measure("2026-03-02T10:00:00Z", 0.8);
  EXPECT_TRUE(HasReason(Verdict(), "qc_warning"));
  EXPECT_TRUE(HasReason(Verdict(), "review_pending"));
}

TEST_F(FitnessTest, AChangedConfigurationIsUnknownUntilItIsMeasured) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  SetClock("2026-03-03T09:00:00Z");
  std::string changed = kFacility;
  changed.replace(changed.find("numerical_aperture = 1.4"), 24, "numerical_aperture = 1.2");
  record_->ApplyFacility(changed, dir_, "admin");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "configuration_changed"));
  EXPECT_EQ(VerdictName("2026-03-02T12:00:00Z"), "in_spec");
  Measure("2026-03-03T10:00:00Z", 0.8);
  EXPECT_EQ(VerdictName(), "in_spec");
}

TEST_F(FitnessTest, TheSameDataAnalysedAgainIsNoRepeat) {
  Measure("2026-03-03T10:00:00Z", 1.5);
  Json document =
      Json::parse(Submission(count_, 1.6, "2026-03-03T10:00:00Z")["document"].get<std::string>());
  document["software"]["version"] = "0.2.0";
  record_->Submit(Wrap(document), "ana");
  EXPECT_EQ(VerdictName(), "unknown");
  Measure("2026-03-03T11:00:00Z", 1.6, "repeat");
  EXPECT_EQ(VerdictName(), "out_of_spec");
}

TEST_F(FitnessTest, ASlotThatIsOverIsAskedForWithAsOf) {
  Measure("2026-03-02T10:00:00Z", 0.8);
  SetClock("2026-03-20T10:00:00Z");
  std::string sentence;
  try {
    static_cast<void>(Slot("2026-03-10T10:00:00Z", "2026-03-10T12:00:00Z"));
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.type, "wrong_slot");
    sentence = problem.what();
  }
  EXPECT_NE(sentence.find("as_of"), std::string::npos);
  EXPECT_EQ(Slot("2026-03-20T09:00:00Z", "2026-03-20T12:00:00Z").at("verdict"), "in_spec");
  EXPECT_EQ(
      record_
          ->Fitness({"lsm-1", "63x-561", "routine", "2026-03-10T10:00:00Z", "2026-03-10T12:00:00Z"},
                    "2026-03-10T10:00:00Z")
          .at("verdict"),
      "in_spec");
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
