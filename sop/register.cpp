#include "sop/register.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sop/recurrence.h"

namespace sop {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = 100'000;
constexpr std::size_t kMaxRows = 1'000;

enum class Kind { kId, kText, kNumber, kCount, kFlag, kVersion, kDay, kScalars, kRows, kObject };
enum class Need { kRequired, kOptional };

struct Member {
  std::string_view name;
  Kind kind;
  Need need = Need::kOptional;
  const std::vector<Member>* of = nullptr;  ///< members of kRows and kObject
};
using Members = std::vector<Member>;

bool IsId(const json& value) {
  if (!value.is_string()) return false;
  const auto& id = value.get_ref<const std::string&>();
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !id.empty() && id.size() <= 64 && plain(id[0]) &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsText(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().size() <= kMaxText;
}

bool IsNumber(const json& value) { return value.is_number() && std::isfinite(value.get<double>()); }

bool IsCount(const json& value) {
  return value.is_number_integer() && value >= 0 && value <= 1'000'000;
}

bool IsDay(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (!std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
        return form == 'd' ? c >= '0' && c <= '9' : c == form;
      })) {
    return false;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(std::stoi(text.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2)))));
  return date.ok();
}

bool IsScalars(const json& value) {
  return value.is_object() && value.size() <= kMaxRows &&
         std::all_of(value.begin(), value.end(), [](const json& item) {
           return IsText(item) || IsNumber(item) || item.is_boolean();
         });
}

std::string_view Expected(Kind kind) {
  switch (kind) {
    case Kind::kId:
      return "an id of 1 to 64 letters, digits, dots, dashes and underscores";
    case Kind::kText:
      return "text";
    case Kind::kNumber:
      return "a number";
    case Kind::kCount:
      return "a whole number, 0 or more";
    case Kind::kFlag:
      return "true or false";
    case Kind::kVersion:
      return "text or a whole number";
    case Kind::kDay:
      return "a day such as 2026-11-22";
    case Kind::kScalars:
      return "a table of text, numbers and true or false";
    case Kind::kRows:
      return "a list of tables";
    case Kind::kObject:
      return "a table";
  }
  return "something else";  // unreachable for a valid enumerator
}

bool Fits(const json& value, Kind kind) {
  switch (kind) {
    case Kind::kId:
      return IsId(value);
    case Kind::kText:
      return IsText(value);
    case Kind::kNumber:
      return IsNumber(value);
    case Kind::kCount:
      return IsCount(value);
    case Kind::kFlag:
      return value.is_boolean();
    case Kind::kVersion:
      return IsText(value) || IsCount(value);
    case Kind::kDay:
      return IsDay(value);
    case Kind::kScalars:
      return IsScalars(value);
    case Kind::kRows:
      return value.is_array() && value.size() <= kMaxRows;
    case Kind::kObject:
      return value.is_object();
  }
  return false;  // unreachable for a valid enumerator
}

using MaybeFault = std::optional<std::string>;

MaybeFault ShapeFault(const Members& members, const json& value, const std::string& path) {
  if (!value.is_object()) return "'" + path + "' must be a table.";
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const auto& [key, item] : value.items()) {
    const auto known = std::find_if(members.begin(), members.end(),
                                    [&](const Member& member) { return member.name == key; });
    const std::string name = prefix + key.substr(0, 64);
    if (known == members.end()) return "'" + name + "' is not known here.";
    if (!Fits(item, known->kind)) {
      return "'" + name + "' must be " + std::string(Expected(known->kind)) + ".";
    }
    if (known->kind == Kind::kObject) {
      if (auto fault = ShapeFault(*known->of, item, name)) return fault;
    }
    if (known->kind != Kind::kRows) continue;
    for (std::size_t i = 0; i < item.size(); ++i) {
      auto fault = ShapeFault(*known->of, item[i], name + "[" + std::to_string(i) + "]");
      if (fault) return fault;
    }
  }
  for (const Member& member : members) {
    if (member.need == Need::kRequired && !value.contains(member.name)) {
      return "'" + prefix + std::string(member.name) + "' is missing.";
    }
  }
  return std::nullopt;
}

constexpr Need kMust = Need::kRequired;
const Members kNeeds = {{"procedure", Kind::kId, kMust}, {"configuration", Kind::kId}};
const Members kComparability = {
    {"key", Kind::kText, kMust}, {"tolerance", Kind::kNumber}, {"blocks", Kind::kFlag}};
const Members kRule = {{"guard_band_ratio", Kind::kNumber, kMust},
                       {"coverage_factor", Kind::kNumber}};
const Members kLimit = {{"procedure", Kind::kId},           {"quantity", Kind::kText, kMust},
                        {"definition", Kind::kText, kMust}, {"comparator", Kind::kText},
                        {"channel", Kind::kText},           {"lower", Kind::kNumber},
                        {"upper", Kind::kNumber},           {"warning_lower", Kind::kNumber},
                        {"warning_upper", Kind::kNumber},   {"source", Kind::kText}};
const Members kRepeat = {{"value", Kind::kNumber, kMust},
                         {"u_estimate", Kind::kNumber},
                         {"performer", Kind::kText, kMust},
                         {"day", Kind::kDay, kMust}};
const Members kStudyValue = {{"quantity", Kind::kText, kMust},
                             {"definition", Kind::kText, kMust},
                             {"repeats", Kind::kRows, kMust, &kRepeat}};

const Members* MembersOf(std::string_view type) {
  static const Members kInstrument = {{"id", Kind::kId, kMust},     {"name", Kind::kText, kMust},
                                      {"place", Kind::kText},       {"technique", Kind::kText},
                                      {"responsible", Kind::kText}, {"serial", Kind::kText}};
  static const Members kConfiguration = {{"id", Kind::kId, kMust},
                                         {"instrument", Kind::kId, kMust},
                                         {"name", Kind::kText},
                                         {"modality", Kind::kText},
                                         {"setup", Kind::kScalars}};
  static const Members kProfile = {{"id", Kind::kId, kMust},
                                   {"name", Kind::kText, kMust},
                                   {"needs", Kind::kRows, kMust, &kNeeds}};
  static const Members kProcedure = {
      {"id", Kind::kId, kMust},
      {"version", Kind::kVersion, kMust},
      {"title", Kind::kText, kMust},
      {"analysis", Kind::kId, kMust},
      {"text", Kind::kText},
      {"recurrence", Kind::kText, kMust},
      {"start", Kind::kDay, kMust},
      {"window_start_d", Kind::kCount},
      {"window_end_d", Kind::kCount, kMust},
      {"scope", Kind::kText},
      {"definitions", Kind::kScalars},
      {"comparability", Kind::kRows, Need::kOptional, &kComparability},
      {"requires_uncertainty", Kind::kFlag},
      {"suspect_working_days", Kind::kCount},
      {"review", Kind::kText},
      {"decision_rule", Kind::kObject, kMust, &kRule}};
  static const Members kLimitSet = {{"procedure", Kind::kId, kMust},
                                    {"version", Kind::kVersion, kMust},
                                    {"limits", Kind::kRows, kMust, &kLimit}};
  static const Members kAssignment = {{"procedure", Kind::kId, kMust},
                                      {"configuration", Kind::kId, kMust},
                                      {"instrument", Kind::kId, kMust}};
  static const Members kStudy = {{"instrument", Kind::kId, kMust},
                                 {"configuration", Kind::kId, kMust},
                                 {"procedure", Kind::kId, kMust},
                                 {"values", Kind::kRows, kMust, &kStudyValue}};
  static const Members kScale = {{"instrument", Kind::kId, kMust},
                                 {"configuration", Kind::kId, kMust},
                                 {"relative_u", Kind::kNumber, kMust},
                                 {"certificate", Kind::kText, kMust},
                                 {"valid_until", Kind::kDay, kMust}};
  static const Members kHold = {{"id", Kind::kId, kMust},     {"instrument", Kind::kId, kMust},
                                {"configuration", Kind::kId}, {"reason", Kind::kText, kMust},
                                {"from", Kind::kText},        {"to", Kind::kText}};
  static const Members kRelease = {{"id", Kind::kId, kMust}, {"reason", Kind::kText, kMust}};
  static const Members kReview = {
      {"measurement", Kind::kId, kMust}, {"reviewer", Kind::kText}, {"comment", Kind::kText}};
  static const std::array<std::pair<std::string_view, const Members*>, 11> kTypes = {
      {{"instrument_registered", &kInstrument},
       {"configuration_registered", &kConfiguration},
       {"profile_described", &kProfile},
       {"procedure_approved", &kProcedure},
       {"limit_set_approved", &kLimitSet},
       {"assignment_made", &kAssignment},
       {"repeat_study_recorded", &kStudy},
       {"scale_recorded", &kScale},
       {"hold_placed", &kHold},
       {"hold_released", &kRelease},
       {"measurement_reviewed", &kReview}}};
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& entry) { return entry.first == type; });
  return found == kTypes.end() ? nullptr : found->second;
}

MaybeFault PairFault(const json& row, const char* lower, const char* upper, const std::string& at) {
  if (row.contains(lower) && row.contains(upper) &&
      row[lower].get<double>() > row[upper].get<double>()) {
    return "'" + at + lower + "' must not be above '" + upper + "'.";
  }
  return std::nullopt;
}

MaybeFault LimitsFault(const json& body) {
  for (std::size_t i = 0; i < body["limits"].size(); ++i) {
    const json& row = body["limits"][i];
    const std::string at = "limits[" + std::to_string(i) + "].";
    if (!row.contains("lower") && !row.contains("upper")) {
      return "'" + at + "lower' or '" + at + "upper' must be given.";
    }
    if (auto fault = PairFault(row, "lower", "upper", at)) return fault;
    if (auto fault = PairFault(row, "warning_lower", "warning_upper", at)) return fault;
    if (auto fault = PairFault(row, "lower", "warning_lower", at)) return fault;
    if (auto fault = PairFault(row, "warning_upper", "upper", at)) return fault;
  }
  return std::nullopt;
}

MaybeFault RuleFault(const json& rule) {
  const double ratio = rule["guard_band_ratio"].get<double>();
  const double factor = rule.value("coverage_factor", 2.0);
  if (ratio < 0.0 || ratio > 3.0) return "'decision_rule.guard_band_ratio' must be 0 to 3.";
  if (factor < 1.0 || factor > 4.0) return "'decision_rule.coverage_factor' must be 1 to 4.";
  return std::nullopt;
}

MaybeFault ProcedureFault(const json& body) {
  try {
    (void)NextOccurrence(body["recurrence"].get<std::string>(), Day(), Day());
  } catch (const std::invalid_argument& error) {
    return std::string("'recurrence': ") + error.what() + ".";
  }
  if (body.contains("review") && body["review"] != "by_rule" && body["review"] != "by_person") {
    return "'review' must be by_rule or by_person.";
  }
  for (const json& key : body.value("comparability", json::array())) {
    if (key.value("tolerance", 0.0) < 0.0) return "'comparability.tolerance' must be 0 or more.";
  }
  return RuleFault(body["decision_rule"]);
}

}  // namespace

std::optional<std::string> Fault(std::string_view type, const json& body) {
  const Members* members = MembersOf(type);
  if (members == nullptr) return "'" + std::string(type.substr(0, 64)) + "' is no register event.";
  if (!body.is_object()) return "The body must be a table.";
  if (auto fault = ShapeFault(*members, body, "")) return fault;
  if (type == "limit_set_approved") return LimitsFault(body);
  if (type == "procedure_approved") return ProcedureFault(body);
  if (type == "scale_recorded" && body["relative_u"].get<double>() < 0.0) {
    return "'relative_u' must be 0 or more.";
  }
  return std::nullopt;
}

}  // namespace sop
