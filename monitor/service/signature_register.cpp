#include "monitor/service/signature_register.h"

#include <algorithm>
#include <array>

#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Reader;
using sop::store::Table;

constexpr std::string_view kMeasurement = "measurement";
constexpr std::string_view kPolicy = "policy";

struct Kind {
  std::string_view name;
  Table table;
};
constexpr std::array kKinds = {
    Kind{"artefact", Table::kArtefact},           Kind{"assignment", Table::kAssignment},
    Kind{"configuration", Table::kConfiguration}, Kind{"hold", Table::kHold},
    Kind{"instrument", Table::kInstrument},       Kind{"limit_set", Table::kLimitSet},
    Kind{"procedure", Table::kProcedure},         Kind{"profile", Table::kProfile},
    Kind{"repeat_study", Table::kRepeatStudy},    Kind{"scale_record", Table::kScaleRecord},
};

constexpr std::array<std::string_view, 12> kCommands = {
    "artefact_registered", "assignment_made",       "configuration_registered",
    "hold_placed",         "hold_released",         "instrument_registered",
    "limit_set_approved",  "measurement_reviewed",  "procedure_approved",
    "profile_described",   "repeat_study_recorded", "scale_recorded"};

std::string Scope(const std::string& kind, const std::string& id) { return kind + "/" + id; }

std::string DigestOf(const SignableRecord& record, const Json& content) {
  const Json whole = {
      {"kind", record.kind}, {"id", record.id}, {"version", record.version}, {"content", content}};
  return sop::journal::ToHex(sop::journal::Sha256(sop::journal::Canonicalise(whole)));
}

[[noreturn]] void NotFound(std::string_view kind, std::string_view id) {
  throw Problem(404, "unknown_record",
                std::string(kind) + " " + std::string(id) + " is not in the record");
}

SignableRecord Measured(const Reader& tables, std::int64_t at, std::string_view key) {
  const auto row = tables.Measurement(key);
  if (!row || row->decided_idx >= at) NotFound(kMeasurement, key);
  const auto received = tables.Event(row->idx).value();
  SignableRecord record{std::string(kMeasurement), row->key, row->idx, "", row->instrument, {}};
  record.digest = DigestOf(record, {{"received", received.leaf_hash},
                                    {"decided", tables.Event(row->decided_idx).value().leaf_hash}});
  const auto event = sop::journal::ParseEvent(received.line);
  record.acted["performed"].insert(event.actor);  // an agent's name is no account
  const Json performer = event.body.value("performer", Json());
  if (performer.is_string()) record.acted["performed"].insert(performer.get<std::string>());
  return record;
}

SignableRecord Registered(const Reader& tables, std::int64_t at, const Kind& kind,
                          std::string_view id) {
  const auto versions = tables.Versions(kind.table, id, at);
  const bool ended = !versions.empty() && versions.back().to_index < at;
  if (versions.empty() || (ended && kind.table != Table::kHold)) NotFound(kind.name, id);
  const Json body = Json::parse(versions.back().body);
  const bool is_instrument = kind.table == Table::kInstrument;
  SignableRecord record{std::string(kind.name),
                        std::string(id),
                        body.value("version", Json(versions.back().from_index)),
                        "",
                        is_instrument ? std::string(id) : versions.back().scope,
                        {}};
  record.digest = DigestOf(record, body);
  return record;
}

Json RowsOf(const Reader& tables, std::int64_t at, const SignableRecord& record) {
  Json items = Json::array();
  for (const auto& row : tables.Rows(Table::kSignature, at, Scope(record.kind, record.id))) {
    items.push_back(Json::parse(row.body));
  }
  std::sort(items.begin(), items.end(), [](const Json& a, const Json& b) {
    return a.at("log_index").get<std::int64_t>() < b.at("log_index").get<std::int64_t>();
  });
  return items;
}

}  // namespace

Json SignableRecord::Reference() const {
  return {{"kind", kind}, {"id", id}, {"version", version}, {"digest", digest}};
}

SignableRecord FindSignable(const Reader& tables, std::int64_t at, std::string_view kind,
                            std::string_view id) {
  const auto known =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return one.name == kind; });
  if (known == kKinds.end() && kind != kMeasurement) {
    throw Problem(
        422, "unknown_kind",
        "\"" + std::string(kind.substr(0, 64)) + "\" is no kind of record that is signed");
  }
  SignableRecord record =
      kind == kMeasurement ? Measured(tables, at, id) : Registered(tables, at, *known, id);
  for (const Json& signature : RowsOf(tables, at, record)) {
    const bool counts =
        !signature.contains("invalidated") && signature.at("record").at("digest") == record.digest;
    if (counts) record.acted[signature.at("meaning")].insert(signature.at("signer"));
  }
  return record;
}

bool IsSignableCommand(std::string_view command) {
  return std::find(kCommands.begin(), kCommands.end(), command) != kCommands.end();
}

SignableRecord SignableOf(const Reader& tables, std::int64_t at, std::string_view command,
                          const Json& body, std::int64_t idx) {
  if (command == "measurement_reviewed") {
    return FindSignable(tables, at, kMeasurement, body.at("measurement").get<std::string>());
  }
  if (command == "hold_released") {
    return FindSignable(tables, at, "hold", body.at("hold").get<std::string>());
  }
  const auto address = AddressOf(command, body, idx);
  for (const Kind& kind : kKinds) {
    if (address && kind.table == address->table) {
      return FindSignable(tables, at, kind.name, address->id);
    }
  }
  throw Problem(422, "unknown_kind", std::string(command) + " writes no record that is signed");
}

sop::SigningPolicy SigningPolicyAt(const Reader& tables, std::int64_t at) {
  const auto row = tables.Row(Table::kSigningPolicy, kPolicy, at);
  if (!row) return sop::BuiltInSigningPolicy();
  std::string why;
  Json body = Json::parse(row->body);
  body.erase("clock_read");
  return sop::ReadSigningPolicy(body, why).value();
}

std::string SignatureId(std::int64_t idx) { return "sig-" + std::to_string(idx); }

void RequireSignatureOf(std::string_view command, const CommandSignature* signature,
                        const Reader& tables, std::int64_t at) {
  const auto meaning = sop::RequiredMeaning(SigningPolicyAt(tables, at), command);
  if (!meaning || (signature != nullptr && signature->meaning == *meaning)) return;
  throw Problem(403, "signature_required",
                std::string(command) + " is taken with a signature of the meaning " + *meaning +
                    " only, as this facility's policy says");
}

void RequireRightToSign(const sop::Rights& rights, std::string_view meaning,
                        const SignableRecord& record) {
  const std::string_view right = sop::FindSignatureMeaning(meaning)->right;
  const bool held =
      record.instrument.empty() ? rights.Holds(right) : rights.HoldsOn(right, record.instrument);
  if (held) return;
  throw Problem(403, "not_allowed",
                "signing as " + std::string(meaning) + " asks for the right " + std::string(right) +
                    " on this record");
}

PlacedEvent AppendSignature(JournalWriter::Batch& batch, const SignableRecord& record,
                            const ProvenSigner& signer, const std::string& meaning,
                            const std::string& reason) {
  const auto policy = SigningPolicyAt(batch.tables(), batch.size());
  const auto conflict =
      sop::FourEyesConflict(policy, meaning, record.kind, signer.account, record.acted);
  if (conflict) {
    throw Problem(403, "four_eyes",
                  signer.account + " has " + *conflict +
                      " this record; somebody else must be who " + "signs it as " + meaning);
  }
  return batch.Append("record_signed",
                      {{"record", record.Reference()},
                       {"meaning", meaning},
                       {"signer", signer.account},
                       {"printed_name", signer.printed_name},
                       {"reason", reason},
                       {"signed_at", TimeText(batch.Now())}},
                      signer.account);
}

void AppendCommandSignature(JournalWriter::Batch& batch, std::string_view command, const Json& body,
                            std::int64_t idx, const CommandSignature& signature) {
  const SignableRecord record = SignableOf(batch.tables(), batch.size(), command, body, idx);
  RequireRightToSign(signature.rights, signature.meaning, record);
  AppendSignature(batch, record, signature.signer, signature.meaning, signature.reason);
}

Json SignaturesOf(const Reader& tables, std::int64_t at, const SignableRecord& record) {
  Json items = RowsOf(tables, at, record);
  for (Json& item : items) item["current"] = item.at("record").at("digest") == record.digest;
  return items;
}

void ProjectSignature(sop::store::Transaction& tables, const PlacedEvent& event) {
  const Json& body = event.event.body;
  const auto put = [&](Table table, const std::string& id, const std::string& scope,
                       const Json& row) {
    tables.Put(table, {id, scope, event.idx, sop::store::kForever, event.recorded_ms,
                       sop::journal::Canonicalise(row)});
  };
  if (event.event.type == "signing_policy_set") {
    put(Table::kSigningPolicy, std::string(kPolicy), "", body);
  } else if (event.event.type == "record_signed") {
    Json row = body;
    row["id"] = SignatureId(event.idx);
    row["log_index"] = event.idx;
    const Json& record = body.at("record");
    put(Table::kSignature, row["id"], Scope(record.at("kind"), record.at("id")), row);
  } else if (event.event.type == "signature_invalidated") {
    const std::string id = body.at("signature");
    const auto before = tables.Row(Table::kSignature, id, event.idx).value();
    Json row = Json::parse(before.body);
    row["invalidated"] = {{"by", event.event.actor},
                          {"at", event.event.recorded_at},
                          {"reason", body.at("reason")},
                          {"log_index", event.idx}};
    put(Table::kSignature, id, before.scope, row);
  }
}

}  // namespace monitor::service
