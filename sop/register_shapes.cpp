#include <map>

#include "sop/register.h"

namespace sop {
namespace {

using Kind = Member::Kind;

constexpr bool kRequired = true;

const Shape& NeedShape() {
  static const Shape kShape{{{"procedure", Kind::kId, kRequired}, {"configuration", Kind::kText}}};
  return kShape;
}

const Shape& ComparabilityShape() {
  static const Shape kShape{
      {{"key", Kind::kId, kRequired}, {"tolerance", Kind::kNumber}, {"blocks", Kind::kFlag}}};
  return kShape;
}

const Shape& DecisionRuleShape() {
  static const Shape kShape{
      {{"guard_band_ratio", Kind::kNumber, kRequired}, {"coverage_factor", Kind::kNumber}}};
  return kShape;
}

const Shape& LimitShape() {
  static const Shape kShape{{{"quantity", Kind::kId, kRequired},
                             {"definition", Kind::kText, kRequired},
                             {"comparator", Kind::kText},
                             {"channel", Kind::kVersion},
                             {"lower", Kind::kNumber},
                             {"upper", Kind::kNumber},
                             {"warning_lower", Kind::kNumber},
                             {"warning_upper", Kind::kNumber},
                             {"source", Kind::kText}}};
  return kShape;
}

const Shape& RepeatShape() {
  static const Shape kShape{{{"value", Kind::kNumber, kRequired},
                             {"u_estimate", Kind::kNumber},
                             {"performer", Kind::kText, kRequired},
                             {"day", Kind::kDay, kRequired}}};
  return kShape;
}

const Shape& RepeatValueShape() {
  static const Shape kShape{{{"quantity", Kind::kId, kRequired},
                             {"definition", Kind::kText, kRequired},
                             {"repeats", Kind::kRows, kRequired, &RepeatShape()}}};
  return kShape;
}

const Shape& ProcedureShape() {
  static const Shape kShape{{{"id", Kind::kId, kRequired},
                             {"version", Kind::kVersion},
                             {"title", Kind::kText},
                             {"analysis", Kind::kId, kRequired},
                             {"text", Kind::kText},
                             {"recurrence", Kind::kText, kRequired},
                             {"start", Kind::kDay},
                             {"window_start_d", Kind::kCount},
                             {"window_end_d", Kind::kCount},
                             {"scope", Kind::kId},
                             {"definitions", Kind::kMap},
                             {"comparability", Kind::kRows, false, &ComparabilityShape()},
                             {"requires_uncertainty", Kind::kFlag},
                             {"suspect_working_days", Kind::kCount},
                             {"review", Kind::kId},
                             {"decision_rule", Kind::kObject, false, &DecisionRuleShape()}}};
  return kShape;
}

std::map<std::string, Shape, std::less<>> RegisterShapes() {
  return {
      {"facility_described",
       {{{"name", Kind::kText, kRequired},
         {"time_zone", Kind::kText, kRequired},
         {"log_origin", Kind::kText},
         {"access_log_days", Kind::kCount}}}},
      {"instrument_registered",
       {{{"id", Kind::kId, kRequired},
         {"name", Kind::kText, kRequired},
         {"place", Kind::kText},
         {"technique", Kind::kText},
         {"responsible", Kind::kText},
         {"serial", Kind::kText}}}},
      {"configuration_registered",
       {{{"id", Kind::kId, kRequired},
         {"instrument", Kind::kId, kRequired},
         {"name", Kind::kText},
         {"modality", Kind::kText},
         {"setup", Kind::kMap}}}},
      {"artefact_registered",
       {{{"id", Kind::kId, kRequired},
         {"name", Kind::kText, kRequired},
         {"kind", Kind::kText},
         {"lot", Kind::kText},
         {"opened", Kind::kDay},
         {"expires", Kind::kDay},
         {"certificate", Kind::kText}}}},
  };
}

std::map<std::string, Shape, std::less<>> PlanShapes() {
  return {
      {"profile_described",
       {{{"id", Kind::kId, kRequired},
         {"name", Kind::kText, kRequired},
         {"needs", Kind::kRows, kRequired, &NeedShape()}}}},
      {"procedure_approved", ProcedureShape()},
      {"limit_set_approved",
       {{{"procedure", Kind::kId, kRequired},
         {"version", Kind::kVersion},
         {"limits", Kind::kRows, kRequired, &LimitShape()}}}},
      {"assignment_made",
       {{{"procedure", Kind::kId, kRequired},
         {"configuration", Kind::kId, kRequired},
         {"instrument", Kind::kId, kRequired},
         {"ended", Kind::kFlag}}}},
  };
}

std::map<std::string, Shape, std::less<>> EvidenceShapes() {
  return {
      {"repeat_study_recorded",
       {{{"instrument", Kind::kId, kRequired},
         {"configuration", Kind::kId, kRequired},
         {"procedure", Kind::kId, kRequired},
         {"values", Kind::kRows, kRequired, &RepeatValueShape()}}}},
      {"scale_recorded",
       {{{"instrument", Kind::kId, kRequired},
         {"configuration", Kind::kId, kRequired},
         {"relative_u", Kind::kNumber, kRequired},
         {"certificate", Kind::kText, kRequired},
         {"valid_until", Kind::kTime, kRequired}}}},
      {"hold_placed",
       {{{"id", Kind::kId},
         {"instrument", Kind::kId, kRequired},
         {"configuration", Kind::kId},
         {"reason", Kind::kText, kRequired},
         {"from", Kind::kTime},
         {"to", Kind::kTime}}}},
      {"hold_released", {{{"hold", Kind::kId, kRequired}, {"reason", Kind::kText, kRequired}}}},
      {"measurement_reviewed",
       {{{"measurement", Kind::kId, kRequired},
         {"meaning", Kind::kId, kRequired},
         {"comment", Kind::kText}}}},
  };
}

std::map<std::string, Shape, std::less<>> PeopleShapes() {
  return {
      {"account_created",
       {{{"id", Kind::kId, kRequired}, {"name", Kind::kText, kRequired}, {"kind", Kind::kId}}}},
      {"account_changed", {{{"id", Kind::kId, kRequired}, {"name", Kind::kText, kRequired}}}},
      {"account_closed", {{{"id", Kind::kId, kRequired}, {"reason", Kind::kText, kRequired}}}},
      {"role_defined",
       {{{"id", Kind::kId, kRequired},
         {"title", Kind::kText, kRequired},
         {"rights", Kind::kIds, kRequired},
         {"time_boxed", Kind::kFlag},
         {"one_instrument", Kind::kFlag}}}},
      {"role_granted",
       {{{"account", Kind::kId, kRequired},
         {"role", Kind::kId, kRequired},
         {"instrument", Kind::kId},
         {"until", Kind::kTime},
         {"reason", Kind::kText}}}},
      {"role_revoked",
       {{{"account", Kind::kId, kRequired},
         {"role", Kind::kId, kRequired},
         {"instrument", Kind::kId},
         {"reason", Kind::kText, kRequired}}}},
  };
}

}  // namespace

const Shape* RegisterShape(std::string_view type) {
  static const auto kShapes = [] {
    auto shapes = RegisterShapes();
    shapes.merge(PlanShapes());
    shapes.merge(EvidenceShapes());
    shapes.merge(PeopleShapes());
    return shapes;
  }();
  const auto found = kShapes.find(type);
  return found == kShapes.end() ? nullptr : &found->second;
}

}  // namespace sop
