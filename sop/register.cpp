#include "sop/register.h"

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "sop/iso_time.h"
#include "sop/recurrence.h"
#include "sop/repeat_study.h"
#include "sop/rights.h"

namespace sop {
namespace {

using nlohmann::json;
using MaybeFault = std::optional<Fault>;

// A schedule is also counted from the day of a check. This is the last day of the longest month:
// rules that leave out short months are the first to find nothing from here.
constexpr Day kHardestDay{std::chrono::year{2026} / 1 / 31};

Fault Wrong(const std::string& path, const std::string& expected) {
  return {FaultKind::kWrongValue, path, "'" + path + "' must be " + expected};
}

MaybeFault OrderFault(const json& row, const char* low, const char* high, const std::string& at) {
  if (!row.contains(low) || !row.contains(high)) return std::nullopt;
  if (row[low].get<double>() <= row[high].get<double>()) return std::nullopt;
  return Wrong(at + low, std::string("at most '") + high + "'");
}

/// Which results a limit row judges. A channel is a name or its number as text.
std::string Judges(const json& row) {
  const json channel = row.value("channel", json(""));
  const std::string name = channel.is_string() ? channel.get<std::string>() : channel.dump();
  return json::array({row["quantity"], row["definition"], row.value("comparator", ""), name})
      .dump();
}

MaybeFault LimitsFault(const json& body) {
  std::set<std::string> judged;
  for (std::size_t i = 0; i < body["limits"].size(); ++i) {
    const json& row = body["limits"][i];
    const std::string path = "limits[" + std::to_string(i) + "]";
    if (!row.contains("lower") && !row.contains("upper")) {
      return Fault{FaultKind::kMissingMember, path, "'" + path + "' needs 'lower' or 'upper'"};
    }
    if (!judged.insert(Judges(row)).second) {
      return Wrong(path, "the only row for its quantity, definition, comparator and channel");
    }
    const std::string at = path + ".";
    if (auto fault = OrderFault(row, "lower", "upper", at)) return fault;
    if (auto fault = OrderFault(row, "warning_lower", "warning_upper", at)) return fault;
    if (auto fault = OrderFault(row, "lower", "warning_lower", at)) return fault;
    if (auto fault = OrderFault(row, "warning_upper", "upper", at)) return fault;
    if (auto fault = OrderFault(row, "lower", "warning_upper", at)) return fault;
    if (auto fault = OrderFault(row, "warning_lower", "upper", at)) return fault;
  }
  return std::nullopt;
}

MaybeFault RecurrenceFault(const json& body) {
  const std::string recurrence = body["recurrence"];
  const Day start =
      body.contains("start") ? *ParseDay(body["start"].get_ref<const std::string&>()) : Day();
  try {
    static_cast<void>(NextOccurrence(recurrence, start, start));
  } catch (const std::invalid_argument& error) {
    return Fault{FaultKind::kWrongValue, "recurrence", error.what()};
  }
  try {
    static_cast<void>(NextOccurrence(recurrence, kHardestDay, kHardestDay));
  } catch (const std::invalid_argument&) {
    return Fault{FaultKind::kWrongValue, "recurrence",
                 "recurrence '" + recurrence +
                     "' is never due after a check on the 31st; use FREQ=MONTHLY with BYMONTH"};
  }
  return std::nullopt;
}

MaybeFault DecisionRuleFault(const json& rule) {
  const double ratio = rule["guard_band_ratio"].get<double>();
  const double factor = rule.value("coverage_factor", 2.0);
  if (ratio < 0.0 || ratio > 3.0) return Wrong("decision_rule.guard_band_ratio", "0 to 3");
  if (factor < 1.0 || factor > 4.0) return Wrong("decision_rule.coverage_factor", "1 to 4");
  return std::nullopt;
}

MaybeFault ProcedureFault(const json& body) {
  if (auto fault = RecurrenceFault(body)) return fault;
  if (body.contains("review") && body["review"] != "by_rule" && body["review"] != "by_person") {
    return Wrong("review", "by_rule or by_person");
  }
  const json keys = body.value("comparability", json::array());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].value("tolerance", 0.0) >= 0.0) continue;
    return Wrong("comparability[" + std::to_string(i) + "].tolerance", "0 or more");
  }
  if (body.contains("decision_rule")) return DecisionRuleFault(body["decision_rule"]);
  return std::nullopt;
}

MaybeFault StudyFault(const json& body) {
  for (std::size_t i = 0; i < body["values"].size(); ++i) {
    const json& value = body["values"][i];
    std::vector<Repeat> repeats;
    for (const json& repeat : value["repeats"]) {
      repeats.push_back(
          {repeat["value"], repeat.value("u_estimate", 0.0), repeat["performer"], repeat["day"]});
    }
    if (AnalyseRepeatStudy(repeats).reproducibility) continue;
    return Fault{FaultKind::kStudyTooSmall, "values[" + std::to_string(i) + "].repeats",
                 "the repeats of " + value["quantity"].get<std::string>() +
                     " need at least 3 remounts, 2 people and 2 days"};
  }
  return std::nullopt;
}

MaybeFault NameFault(const json& body) {
  constexpr std::size_t kLongestName = 200;
  const auto size = body["name"].get_ref<const std::string&>().size();
  if (size >= 1 && size <= kLongestName) return std::nullopt;
  return Wrong("name", "1 to 200 bytes: it is printed beside signatures");
}

/// Ids of accounts stand as actors in the journal: short, one spelling each, and not one of those
/// that the service itself acts under.
MaybeFault AccountFault(const json& body) {
  static const std::set<std::string, std::less<>> kReserved = {"admin", "agent", "public",
                                                               "service"};
  const std::string id = body["id"];
  for (const char c : id) {
    if (c >= 'A' && c <= 'Z') return Wrong("id", "in lower case");
  }
  if (kReserved.contains(id)) return Wrong("id", "another word: the service uses '" + id + "'");
  const std::string kind = body.value("kind", "person");
  if (kind != "person" && kind != "system") return Wrong("kind", "person or system");
  return NameFault(body);
}

MaybeFault RoleFault(const json& body) {
  const bool is_public = body["id"] == kPublicRole;
  for (std::size_t i = 0; i < body["rights"].size(); ++i) {
    const std::string path = "rights[" + std::to_string(i) + "]";
    const Right* right = FindRight(body["rights"][i].get_ref<const std::string&>());
    if (right == nullptr) return Wrong(path, "a right of the list at /api/v1/roles");
    if (is_public && !right->publishable) {
      return Wrong(path, "a right that only reads: 'public' is everybody who has not signed in");
    }
  }
  return std::nullopt;
}

MaybeFault GrantFault(const json& body) {
  if (body["role"] == kPublicRole || body["role"] == kAgentRole) {
    return Wrong("role", "one for people; 'public' and 'agent' are not granted");
  }
  return std::nullopt;
}

}  // namespace

MaybeFault RegisterFault(std::string_view type, const json& body) {
  const Shape* shape = RegisterShape(type);
  if (shape == nullptr) {
    return Fault{FaultKind::kUnknownType, "",
                 "'" + std::string(type.substr(0, 64)) + "' is no register event"};
  }
  if (auto fault = ShapeFault(*shape, body, "")) return fault;
  if (type == "procedure_approved") return ProcedureFault(body);
  if (type == "limit_set_approved") return LimitsFault(body);
  if (type == "repeat_study_recorded") return StudyFault(body);
  if (type == "account_created") return AccountFault(body);
  if (type == "account_changed") return NameFault(body);
  if (type == "role_defined") return RoleFault(body);
  if (type == "role_granted") return GrantFault(body);
  if (type == "scale_recorded" && body["relative_u"].get<double>() < 0.0) {
    return Wrong("relative_u", "0 or more");
  }
  if (type == "measurement_reviewed" && body["meaning"] != "reviewed") {
    return Wrong("meaning", "reviewed");
  }
  return std::nullopt;
}

}  // namespace sop
