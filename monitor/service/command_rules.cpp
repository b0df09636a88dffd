#include "monitor/service/command_rules.h"

#include "monitor/measurement/nearest.h"
#include "monitor/service/record.h"
#include "sop/register.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDefaultStart = "2018-01-01";  ///< a Monday, the first of a month

Problem ProblemOf(const sop::Fault& fault) {
  switch (fault.kind) {
    case sop::FaultKind::kUnknownType:
      return {400, "unknown_command", fault.sentence};
    case sop::FaultKind::kUnknownMember: {
      const std::string nearest = measurement::NearestWord(fault.word, fault.known);
      return {422, "unknown_field",
              fault.sentence + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?")};
    }
    case sop::FaultKind::kMissingMember:
      return {422, "missing_field", fault.sentence};
    case sop::FaultKind::kWrongValue:
      return {422, "wrong_value", fault.sentence};
    case sop::FaultKind::kStudyTooSmall:
      return {422, "repeat_study_too_small", fault.sentence};
  }
  return {422, "wrong_value", fault.sentence};  // unreachable for a valid enumerator
}

void Default(Json& body, const char* name, Json value) {
  if (!body.contains(name)) body[name] = std::move(value);
}

void NormaliseProcedure(Json& body) {
  Default(body, "title", body.at("id"));
  Default(body, "start", kDefaultStart);
  Default(body, "window_end_d", 0);
  Default(body, "requires_uncertainty", false);
  Default(body, "suspect_working_days", 2);
  Default(body, "review", "by_rule");
  Default(body, "decision_rule", Json::object({{"guard_band_ratio", 0}}));
  Default(body["decision_rule"], "coverage_factor", 2);
}

}  // namespace

void CheckShape(const sop::Shape& shape, const Json& value, const std::string& path) {
  if (const auto fault = sop::ShapeFault(shape, value, path)) throw ProblemOf(*fault);
}

Json NormaliseCommand(std::string_view type, Json body) {
  if (const auto fault = sop::RegisterFault(type, body)) throw ProblemOf(*fault);
  if (type == "procedure_approved") NormaliseProcedure(body);
  if (type == "configuration_registered") Default(body, "name", body.at("id"));
  return body;
}

}  // namespace monitor::service
