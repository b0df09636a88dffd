#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sop {

/// What a signature may mean, and the right that whoever signs so must hold.
struct SignatureMeaning {
  std::string_view id;     ///< "approved"
  std::string_view right;  ///< "procedure.approve"
};

/// performed, reviewed, approved, released, rejected, authored, acknowledged, override.
[[nodiscard]] std::span<const SignatureMeaning> SignatureMeanings();
[[nodiscard]] const SignatureMeaning* FindSignatureMeaning(std::string_view id);

/// Four eyes: who signs `meaning` must not have acted in the record in one of the other meanings.
struct FourEyesRule {
  std::string meaning;
  std::string kind;  ///< of record; empty: every kind
  std::set<std::string> not_same_as;
};

/// A command that is taken with a signature only.
struct RequiredSignature {
  std::string command;  ///< the event that it appends, "procedure_approved"
  std::string meaning;
};

/// A facility's policy on signatures, as the event `signing_policy_set` keeps it.
struct SigningPolicy {
  std::vector<FourEyesRule> rules;
  std::vector<RequiredSignature> required;
};

/// In force until a facility sets its own: who approves has not authored, who reviews or rejects
/// has not performed; no command asks for a signature.
[[nodiscard]] const SigningPolicy& BuiltInSigningPolicy();

/// Reads {"rules": [{"meaning", "kind"?, "not_same_as": [meanings]}], "required": [{"command",
/// "meaning"}]}; nothing when it says anything else, with one sentence in `why`.
[[nodiscard]] std::optional<SigningPolicy> ReadSigningPolicy(const nlohmann::json& body,
                                                             std::string& why);
[[nodiscard]] nlohmann::json SigningPolicyJson(const SigningPolicy& policy);

/// Which accounts acted in a record, by meaning.
using ActedBy = std::map<std::string, std::set<std::string>, std::less<>>;

/// The meaning in which `account` acted in the record already, so that the policy keeps it from
/// signing `meaning`. Accounts are compared, never names: two people may share a name, and one may
/// change it.
[[nodiscard]] std::optional<std::string> FourEyesConflict(const SigningPolicy& policy,
                                                          std::string_view meaning,
                                                          std::string_view kind,
                                                          const std::string& account,
                                                          const ActedBy& acted);

/// The meaning that the policy asks of a command; nothing when it asks for none.
[[nodiscard]] std::optional<std::string> RequiredMeaning(const SigningPolicy& policy,
                                                         std::string_view command);

}  // namespace sop
