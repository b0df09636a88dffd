#include "monitor/service/signatures.h"

#include "monitor/service/command_rules.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;
using Kind = sop::Member::Kind;

constexpr std::int64_t kFresh_ms = 5 * 60 * 1000;
constexpr std::string_view kMayInvalidate = "procedure.approve";

std::string Reason(const Json& body) {
  const auto& reason = body.at("reason").get_ref<const std::string&>();
  if (reason.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Problem(422, "wrong_value", "reason is empty; say why, in words that stay");
  }
  return reason;
}

const sop::SignatureMeaning& Meaning(const std::string& id) {
  if (const auto* meaning = sop::FindSignatureMeaning(id)) return *meaning;
  std::string known;
  for (const auto& one : sop::SignatureMeanings()) {
    known += (known.empty() ? "" : ", ") + std::string(one.id);
  }
  throw Problem(422, "wrong_value", "meaning must be one of " + known);
}

}  // namespace

Signatures::Signatures(sop::store::Store& store, JournalWriter& writer, Clock clock, People& people,
                       SignIns& sign_ins)
    : store_(store),
      writer_(writer),
      clock_(std::move(clock)),
      people_(people),
      sign_ins_(sign_ins) {}

void Signatures::ProvedAnew(const std::string& session) {
  const std::int64_t now = ToMs(clock_());
  const std::scoped_lock lock(mutex_);
  std::erase_if(fresh_until_ms_, [&](const auto& one) { return one.second < now; });
  fresh_until_ms_[session] = now + kFresh_ms;
}

bool Signatures::TakeFreshSignIn(const std::string& session) {
  const std::scoped_lock lock(mutex_);
  const auto found = fresh_until_ms_.find(session);
  if (session.empty() || found == fresh_until_ms_.end()) return false;
  const bool in_time = ToMs(clock_()) <= found->second;
  fresh_until_ms_.erase(found);
  return in_time;
}

ProvenSigner Signatures::Prove(const Json& body, const Who& who) {
  const auto account = people_.Find(who.account);
  if (!account || account->closed || account->kind != "person") {
    throw Problem(403, "no_account", "only people sign, with an account of their own");
  }
  if (!body.contains("password")) {
    if (TakeFreshSignIn(who.session)) return {account->id, account->name};
    throw Problem(403, "proof_missing",
                  "a signature asks for the password again, or for a fresh sign-in");
  }
  switch (sign_ins_.Prove(who.account, body["password"].get_ref<const std::string&>(), who.from)) {
    case People::PasswordCheck::kRight:
      return {account->id, account->name};
    case People::PasswordCheck::kRightButInitial:
      throw Problem(403, "initial_password", "change the initial password before you sign");
    case People::PasswordCheck::kWrong:
      break;
  }
  throw Problem(403, "wrong_password", "the password is wrong; nothing was signed");
}

Json Signatures::Appended(const PlacedEvent& placed) const {
  return {{"log_index", placed.idx},
          {"recorded_at", placed.event.recorded_at},
          {"checkpoint", store_.Read()->CheckpointCovering(placed.idx).value().note}};
}

Json Signatures::Sign(const Json& body, const Who& who) {
  static const sop::Shape kRecord{{{"kind", Kind::kId, true},
                                   {"id", Kind::kText, true},
                                   {"version", Kind::kVersion},
                                   {"digest", Kind::kId, true}}};
  static const sop::Shape kShape{{{"record", Kind::kObject, true, &kRecord},
                                  {"meaning", Kind::kId, true},
                                  {"reason", Kind::kText, true},
                                  {"password", Kind::kText}}};
  CheckShape(kShape, body, "");
  const Json& wanted = body.at("record");
  const sop::SignatureMeaning& meaning = Meaning(body.at("meaning"));
  const std::string reason = Reason(body);
  const ProvenSigner signer = Prove(body, who);
  PlacedEvent placed;
  writer_.Run([&](JournalWriter::Batch& batch) {
    const SignableRecord record =
        FindSignable(batch.tables(), batch.size(), wanted.at("kind").get_ref<const std::string&>(),
                     wanted.at("id").get_ref<const std::string&>());
    RequireRightToSign(who.rights, meaning.id, record);
    if (wanted.at("digest") != record.digest ||
        wanted.value("version", record.version) != record.version) {
      throw Problem(409, "record_changed",
                    "this record is no longer what was shown; read version " +
                        record.version.dump() + " before you sign it");
    }
    placed = AppendSignature(batch, record, signer, std::string(meaning.id), reason);
  });
  Json answer = Appended(placed);
  answer["id"] = SignatureId(placed.idx);
  return answer;
}

Json Signatures::Invalidate(const std::string& id, const Json& body, const Who& who) {
  static const sop::Shape kShape{{{"reason", Kind::kText, true}, {"password", Kind::kText}}};
  CheckShape(kShape, body, "");
  const std::string reason = Reason(body);
  const ProvenSigner signer = Prove(body, who);
  PlacedEvent placed;
  writer_.Run([&](JournalWriter::Batch& batch) {
    const auto row = batch.tables().Row(Table::kSignature, id, batch.size());
    if (!row) throw Problem(404, "unknown_signature", "there is no signature " + id);
    const Json signature = Json::parse(row->body);
    if (signature.contains("invalidated")) {
      throw Problem(409, "signature_invalidated", "signature " + id + " was taken back already");
    }
    if (signature.at("signer") != signer.account && !who.rights.Holds(kMayInvalidate)) {
      throw Problem(403, "not_allowed",
                    "whoever signed may take it back, or who holds " + std::string(kMayInvalidate));
    }
    placed = batch.Append("signature_invalidated", {{"signature", id}, {"reason", reason}},
                          signer.account);
  });
  return Appended(placed);
}

Json Signatures::Of(std::string_view kind, std::string_view id) const {
  const auto tables = store_.Read();
  const std::int64_t at = tables->EventCount();
  const SignableRecord record = FindSignable(*tables, at, kind, id);
  return {{"record", record.Reference()},
          {"items", SignaturesOf(*tables, at, record)},
          {"next_cursor", nullptr}};
}

Json Signatures::Policy() const {
  const auto tables = store_.Read();
  return sop::SigningPolicyJson(SigningPolicyAt(*tables, tables->EventCount()));
}

Json Signatures::SetPolicy(const Json& body, std::string_view actor) {
  std::string why;
  const auto policy = sop::ReadSigningPolicy(body, why);
  if (!policy) throw Problem(422, "wrong_value", why);
  for (const auto& row : policy->required) {
    if (IsSignableCommand(row.command)) continue;
    throw Problem(422, "wrong_value", row.command + " is no command that can be signed");
  }
  PlacedEvent placed;
  writer_.Run([&](JournalWriter::Batch& batch) {
    placed = batch.Append("signing_policy_set", sop::SigningPolicyJson(*policy), actor);
  });
  return Appended(placed);
}

std::optional<CommandSignature> Signatures::OfCommand(Json& body, const Who& who) {
  static const sop::Shape kShape{
      {{"meaning", Kind::kId, true}, {"reason", Kind::kText, true}, {"password", Kind::kText}}};
  if (!body.contains("signature")) return std::nullopt;
  const Json signature = body.at("signature");
  body.erase("signature");
  CheckShape(kShape, signature, "signature");
  const sop::SignatureMeaning& meaning = Meaning(signature.at("meaning"));
  const std::string reason = Reason(signature);
  return CommandSignature{Prove(signature, who), std::string(meaning.id), reason, who.rights};
}

}  // namespace monitor::service
