#include "monitor/service/agent_register.h"

#include <algorithm>

#include "monitor/measurement/agent_signature.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

constexpr std::string_view kPrefix = "agent:";

Json KeyOf(const Json& public_key) {
  const auto& text = public_key.get_ref<const std::string&>();
  return {{"id", sop::journal::KeyIdOf(text).value()}, {"public_key", text}};
}

}  // namespace

std::string AgentNameOf(std::string_view subject) {
  return std::string(subject.starts_with(kPrefix) ? subject.substr(kPrefix.size()) : "");
}

std::string AgentSubject(std::string_view name) { return std::string(kPrefix).append(name); }

void ProjectAgent(sop::store::Transaction& tables, const PlacedEvent& event) {
  const std::string& type = event.event.type;
  const Json& body = event.event.body;
  if (type != "agent_enrolled" && type != "agent_key_rotated" && type != "agent_revoked") return;
  const std::string name = body.at("agent");
  Json entry;
  if (type == "agent_enrolled") {
    entry = {{"agent", name},
             {"instruments", body.at("instruments")},
             {"key", KeyOf(body.at("public_key"))},
             {"state", "enrolled"},
             {"enrolled_at", event.event.recorded_at}};
  } else {
    entry = Json::parse(tables.Row(Table::kAgent, name, event.idx).value().body);
    if (type == "agent_key_rotated") {
      entry["key"] = KeyOf(body.at("public_key"));
    } else {
      entry["state"] = "revoked";
      entry["reason"] = body.at("reason");
    }
  }
  tables.Put(Table::kAgent, {name, "", event.idx, sop::store::kForever, event.recorded_ms,
                             sop::journal::Canonicalise(entry)});
}

std::int64_t CheckSubmissionOf(std::string_view name, const Json& envelope,
                               const sop::store::Reader& tables, std::int64_t at) {
  const std::string agent(name);
  const auto row = tables.Row(Table::kAgent, agent, at);
  if (!row) {
    throw Problem(403, "agent_not_enrolled",
                  "agent " + agent + " has no key; enrol it with a code: etalon agent enrol");
  }
  const Json entry = Json::parse(row->body);
  if (entry.at("state") == "revoked") {
    throw Problem(403, "agent_revoked",
                  "agent " + agent + " was revoked: " + entry.at("reason").get<std::string>());
  }
  const auto signature = measurement::SignatureOf(envelope);
  if (!signature) {
    throw Problem(403, "signature_missing", "agent " + agent + " must sign what it submits");
  }
  const Json measured_by = envelope.value("agent", Json::object()).value("name", Json());
  if (signature->agent != agent || measured_by != agent) {
    throw Problem(403, "signature_wrong_agent",
                  "the signature or the measurement is that of another agent than " + agent);
  }
  if (signature->key_id != entry.at("key").at("id")) {
    throw Problem(403, "signature_wrong_key",
                  "key " + signature->key_id + " is not the key of agent " + agent);
  }
  if (!measurement::IsSignedBy(envelope, entry["key"].at("public_key"))) {
    throw Problem(422, "signature_invalid",
                  "the signature of agent " + agent + " does not hold for these bytes");
  }
  const Json& instruments = entry.at("instruments");
  const Json instrument = envelope.at("instrument");
  if (std::find(instruments.begin(), instruments.end(), instrument) == instruments.end()) {
    throw Problem(422, "instrument_not_enrolled",
                  "agent " + agent + " is not enrolled for " + instrument.get<std::string>());
  }
  return row->from_index;
}

void CheckCarriedSignature(const Json& envelope, const sop::store::Reader& tables,
                           std::int64_t at) {
  const auto signature = measurement::SignatureOf(envelope);
  if (signature) CheckSubmissionOf(signature->agent, envelope, tables, at);
}

}  // namespace monitor::service
