#include "sop/signing.h"

#include <algorithm>
#include <array>

namespace sop {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRules = 100;

constexpr std::array kMeanings = {
    SignatureMeaning{"acknowledged", "record.read"},
    SignatureMeaning{"approved", "procedure.approve"},
    SignatureMeaning{"authored", "record.read"},
    SignatureMeaning{"override", "hold.release"},
    SignatureMeaning{"performed", "measurement.submit"},
    SignatureMeaning{"rejected", "measurement.review"},
    SignatureMeaning{"released", "hold.release"},
    SignatureMeaning{"reviewed", "measurement.review"},
};

bool IsText(const json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

bool HasOnly(const json& object, std::initializer_list<std::string_view> known) {
  return object.is_object() &&
         std::all_of(object.items().begin(), object.items().end(), [&](const auto& member) {
           return std::find(known.begin(), known.end(), member.key()) != known.end();
         });
}

bool IsMeaning(const json& value) {
  return IsText(value) && FindSignatureMeaning(value.get_ref<const std::string&>()) != nullptr;
}

bool IsRule(const json& row) {
  if (!HasOnly(row, {"meaning", "kind", "not_same_as"})) return false;
  const json others = row.value("not_same_as", json());
  return IsMeaning(row.value("meaning", json())) && IsText(row.value("kind", json("every"))) &&
         others.is_array() && !others.empty() &&
         std::all_of(others.begin(), others.end(), IsMeaning);
}

bool IsRequired(const json& row) {
  return HasOnly(row, {"command", "meaning"}) && IsText(row.value("command", json())) &&
         IsMeaning(row.value("meaning", json()));
}

bool AreRows(const json& rows, bool (*is_row)(const json&)) {
  return rows.is_array() && rows.size() <= kMostRules &&
         std::all_of(rows.begin(), rows.end(), is_row);
}

}  // namespace

std::span<const SignatureMeaning> SignatureMeanings() { return kMeanings; }

const SignatureMeaning* FindSignatureMeaning(std::string_view id) {
  const auto found = std::find_if(kMeanings.begin(), kMeanings.end(),
                                  [&](const SignatureMeaning& one) { return one.id == id; });
  return found == kMeanings.end() ? nullptr : &*found;
}

const SigningPolicy& BuiltInSigningPolicy() {
  static const SigningPolicy kPolicy{{{"approved", "", {"authored"}},
                                      {"reviewed", "", {"performed"}},
                                      {"rejected", "", {"performed"}}},
                                     {}};
  return kPolicy;
}

std::optional<SigningPolicy> ReadSigningPolicy(const json& body, std::string& why) {
  if (!HasOnly(body, {"rules", "required"})) {
    why = "a signing policy has 'rules' and 'required'";
    return std::nullopt;
  }
  const json rules = body.value("rules", json::array());
  const json required = body.value("required", json::array());
  if (!AreRows(rules, IsRule)) {
    why = "each of 'rules' must be {\"meaning\", \"kind\"?, \"not_same_as\": [meanings]}";
    return std::nullopt;
  }
  if (!AreRows(required, IsRequired)) {
    why = "each of 'required' must be {\"command\", \"meaning\"}";
    return std::nullopt;
  }
  SigningPolicy policy;
  for (const json& row : rules) {
    policy.rules.push_back({row["meaning"], row.value("kind", ""), row["not_same_as"]});
  }
  for (const json& row : required) policy.required.push_back({row["command"], row["meaning"]});
  return policy;
}

json SigningPolicyJson(const SigningPolicy& policy) {
  json rules = json::array();
  for (const FourEyesRule& rule : policy.rules) {
    rules.push_back({{"meaning", rule.meaning}, {"not_same_as", rule.not_same_as}});
    if (!rule.kind.empty()) rules.back()["kind"] = rule.kind;
  }
  json required = json::array();
  for (const RequiredSignature& row : policy.required) {
    required.push_back({{"command", row.command}, {"meaning", row.meaning}});
  }
  return {{"rules", std::move(rules)}, {"required", std::move(required)}};
}

std::optional<std::string> FourEyesConflict(const SigningPolicy& policy, std::string_view meaning,
                                            std::string_view kind, const std::string& account,
                                            const ActedBy& acted) {
  for (const FourEyesRule& rule : policy.rules) {
    if (rule.meaning != meaning || !(rule.kind.empty() || rule.kind == kind)) continue;
    for (const std::string& other : rule.not_same_as) {
      const auto accounts = acted.find(other);
      if (accounts != acted.end() && accounts->second.contains(account)) return other;
    }
  }
  return std::nullopt;
}

std::optional<std::string> RequiredMeaning(const SigningPolicy& policy, std::string_view command) {
  for (const RequiredSignature& row : policy.required) {
    if (row.command == command) return row.meaning;
  }
  return std::nullopt;
}

}  // namespace sop
