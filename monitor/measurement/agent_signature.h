#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sop/journal/ed25519.h"

namespace monitor::measurement {

/// An agent with its own key: what signs a submission.
struct AgentSigner {
  std::string agent;  ///< its name, "confocal-room"
  sop::journal::SigningKey key;
  [[nodiscard]] std::string KeyId() const;
};

/// What a member `signature` says: {"agent", "key_id", "value"}, all texts.
struct AgentSignature {
  std::string agent;
  std::string key_id;
  std::string value;  ///< base64 of the 64 bytes
};

/// The bytes that an agent signs: the RFC 8785 form of the object without its `signature`, and
/// without `clock_read`, which the journal adds to an event's body when the clock ran back.
/// Errors  sop::journal::CanonicalJsonError.
[[nodiscard]] std::string SignedBytes(nlohmann::json object);

/// Sets the object's `signature`, in place of any that it had.
void Sign(nlohmann::json& object, const AgentSigner& signer);

/// Nothing when the object has no `signature` of that form.
[[nodiscard]] std::optional<AgentSignature> SignatureOf(const nlohmann::json& object);

/// Whether the object's signature holds under the public key (base64), whoever it names.
[[nodiscard]] bool IsSignedBy(const nlohmann::json& object, const std::string& public_key);

}  // namespace monitor::measurement
