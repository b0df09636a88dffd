#include "monitor/cli/verify_signatures.h"

#include "monitor/measurement/agent_signature.h"

namespace monitor::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kAgent = "agent:";

}  // namespace

void SignatureCheck::Note(std::int64_t index, const sop::journal::Event& event) {
  try {
    if (event.type == "measurement_received") {
      NoteMeasurement(index, event.actor, event.body);
    } else if (event.type.starts_with("agent_")) {
      NoteKey(index, event.type, event.body);
    }
  } catch (const std::exception&) {
    Report(index, "the " + event.type + " cannot be read");
  }
}

void SignatureCheck::NoteKey(std::int64_t index, std::string_view type, const json& body) {
  const std::string agent = body.at("agent");
  if (type == "agent_revoked") {
    keys_[agent].revoked = true;
    return;
  }
  if (type == "agent_key_rotated" && !measurement::IsSignedBy(body, keys_[agent].public_key)) {
    Report(index, "the new key of agent " + agent + " is not signed by the one it replaces");
  }
  if (type != "agent_enrolled" && type != "agent_key_rotated") return;
  const std::string key = body.at("public_key");
  keys_[agent] = {sop::journal::KeyIdOf(key).value_or(""), key, false};
}

void SignatureCheck::NoteMeasurement(std::int64_t index, std::string_view actor, const json& body) {
  const auto signature = measurement::SignatureOf(body);
  std::string agent = signature ? signature->agent : "";
  if (actor.starts_with(kAgent)) {
    agent = actor.substr(kAgent.size());
    if (!signature && !keys_.contains(agent)) {
      ++before_enrolment_;
      return;
    }
  }
  if (agent.empty()) return;  // a person's
  ++checked_;
  const auto key = keys_.find(agent);
  if (!signature) {
    Report(index, "the measurement of agent " + agent + " is not signed");
  } else if (key == keys_.end() || key->second.revoked) {
    Report(index, "agent " + agent + " had no key then");
  } else if (signature->agent != agent || signature->key_id != key->second.id) {
    Report(index, "key " + signature->key_id + " was not the key of agent " + agent + " then");
  } else if (!measurement::IsSignedBy(body, key->second.public_key)) {
    Report(index, "the measurement is not what agent " + agent + " signed");
  }
}

void SignatureCheck::Report(std::int64_t index, const std::string& sentence) {
  if (findings_.size() == kShown) {
    ++unnamed_;
    return;
  }
  findings_.push_back("signature_invalid at event " + std::to_string(index) + ": " + sentence +
                      ".");
}

SignatureCheck::Result SignatureCheck::Finish() const {
  Result result{findings_, unnamed_, ""};
  if (checked_ + before_enrolment_ == 0) return result;
  result.summary =
      "agents: checked the signatures of " + std::to_string(checked_) + " measurements";
  if (before_enrolment_ > 0) {
    result.summary += "; " + std::to_string(before_enrolment_) +
                      " are from before their agent had a key, and unsigned";
  }
  return result;
}

}  // namespace monitor::cli
