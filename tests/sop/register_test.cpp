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
json Changed(json body, const std::string& pointer, json value) {
  body[json::json_pointer(pointer)] = std::move(value);
  return body;
}

TEST(RegisterFault, AcceptsWhatIsSound) {
  EXPECT_EQ(Fault("procedure_approved", Procedure()), std::nullopt);
  EXPECT_EQ(Fault("limit_set_approved", Limits({{"upper", 0.9}, {"warning_upper", 0.8}})),
            std::nullopt);
  EXPECT_EQ(Fault("instrument_registered", {{"id", "LSM-1"}, {"name", "LSM 1"}}), std::nullopt);
  EXPECT_EQ(Fault("hold_released", {{"id", "h1"}, {"reason", "serviced"}}), std::nullopt);
}

TEST(RegisterFault, NamesTheMemberAndWhatIsExpected) {
  const json instrument = {{"id", "lsm-1"}, {"name", "LSM 1"}};
  const auto fault = [&](const std::string& pointer, json value) {
    return Fault("instrument_registered", Changed(instrument, pointer, std::move(value))).value();
  };
  EXPECT_EQ(fault("/colour", "red"), "'colour' is not known here.");
  EXPECT_EQ(fault("/name", 7), "'name' must be text.");
  EXPECT_EQ(fault("/name", std::string(100'001, 'x')), "'name' must be text.");
  for (const char* id : {"", "-a", ".a", "a b", "a/b", "\xC3\xA9"}) {
    EXPECT_EQ(fault("/id", id),
              "'id' must be an id of 1 to 64 letters, digits, dots, dashes and underscores.");
  }
  EXPECT_NE(fault("/id", std::string(65, 'a')), "");
  EXPECT_EQ(Fault("instrument_registered", {{"id", "lsm-1"}}), "'name' is missing.");
  EXPECT_EQ(Fault("instrument_registered", json::array()), "The body must be a table.");
  EXPECT_EQ(Fault("log_opened", json::object()), "'log_opened' is no register event.");
}

TEST(RegisterFault, LimitsStandInOrder) {
  const auto fault = [](json row) { return Fault("limit_set_approved", Limits(std::move(row))); };
  EXPECT_EQ(fault(json::object()), "'limits[0].lower' or 'limits[0].upper' must be given.");
  EXPECT_EQ(fault({{"lower", 2}, {"upper", 1}}), "'limits[0].lower' must not be above 'upper'.");
  EXPECT_EQ(fault({{"lower", 1}, {"upper", 1}}), std::nullopt);
  EXPECT_TRUE(fault({{"upper", 1}, {"warning_upper", 2}}));
  EXPECT_TRUE(fault({{"lower", 1}, {"warning_lower", 0.5}}));
  EXPECT_EQ(fault({{"upper", "1"}}), "'limits[0].upper' must be a number.");
  EXPECT_EQ(fault({{"upper", 1}, {"percent_of", -3}}), "'limits[0].percent_of' is not known here.");
}

TEST(RegisterFault, ProceduresCanBeFollowed) {
  const auto fault = [](const std::string& pointer, json value) {
    return Fault("procedure_approved", Changed(Procedure(), pointer, std::move(value)));
  };
  EXPECT_TRUE(fault("/recurrence", "FREQ=SECONDLY"));
  EXPECT_EQ(fault("/start", "2026-02-30"), "'start' must be a day such as 2026-11-22.");
  EXPECT_TRUE(fault("/window_end_d", -1));
  EXPECT_TRUE(fault("/window_end_d", 1.5));
  EXPECT_EQ(fault("/review", "never"), "'review' must be by_rule or by_person.");
  EXPECT_TRUE(fault("/decision_rule/guard_band_ratio", -0.1));
  EXPECT_TRUE(fault("/decision_rule/coverage_factor", 0));
  EXPECT_EQ(fault("/decision_rule/k", 2), "'decision_rule.k' is not known here.");
  EXPECT_EQ(fault("/comparability/0/x", 2), "'comparability[0].x' is not known here.");
  EXPECT_TRUE(fault("/comparability/0/tolerance", -1));
}

}  // namespace
}  // namespace sop
