#include "monitor/service/command_rules.h"

#include <algorithm>
#include <cmath>

#include "monitor/measurement/nearest.h"
#include "monitor/service/record.h"
#include "monitor/service/time_text.h"
#include "sop/repeat_study.h"
#include "sop/schedule.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxTextBytes = 100'000;
constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxRows = 1000;
constexpr std::int64_t kMaxInteger = 1'000'000;
constexpr std::string_view kDefaultStart = "2018-01-01";  ///< a Monday, the first of a month

[[noreturn]] void Wrong(const std::string& path, const std::string& expected) {
  throw Problem(422, "wrong_value", path + " must be " + expected);
}

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

void CheckScalar(const Member& member, const Json& value, const std::string& path) {
  const bool text =
      value.is_string() && value.get_ref<const std::string&>().size() <= kMaxTextBytes;
  const bool integer = value.is_number_integer() && std::abs(value.get<double>()) <= kMaxInteger;
  switch (member.kind) {
    case Kind::kId:
      if (text && IsId(value.get_ref<const std::string&>())) return;
      Wrong(path, "1 to 64 letters, digits, dots, dashes or underscores");
    case Kind::kText:
      if (text) return;
      Wrong(path, "text of at most 100000 bytes");
    case Kind::kNumber:
      if (value.is_number() && std::isfinite(value.get<double>())) return;
      Wrong(path, "a number");
    case Kind::kInteger:
      if (integer) return;
      Wrong(path, "a whole number");
    case Kind::kVersion:
      if (integer || (text && !value.get_ref<const std::string&>().empty())) return;
      Wrong(path, "a whole number or text");
    case Kind::kFlag:
      if (value.is_boolean()) return;
      Wrong(path, "true or false");
    case Kind::kDay:
      if (text && ParseDay(value.get_ref<const std::string&>())) return;
      Wrong(path, "a day as 2026-11-22");
    case Kind::kTime:
      if (text && ParseTime(value.get_ref<const std::string&>())) return;
      Wrong(path, "a time as 2026-11-22T10:00:00Z");
    case Kind::kMap:
    case Kind::kObject:
    case Kind::kRows:
      return;
  }
}

void CheckMap(const Json& value, const std::string& path) {
  if (!value.is_object() || value.size() > kMaxRows) Wrong(path, "an object of plain values");
  for (const auto& [name, entry] : value.items()) {
    const bool scalar = entry.is_string() || entry.is_boolean() || entry.is_number();
    const bool numbers = entry.is_array() && std::all_of(entry.begin(), entry.end(),
                                                         [](auto& e) { return e.is_number(); });
    if (!scalar && !numbers) Wrong(path + "." + name, "text, a number, true or false");
  }
}

void CheckMember(const Member& member, const Json& value, const std::string& path) {
  switch (member.kind) {
    case Kind::kMap:
      return CheckMap(value, path);
    case Kind::kObject:
      return CheckShape(*member.of, value, path);
    case Kind::kRows: {
      if (!value.is_array() || value.size() > kMaxRows) Wrong(path, "a list of at most 1000 rows");
      std::size_t i = 0;
      for (const Json& row : value) {
        CheckShape(*member.of, row, path + "[" + std::to_string(i++) + "]");
      }
      return;
    }
    case Kind::kId:
    case Kind::kText:
    case Kind::kNumber:
    case Kind::kInteger:
    case Kind::kVersion:
    case Kind::kFlag:
    case Kind::kDay:
    case Kind::kTime:
      return CheckScalar(member, value, path);
  }
}

void Default(Json& body, const char* name, Json value) {
  if (!body.contains(name)) body[name] = std::move(value);
}

sop::Schedule ScheduleFrom(const Json& body) {
  sop::Schedule schedule;
  schedule.recurrence = body.at("recurrence");
  schedule.start = *ParseDay(body.at("start").get_ref<const std::string&>());
  if (body.contains("window_start_d")) schedule.window_start_d = body["window_start_d"];
  schedule.window_end_d = body.at("window_end_d");
  return schedule;
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
  const std::string review = body.at("review");
  if (review != "by_rule" && review != "by_person") Wrong("review", "by_rule or by_person");
  for (const char* days : {"window_start_d", "window_end_d", "suspect_working_days"}) {
    if (body.contains(days) && body[days].get<int>() < 0) Wrong(days, "0 or more");
  }
  if (body["decision_rule"]["guard_band_ratio"].get<double>() < 0 ||
      body["decision_rule"]["coverage_factor"].get<double>() <= 0) {
    Wrong("decision_rule", "a ratio of 0 or more with a coverage factor above 0");
  }
  try {
    const sop::Schedule schedule = ScheduleFrom(body);
    static_cast<void>(sop::NextDue(schedule, std::nullopt, schedule.start));
  } catch (const std::invalid_argument& error) {
    throw Problem(422, "wrong_value", std::string("recurrence cannot be read: ") + error.what());
  }
}

void CheckLimits(const Json& body) {
  std::size_t i = 0;
  for (const Json& limit : body.at("limits")) {
    const std::string path = "limits[" + std::to_string(i++) + "]";
    const auto bound = [&](const char* name) -> std::optional<double> {
      return limit.contains(name) ? std::optional<double>(limit[name].get<double>()) : std::nullopt;
    };
    if (!bound("lower") && !bound("upper")) {
      throw Problem(422, "missing_field", path + " needs a lower or an upper limit");
    }
    if (bound("lower") && bound("upper") && *bound("lower") > *bound("upper")) {
      Wrong(path + ".lower", "at most the upper limit");
    }
  }
}

void CheckRepeatStudy(const Json& body) {
  for (const Json& value : body.at("values")) {
    std::vector<sop::Repeat> repeats;
    for (const Json& repeat : value.at("repeats")) {
      repeats.push_back({repeat.at("value"), repeat.value("u_estimate", 0.0),
                         repeat.at("performer"), repeat.at("day")});
    }
    if (!sop::AnalyseRepeatStudy(repeats).reproducibility) {
      throw Problem(422, "repeat_study_too_small",
                    "the repeats of " + value.at("quantity").get<std::string>() +
                        " need at least 3 remounts, 2 people and 2 days, and positive values");
    }
  }
}

}  // namespace

const Member* Shape::Find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

std::vector<std::string_view> Shape::Names() const {
  std::vector<std::string_view> names;
  for (const Member& member : members) names.push_back(member.name);
  return names;
}

void CheckShape(const Shape& shape, const Json& value, const std::string& path) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (!value.is_object()) Wrong(path.empty() ? "the body" : path, "an object");
  for (const auto& [name, entry] : value.items()) {
    const Member* member = shape.Find(name);
    if (member == nullptr) {
      const std::string nearest = measurement::NearestWord(name, shape.Names());
      throw Problem(422, "unknown_field",
                    prefix + name + " is not known here" +
                        (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }
    CheckMember(*member, entry, prefix + name);
  }
  for (const Member& member : shape.members) {
    if (member.required && !value.contains(member.name)) {
      throw Problem(422, "missing_field", prefix + std::string(member.name) + " is missing");
    }
  }
}

Json NormaliseCommand(std::string_view type, Json body) {
  const Shape* shape = CommandShape(type);
  if (shape == nullptr) {
    throw Problem(400, "unknown_command", "there is no command " + std::string(type));
  }
  CheckShape(*shape, body, "");
  if (type == "procedure_approved") NormaliseProcedure(body);
  if (type == "limit_set_approved") CheckLimits(body);
  if (type == "repeat_study_recorded") CheckRepeatStudy(body);
  if (type == "configuration_registered") Default(body, "name", body.at("id"));
  if (type == "scale_recorded" && body.at("relative_u").get<double>() < 0) {
    Wrong("relative_u", "0 or more");
  }
  if (type == "measurement_reviewed" && body.at("meaning") != "reviewed") {
    Wrong("meaning", "reviewed");
  }
  return body;
}

}  // namespace monitor::service
