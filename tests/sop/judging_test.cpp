#include "sop/judging.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sop {
namespace {

using Reasons = std::vector<std::string>;

constexpr const char* kGauss = "etalon.gauss3d/1";
constexpr const char* kFwhm1d = "metroloj_qc.fwhm1d/1";

MeasuredQuantity Width(double value, std::optional<double> u = 0.003) {
  return {"psf.fwhm.z", kGauss, "525/50", "", value, "um", u};
}
LimitRow WidthUpTo(double upper) {
  return {"psf.fwhm.z", kGauss, "", "", {std::nullopt, upper}, {}};
}
/// One length with every part of its uncertainty: .003, .004 (.5 %) and .012 (1.5 %): u = .013.
struct Case {
  MeasuredDocument document{{Width(0.8)}, {}, {{"zoom", 2.0}, {"objective", "63x"}}};
  JudgingRules rules{{1.0, 2.0}, true, {{"psf.fwhm", kGauss}}, {}};
  std::vector<LimitRow> limits{WidthUpTo(0.9)};
  JudgingContext context{
      {{"zoom", 2.0}, {"objective", "63x"}}, {{"psf.fwhm.z", kGauss, 0.005}}, 0.015};
  [[nodiscard]] JudgedMeasurement Judged() const {
    return JudgeMeasurement(document, rules, limits, context);
  }
};

void Expect(const JudgedMeasurement& judged, MeasurementOutcome outcome, const Reasons& reasons) {
  EXPECT_EQ(Name(judged.outcome), Name(outcome));
  EXPECT_EQ(judged.reasons, reasons);
}

TEST(JudgeMeasurement, CombinesThePartsOfUncertainty) {
  const JudgedMeasurement judged = Case().Judged();
  Expect(judged, MeasurementOutcome::kPass, {});
  ASSERT_EQ(judged.quantities.size(), 1U);
  const JudgedQuantity& width = judged.quantities[0];
  EXPECT_DOUBLE_EQ(*width.parts.estimate, 0.003);
  EXPECT_DOUBLE_EQ(*width.parts.reproducibility, 0.004);
  EXPECT_DOUBLE_EQ(*width.parts.reference, 0.012);
  EXPECT_NEAR(*width.u, 0.013, 1e-15);
  EXPECT_EQ(width.limit, 0U);
  EXPECT_NEAR(*width.judgement->acceptance_upper, 0.874, 1e-12);
  EXPECT_FALSE(judged.clear_fail || judged.warning || judged.uncertainty_incomplete);
}

TEST(JudgeMeasurement, ReproducibilityMayBeAConstant) {
  Case c;
  c.context.reproducibility = {{"psf.fwhm.z", kGauss, 0.0, 0.004}};
  EXPECT_DOUBLE_EQ(*c.Judged().quantities[0].parts.reproducibility, 0.004);
  c.document.quantities[0].value = 0.0;
  EXPECT_DOUBLE_EQ(*c.Judged().quantities[0].parts.reproducibility, 0.004);
}

TEST(JudgeMeasurement, FollowsTheDecisionRule) {
  const auto outcome = [](double upper) {
    Case c;
    c.limits = {WidthUpTo(upper)};
    return c.Judged();
  };
  Expect(outcome(0.81), MeasurementOutcome::kConditionalPass, {"conditional_pass:psf.fwhm.z"});
  Expect(outcome(0.79), MeasurementOutcome::kConditionalFail, {"conditional_fail:psf.fwhm.z"});
  EXPECT_FALSE(outcome(0.79).clear_fail);
  Expect(outcome(0.7), MeasurementOutcome::kFail, {"fail:psf.fwhm.z"});
  EXPECT_TRUE(outcome(0.7).clear_fail);
  Case narrow;
  narrow.limits[0].action = {0.79, 0.81};
  Expect(narrow.Judged(), MeasurementOutcome::kMethodNotCapable, {"method_not_capable:psf.fwhm.z"});
}

TEST(JudgeMeasurement, WithAPartMissingAcceptanceIsSimpleAndSaysSo) {
  const auto incomplete = [](auto change) {
    Case c;
    c.limits = {WidthUpTo(0.81)};
    change(c);
    const JudgedMeasurement judged = c.Judged();
    Expect(judged, MeasurementOutcome::kPass, {"uncertainty_incomplete"});
    EXPECT_TRUE(judged.uncertainty_incomplete);
    EXPECT_FALSE(judged.quantities[0].u);
    EXPECT_FALSE(judged.quantities[0].judgement->p_conformance);
  };
  incomplete([](Case& c) { c.document.quantities[0].u_estimate.reset(); });
  incomplete([](Case& c) { c.context.reproducibility.clear(); });
  incomplete([](Case& c) { c.context.reproducibility[0].definition = kFwhm1d; });
  incomplete([](Case& c) { c.context.scale_relative_u.reset(); });
  incomplete([](Case& c) { c.document.quantities[0].unit = "mW"; });
  Case quiet;
  quiet.rules.requires_uncertainty = false;
  quiet.context.scale_relative_u.reset();
  EXPECT_TRUE(quiet.Judged().uncertainty_incomplete);  // there is no guard band without u
  quiet.rules.decision_rule.guard_band_ratio = 0.0;
  EXPECT_FALSE(quiet.Judged().uncertainty_incomplete);
}

TEST(JudgeMeasurement, NanometresAreLengths) {
  Case c;
  c.document.quantities[0].unit = "nm";
  EXPECT_DOUBLE_EQ(*c.Judged().quantities[0].parts.reference, 0.012);
  c.context.scale_relative_u.reset();
  EXPECT_FALSE(c.Judged().quantities[0].u);
  EXPECT_TRUE(c.Judged().uncertainty_incomplete);
}

TEST(JudgeMeasurement, AQuantityWhoseLimitsAreAllOfOtherDefinitionsIsNotPassedOver) {
  Case c;
  c.rules.definitions["psf.fwhm_ratio"] = kGauss;
  LimitRow ratio = WidthUpTo(1.5);
  ratio.quantity = "psf.fwhm_ratio.axial";
  ratio.definition = kFwhm1d;
  c.limits.push_back(ratio);
  Expect(c.Judged(), MeasurementOutcome::kLimitsMissing, {"limits_missing:psf.fwhm_ratio.axial"});
  c.limits[0].action.upper = 0.7;
  Expect(c.Judged(), MeasurementOutcome::kFail,
         {"fail:psf.fwhm.z", "limits_missing:psf.fwhm_ratio.axial"});
  // A second row in force is enough: the first belongs to another definition's readers.
  Case both;
  both.limits.push_back({"psf.fwhm.z", kFwhm1d, "", "", {std::nullopt, 0.1}, {}});
  Expect(both.Judged(), MeasurementOutcome::kPass, {});
}

TEST(JudgeMeasurement, ABlockingKeyThatTheConfigurationDoesNotStateIsNotJudged) {
  Case c;
  c.context.expected.erase("zoom");
  c.rules.comparability = {{"zoom", std::nullopt, false}};
  Expect(c.Judged(), MeasurementOutcome::kPass, {});
  c.rules.comparability = {{"zoom", std::nullopt, true}};
  Expect(c.Judged(), MeasurementOutcome::kSettingsDiffer, {"settings_not_configured:zoom"});
}

TEST(JudgeMeasurement, RatiosNeedNoReference) {
  Case c;
  c.context.scale_relative_u.reset();
  c.document.quantities[0].unit = "1";
  EXPECT_NEAR(*c.Judged().quantities[0].u, 0.005, 1e-15);
}

TEST(JudgeMeasurement, LimitsApplyToTheirDefinitionComparatorAndChannelOnly) {
  const auto applied = [](auto change) {
    Case c;
    change(c);
    return c.Judged();
  };
  Expect(applied([](Case& c) { c.limits.clear(); }), MeasurementOutcome::kLimitsMissing,
         {"limits_missing"});
  Expect(applied([](Case& c) { c.limits[0].definition = kFwhm1d; }),
         MeasurementOutcome::kLimitsMissing, {"limits_missing"});
  Expect(applied([](Case& c) { c.limits[0].action = {}; }), MeasurementOutcome::kLimitsMissing,
         {"limits_missing"});
  Expect(applied([](Case& c) { c.limits[0].comparator = "rayleigh"; }),
         MeasurementOutcome::kUnmeasurable, {"missing:psf.fwhm.z"});
  Expect(applied([](Case& c) { c.document.quantities[0].comparator = "rayleigh"; }),
         MeasurementOutcome::kUnmeasurable, {"missing:psf.fwhm.z"});
  Expect(applied([](Case& c) { c.limits[0].channel = "405"; }), MeasurementOutcome::kUnmeasurable,
         {"missing:psf.fwhm.z"});
  Expect(applied([](Case& c) { c.limits[0].channel = "525/50"; }), MeasurementOutcome::kPass, {});
}

TEST(JudgeMeasurement, ARowForTheChannelGoesFirst) {
  Case c;
  LimitRow narrow = WidthUpTo(0.7);
  narrow.channel = "525/50";
  c.limits = {narrow, WidthUpTo(0.9)};
  EXPECT_EQ(c.Judged().outcome, MeasurementOutcome::kFail);
  c.limits = {WidthUpTo(0.9), narrow};
  EXPECT_EQ(c.Judged().outcome, MeasurementOutcome::kFail);
}

TEST(JudgeMeasurement, ThePinnedDefinitionJudges) {
  Case c;
  MeasuredQuantity other = Width(5.0);
  other.definition = kFwhm1d;
  LimitRow row = WidthUpTo(0.9);
  row.definition = kFwhm1d;
  c.document.quantities.push_back(other);
  c.limits.push_back(row);
  const JudgedMeasurement judged = c.Judged();
  Expect(judged, MeasurementOutcome::kPass, {});
  EXPECT_FALSE(judged.quantities[1].judgement);
  c.rules.definitions = {{"psf", kGauss}, {"psf.fwhm.z", kFwhm1d}};
  EXPECT_EQ(c.Judged().outcome, MeasurementOutcome::kFail);
  c.rules.definitions = {{"psf.fw", kFwhm1d}};  // no leading part: pins nothing
  EXPECT_EQ(c.Judged().outcome, MeasurementOutcome::kFail);
}

TEST(JudgeMeasurement, WarningsAreInsideTheActionLimits) {
  Case c;
  c.limits[0].warning.upper = 0.79;
  Expect(c.Judged(), MeasurementOutcome::kPass, {"warning:psf.fwhm.z"});
  EXPECT_TRUE(c.Judged().warning);
  c.limits[0].warning.upper = 0.8;
  EXPECT_FALSE(c.Judged().warning);
  c.limits[0].warning = {0.81, std::nullopt};
  EXPECT_TRUE(c.Judged().warning);
  c.limits[0].action.upper = 0.7;
  EXPECT_FALSE(c.Judged().warning);
}

TEST(JudgeMeasurement, WhatALimitAsksForMustBeThere) {
  Case c;
  LimitRow row = WidthUpTo(1.0);
  row.quantity = "psf.fwhm.x";
  c.limits.push_back(row);
  Expect(c.Judged(), MeasurementOutcome::kUnmeasurable, {"missing:psf.fwhm.x"});
  c.limits[0].action.upper = 0.5;  // a fail is not hidden by what is missing
  Expect(c.Judged(), MeasurementOutcome::kFail, {"fail:psf.fwhm.z", "missing:psf.fwhm.x"});
  Case nan;
  nan.document.quantities[0].value = std::numeric_limits<double>::quiet_NaN();
  Expect(nan.Judged(), MeasurementOutcome::kUnmeasurable, {"missing:psf.fwhm.z"});
  Case empty;
  empty.document.quantities.clear();
  Expect(empty.Judged(), MeasurementOutcome::kUnmeasurable, {"missing:psf.fwhm.z"});
}

TEST(JudgeMeasurement, FaultsAndUnrepresentativeFieldsAreNotJudged) {
  Case c;
  c.document.findings = {{"dust", FindingSeverity::kWarning}};
  EXPECT_EQ(c.Judged().outcome, MeasurementOutcome::kPass);
  c.document.findings.push_back({"not_representative", FindingSeverity::kWarning});
  Expect(c.Judged(), MeasurementOutcome::kNotRepresentative, {"not_representative"});
  EXPECT_FALSE(c.Judged().quantities[0].judgement);
  EXPECT_TRUE(c.Judged().quantities[0].u);
  c.document.findings.push_back({"saturated", FindingSeverity::kFault});
  Expect(c.Judged(), MeasurementOutcome::kUnmeasurable, {"saturated"});
}

TEST(JudgeMeasurement, SettingsMustBeComparable) {
  const auto with = [](ComparabilityKey key, SetupValue stated) {
    Case c;
    c.rules.comparability = {key};
    c.document.setup[key.key] = std::move(stated);
    return c.Judged();
  };
  Expect(with({"zoom", std::nullopt, true}, 2.0), MeasurementOutcome::kPass, {});
  Expect(with({"zoom", std::nullopt, false}, 2.1), MeasurementOutcome::kSettingsDiffer,
         {"settings_differ:zoom"});
  Expect(with({"zoom", 0.05, false}, 2.1), MeasurementOutcome::kPass, {});
  Expect(with({"zoom", 0.05, false}, 1.9), MeasurementOutcome::kPass, {});
  Expect(with({"zoom", 0.05, false}, 2.11), MeasurementOutcome::kSettingsDiffer,
         {"settings_differ:zoom"});
  Expect(with({"zoom", 0.05, false}, "2"), MeasurementOutcome::kSettingsDiffer,
         {"settings_differ:zoom"});
  Expect(with({"objective", std::nullopt, false}, "10x"), MeasurementOutcome::kSettingsDiffer,
         {"settings_differ:objective"});
  Expect(with({"unheard", std::nullopt, false}, "x"), MeasurementOutcome::kPass, {});
}

TEST(JudgeMeasurement, SettingsNotStatedBlockWhereTheProcedureSaysSo) {
  Case c;
  c.document.setup.erase("zoom");
  c.rules.comparability = {{"zoom", std::nullopt, true}};
  Expect(c.Judged(), MeasurementOutcome::kSettingsDiffer, {"settings_not_stated:zoom"});
  c.rules.comparability = {{"zoom", std::nullopt, false}};
  Expect(c.Judged(), MeasurementOutcome::kPass, {});
}

}  // namespace
}  // namespace sop
