#include "sop/register.h"

#include <gtest/gtest.h>

namespace sop {
namespace {

using nlohmann::json;

json Procedure() {
  return {
      {"id", "PSF-03"},
      {"version", 2},
      {"title", "PSF"},
      {"analysis", "psf"},
      {"recurrence", "FREQ=MONTHLY"},
      {"start", "2026-01-01"},
      {"window_end_d", 7},
      {"definitions", {{"psf.fwhm", "etalon.gauss3d/1"}}},
      {"comparability", json::array({{{"key", "zoom"}, {"tolerance", 0.01}, {"blocks", true}}})},
      {"decision_rule", {{"guard_band_ratio", 1.0}}}};
}
json Limits(json row) {
  row.update({{"quantity", "psf.fwhm.z"}, {"definition", "etalon.gauss3d/1"}});
  return {{"procedure", "PSF-03"}, {"version", 1}, {"limits", json::array({row})}};
}
std::string Sentence(const std::optional<Fault>& fault) { return fault ? fault->sentence : ""; }
json Changed(json body, const std::string& pointer, json value) {
  body[json::json_pointer(pointer)] = std::move(value);
  return body;
}

TEST(RegisterFault, AcceptsWhatIsSound) {
  const auto accepts = [](const char* type, const json& body) {
    EXPECT_EQ(Sentence(RegisterFault(type, body)), "") << type;
  };
  accepts("procedure_approved", Procedure());
  accepts("procedure_approved",
          {{"id", "PSF-03"}, {"analysis", "psf"}, {"recurrence", "FREQ=MONTHLY"}});
  accepts("limit_set_approved", Limits({{"upper", 0.9}, {"warning_upper", 0.8}}));
  accepts("instrument_registered", {{"id", "LSM-1"}, {"name", "LSM 1"}});
  accepts(
      "configuration_registered",
      {{"id", "63x"}, {"instrument", "lsm-1"}, {"setup", {{"zoom", 2}, {"lines", {488, 561}}}}});
  accepts("hold_placed", {{"instrument", "lsm-1"}, {"reason", "leak"}, {"from", "2026-03-10"}});
  accepts("hold_released", {{"hold", "h1"}, {"reason", "serviced"}});
}

TEST(RegisterFault, NamesTheMemberAndWhatIsExpected) {
  const json instrument = {{"id", "lsm-1"}, {"name", "LSM 1"}};
  const auto fault = [&](const std::string& pointer, json value) {
    return Sentence(
        RegisterFault("instrument_registered", Changed(instrument, pointer, std::move(value))));
  };
  EXPECT_EQ(fault("/colour", "red"), "'colour' is not known here");
  EXPECT_EQ(fault("/name", 7), "'name' must be text of at most 100000 bytes");
  EXPECT_EQ(fault("/name", std::string(100'001, 'x')),
            "'name' must be text of at most 100000 bytes");
  for (const char* id : {"", "-a", ".a", "a b", "a/b", "\xC3\xA9"}) {
    EXPECT_EQ(fault("/id", id),
              "'id' must be an id of 1 to 64 letters, digits, dots, dashes and underscores");
  }
  EXPECT_NE(fault("/id", std::string(65, 'a')), "");
  EXPECT_EQ(Sentence(RegisterFault("instrument_registered", {{"id", "lsm-1"}})),
            "'name' is missing");
  EXPECT_EQ(Sentence(RegisterFault("instrument_registered", json::array())),
            "the body must be an object");
  EXPECT_EQ(Sentence(RegisterFault("log_opened", json::object())),
            "'log_opened' is no register event");
}

TEST(RegisterFault, SaysWhatKindOfFaultItIs) {
  const auto kind = [](const char* type, const json& body) {
    return RegisterFault(type, body).value().kind;
  };
  EXPECT_EQ(kind("log_opened", json::object()), FaultKind::kUnknownType);
  EXPECT_EQ(kind("instrument_registered", {{"id", "a"}}), FaultKind::kMissingMember);
  EXPECT_EQ(kind("instrument_registered", {{"id", 1}, {"name", "A"}}), FaultKind::kWrongValue);
  EXPECT_EQ(kind("limit_set_approved", Limits(json::object())), FaultKind::kMissingMember);
  const Fault unknown =
      RegisterFault("profile_described",
                    {{"id", "r"}, {"name", "R"}, {"needs", json::array({{{"proc", "p"}}})}})
          .value();
  EXPECT_EQ(unknown.kind, FaultKind::kUnknownMember);
  EXPECT_EQ(unknown.path, "needs[0].proc");
  EXPECT_EQ(unknown.word, "proc");
  EXPECT_EQ(unknown.known, (std::vector<std::string_view>{"procedure", "configuration"}));
}

TEST(RegisterFault, LimitsStandInOrder) {
  const auto fault = [](json row) {
    return Sentence(RegisterFault("limit_set_approved", Limits(std::move(row))));
  };
  EXPECT_EQ(fault(json::object()), "'limits[0]' needs 'lower' or 'upper'");
  EXPECT_EQ(fault({{"lower", 2}, {"upper", 1}}), "'limits[0].lower' must be at most 'upper'");
  EXPECT_EQ(fault({{"lower", 1}, {"upper", 1}}), "");
  EXPECT_NE(fault({{"upper", 1}, {"warning_upper", 2}}), "");
  EXPECT_NE(fault({{"lower", 1}, {"warning_lower", 0.5}}), "");
  EXPECT_NE(fault({{"lower", 1}, {"warning_upper", 0.5}}), "");
  EXPECT_NE(fault({{"upper", 1}, {"warning_lower", 2}}), "");
  EXPECT_EQ(fault({{"upper", "1"}}), "'limits[0].upper' must be a number");
  EXPECT_EQ(fault({{"upper", 1}, {"percent_of", -3}}), "'limits[0].percent_of' is not known here");
}

TEST(RegisterFault, ProceduresCanBeFollowed) {
  const auto fault = [](const std::string& pointer, json value) {
    return Sentence(
        RegisterFault("procedure_approved", Changed(Procedure(), pointer, std::move(value))));
  };
  EXPECT_EQ(fault("/recurrence", "FREQ=SECONDLY"),
            "recurrence 'FREQ=SECONDLY' needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
  EXPECT_EQ(fault("/start", "2026-02-30"), "'start' must be a day such as 2026-11-22");
  EXPECT_NE(fault("/window_end_d", -1), "");
  EXPECT_NE(fault("/window_end_d", 1.5), "");
  EXPECT_EQ(fault("/review", "never"), "'review' must be by_rule or by_person");
  EXPECT_EQ(fault("/decision_rule/guard_band_ratio", -0.1),
            "'decision_rule.guard_band_ratio' must be 0 to 3");
  EXPECT_NE(fault("/decision_rule/coverage_factor", 0), "");
  EXPECT_EQ(fault("/decision_rule/k", 2), "'decision_rule.k' is not known here");
  EXPECT_EQ(fault("/comparability/0/x", 2), "'comparability[0].x' is not known here");
  EXPECT_EQ(fault("/comparability/0/tolerance", -1),
            "'comparability[0].tolerance' must be 0 or more");
}

TEST(RegisterFault, ARecurrenceIsDueAgainWheneverTheCheckWasDone) {
  const auto fault = [](const char* rule) {
    return Sentence(RegisterFault("procedure_approved", Changed(Procedure(), "/recurrence", rule)));
  };
  EXPECT_EQ(fault("FREQ=YEARLY;BYMONTH=2,4"),
            "recurrence 'FREQ=YEARLY;BYMONTH=2,4' is never due after a check on the 31st; use "
            "FREQ=MONTHLY with BYMONTH");
  EXPECT_EQ(fault("FREQ=MONTHLY;BYMONTH=2,4"), "");
  EXPECT_EQ(fault("FREQ=YEARLY;BYMONTH=2"), "");
}

TEST(RegisterFault, OneRowJudgesAResult) {
  const auto fault = [](const json& change) {
    json first = {{"quantity", "psf.fwhm.z"}, {"definition", "a/1"}, {"upper", 1}, {"channel", 0}};
    json second = first;
    second["upper"] = 2;
    second.update(change);
    return Sentence(RegisterFault("limit_set_approved",
                                  {{"procedure", "P"}, {"limits", json::array({first, second})}}));
  };
  const std::string twice =
      "'limits[1]' must be the only row for its quantity, definition, comparator and channel";
  EXPECT_EQ(fault(json::object()), twice);
  EXPECT_EQ(fault({{"channel", "0"}}), twice);
  EXPECT_EQ(fault({{"channel", 1}}), "");
  EXPECT_EQ(fault({{"comparator", "rayleigh"}}), "");
  EXPECT_EQ(fault({{"definition", "b/1"}}), "");
}

TEST(RegisterFault, EvidenceIsStrongEnoughToState) {
  const json subject = {{"instrument", "lsm-1"}, {"configuration", "63x"}};
  json scale = subject;
  scale.update({{"relative_u", -0.1}, {"certificate", "C-1"}, {"valid_until", "2027-01-01"}});
  EXPECT_EQ(Sentence(RegisterFault("scale_recorded", scale)), "'relative_u' must be 0 or more");
  json study = subject;
  study["procedure"] = "PSF-03";
  study["values"] = json::array(
      {{{"quantity", "psf.fwhm.z"},
        {"definition", "etalon.gauss3d/1"},
        {"repeats",
         json::array({{{"value", 0.8}, {"performer", "ana"}, {"day", "2026-02-01"}}})}}});
  EXPECT_EQ(RegisterFault("repeat_study_recorded", study).value().kind, FaultKind::kStudyTooSmall);
  EXPECT_EQ(Sentence(RegisterFault("measurement_reviewed",
                                   {{"measurement", "ab"}, {"meaning", "ignored"}})),
            "'meaning' must be reviewed");
}

}  // namespace
}  // namespace sop
