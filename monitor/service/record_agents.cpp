#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "monitor/measurement/agent_signature.h"
#include "monitor/service/agent_register.h"
#include "monitor/service/command_rules.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "monitor/service/secret.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;
using Kind = sop::Member::Kind;

/// A code is typed by hand: no letter is taken for another; 25 of them hold 125 random bits.
constexpr std::string_view kLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr int kCodeLetters = 25;
constexpr int kCodeGroup = 5;
constexpr double kDefaultHours = 24.0;
constexpr double kLongestHours = 14.0 * 24.0;
constexpr std::size_t kMostInstruments = 200;

std::string NewCode() {
  std::string code;
  for (int i = 0; i < kCodeLetters; ++i) {
    if (i > 0 && i % kCodeGroup == 0) code += '-';
    code += kLetters[randombytes_uniform(static_cast<std::uint32_t>(kLetters.size()))];
  }
  return code;
}

Json Appended(const Json& answer, const PlacedEvent& placed, const sop::store::Reader& tables) {
  Json whole = answer;
  whole["log_index"] = placed.idx;
  whole["recorded_at"] = placed.event.recorded_at;
  whole["checkpoint"] = tables.CheckpointCovering(placed.idx).value().note;
  return whole;
}

/// Nothing is read into a name: it becomes part of an actor and of a file's text.
void RequireName(const std::string& name) {
  const bool known_letters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (name.empty() || name.size() > 64 || !known_letters) {
    throw Problem(422, "wrong_value",
                  "agent must be 1 to 64 small letters, digits, dots, dashes and underscores");
  }
}

Json InstrumentsOf(const Json& body, const sop::store::Reader& tables, std::int64_t at) {
  const Json given = body.value("instruments", Json());
  if (!given.is_array() || given.empty() || given.size() > kMostInstruments) {
    throw Problem(422, "wrong_value", "instruments must be a list of ids, at least one");
  }
  Json sorted = Json::array();
  for (const Json& id : given) {
    if (!id.is_string()) throw Problem(422, "wrong_value", "instruments must be a list of ids");
    if (!tables.Row(Table::kInstrument, id.get_ref<const std::string&>(), at)) {
      throw Problem(
          422, "unknown_instrument",
          "instrument " + id.get<std::string>() + " is not in the register; register it first");
    }
    if (std::find(sorted.begin(), sorted.end(), id) == sorted.end()) sorted.push_back(id);
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::string RequirePublicKey(const Json& body) {
  const auto key = body.at("public_key").get<std::string>();
  if (!sop::journal::KeyIdOf(key)) {
    throw Problem(422, "wrong_value", "public_key must be the base64 of 32 bytes");
  }
  return key;
}

Json EntryOf(const sop::store::Reader& tables, std::int64_t at, const std::string& agent) {
  const auto row = tables.Row(Table::kAgent, agent, at);
  RequireFound(row.has_value(), "unknown_agent", "agent " + agent);
  return Json::parse(row->body);
}

}  // namespace

Json QualityRecord::OpenEnrolment(const Json& body, std::string_view actor) {
  static const sop::Shape kShape{{{"agent", Kind::kId, true}, {"expires_in_h", Kind::kNumber}}};
  Json checked = body;
  if (checked.is_object()) checked.erase("instruments");  // checked with the register at hand
  CheckShape(kShape, checked, "");
  const std::string agent = body.at("agent");
  RequireName(agent);
  const double hours = body.value("expires_in_h", kDefaultHours);
  if (hours <= 0.0 || hours > kLongestHours) {
    throw Problem(422, "wrong_value", "expires_in_h lies between 0 and 336 hours");
  }
  const std::string code = NewCode();
  PlacedEvent placed;
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    const Json instruments = InstrumentsOf(body, batch.tables(), batch.size());
    const Milliseconds expires =
        batch.Now() + std::chrono::milliseconds(static_cast<std::int64_t>(hours * 3'600'000.0));
    batch.tables().SetEnrolment(
        {SecretDigest(code), agent, sop::journal::Canonicalise(instruments), ToMs(expires)});
    placed = batch.Append(
        "agent_enrolment_opened",
        {{"agent", agent}, {"instruments", instruments}, {"expires_at", TimeText(expires)}}, actor);
  });
  return Appended({{"code", code},
                   {"agent", agent},
                   {"instruments", placed.event.body.at("instruments")},
                   {"expires_at", placed.event.body.at("expires_at")}},
                  placed, *impl_->store->Read());
}

Json QualityRecord::EnrolAgent(const Json& body) {
  static const sop::Shape kShape{{{"code", Kind::kText, true}, {"public_key", Kind::kText, true}}};
  CheckShape(kShape, body, "");
  const std::string key = RequirePublicKey(body);
  const std::string digest = SecretDigest(body.at("code").get_ref<const std::string&>());
  const std::string token = "etalon_" + RandomSecret();
  PlacedEvent placed;
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    const auto opened = batch.tables().Enrolment(digest);
    if (!opened || opened->expires_ms < ToMs(batch.Now())) {
      throw Problem(403, "enrolment_refused",
                    "this code is not known, was used or has expired; ask for a new one");
    }
    const std::string subject = AgentSubject(opened->agent);
    batch.tables().DropEnrolment(opened->agent);
    batch.tables().DropTokens(subject);
    batch.tables().AddToken({SecretDigest(token), subject, "agent"});
    placed = batch.Append("agent_enrolled",
                          {{"agent", opened->agent},
                           {"instruments", Json::parse(opened->instruments)},
                           {"public_key", key}},
                          subject);
  });
  return Appended({{"agent", placed.event.body.at("agent")},
                   {"instruments", placed.event.body.at("instruments")},
                   {"key_id", sop::journal::KeyIdOf(key).value()},
                   {"token", token}},
                  placed, *impl_->store->Read());
}

Json QualityRecord::RotateAgentKey(const Json& body, std::string_view agent) {
  static const sop::Shape kSignature{
      {{"agent", Kind::kText, true}, {"key_id", Kind::kText, true}, {"value", Kind::kText, true}}};
  static const sop::Shape kShape{{{"agent", Kind::kId, true},
                                  {"public_key", Kind::kText, true},
                                  {"replaces", Kind::kText, true},
                                  {"signature", Kind::kObject, true, &kSignature}}};
  CheckShape(kShape, body, "");
  const std::string key = RequirePublicKey(body);
  const std::string name(agent);
  std::int64_t idx = 0;
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    const Json entry = EntryOf(batch.tables(), batch.size(), name);
    const Json& current = entry.at("key");
    if (entry.at("state") != "enrolled" || body.at("agent") != name) {
      throw Problem(403, "signature_wrong_agent", "an agent changes its own key only");
    }
    if (current.at("public_key") == key) {  // the answer to the first request was lost
      idx = batch.tables().Row(Table::kAgent, name, batch.size())->from_index;
      return;
    }
    if (body.at("replaces") != current.at("id") ||
        !measurement::IsSignedBy(body, current.at("public_key"))) {
      throw Problem(403, "signature_wrong_key",
                    "a new key must be signed by the one it replaces, " +
                        current.at("id").get<std::string>());
    }
    idx = batch.Append("agent_key_rotated", body, AgentSubject(name)).idx;
  });
  const auto tables = impl_->store->Read();
  const auto event = sop::journal::ParseEvent(tables->Event(idx).value().line);
  return Appended({{"agent", name}, {"key_id", sop::journal::KeyIdOf(key).value()}},
                  {idx, 0, event}, *tables);
}

Json QualityRecord::RevokeAgent(const Json& body, std::string_view actor) {
  static const sop::Shape kShape{{{"agent", Kind::kId, true}, {"reason", Kind::kText, true}}};
  CheckShape(kShape, body, "");
  if (body.at("reason").get_ref<const std::string&>().empty()) {
    throw Problem(422, "wrong_value", "say the reason: it stays in the record");
  }
  const std::string agent = body.at("agent");
  PlacedEvent placed;
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    const Json entry = EntryOf(batch.tables(), batch.size(), agent);
    if (entry.at("state") != "enrolled") {
      throw Problem(409, "agent_revoked", "agent " + agent + " is revoked already");
    }
    // Its tokens stay known, so that the agent is told why; they open nothing any more.
    batch.tables().DropEnrolment(agent);
    placed = batch.Append("agent_revoked", body, actor);
  });
  return Appended(Json::object(), placed, *impl_->store->Read());
}

Json QualityRecord::Agents(const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  Json items = Json::array();
  for (const auto& row : view.tables->Rows(Table::kAgent, view.at)) {
    items.push_back(Json::parse(row.body));
    items.back()["log_index"] = row.from_index;
  }
  return {{"as_of", view.as_of}, {"items", std::move(items)}, {"next_cursor", nullptr}};
}

void QualityRecord::RequireStanding(std::string_view agent) const {
  const auto tables = impl_->store->Read();
  const auto row = tables->Row(Table::kAgent, agent, tables->EventCount());
  if (!row) return;
  const Json entry = Json::parse(row->body);
  if (entry.at("state") != "revoked") return;
  throw Problem(403, "agent_revoked",
                "agent " + std::string(agent) +
                    " was revoked: " + entry.at("reason").get<std::string>() +
                    "; what it submitted before stays valid");
}

}  // namespace monitor::service
