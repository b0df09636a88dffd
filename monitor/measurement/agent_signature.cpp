#include "monitor/measurement/agent_signature.h"

#include "sop/journal/canonical_json.h"

namespace monitor::measurement {
namespace {

using nlohmann::json;

constexpr const char* kSignature = "signature";
constexpr const char* kClockRead = "clock_read";

}  // namespace

std::string AgentSigner::KeyId() const {
  return sop::journal::KeyIdOf(sop::journal::PublicKeyOf(key)).value();
}

std::string SignedBytes(json object) {
  object.erase(kSignature);
  object.erase(kClockRead);
  return sop::journal::Canonicalise(object);
}

void Sign(json& object, const AgentSigner& signer) {
  object[kSignature] = {{"agent", signer.agent},
                        {"key_id", signer.KeyId()},
                        {"value", sop::journal::SignBytes(SignedBytes(object), signer.key)}};
}

std::optional<AgentSignature> SignatureOf(const json& object) {
  const auto signature = object.find(kSignature);
  if (signature == object.end() || !signature->is_object() || signature->size() != 3) {
    return std::nullopt;
  }
  for (const char* member : {"agent", "key_id", "value"}) {
    const auto found = signature->find(member);
    if (found == signature->end() || !found->is_string()) return std::nullopt;
  }
  return AgentSignature{signature->at("agent"), signature->at("key_id"), signature->at("value")};
}

bool IsSignedBy(const json& object, const std::string& public_key) {
  const auto signature = SignatureOf(object);
  return signature &&
         sop::journal::SignatureHolds(SignedBytes(object), signature->value, public_key);
}

}  // namespace monitor::measurement
