#include "monitor/service/command_rules.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "monitor/service/secret.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kTokenPrefix = "etalon_";  ///< lets secret scanners know one
constexpr std::size_t kMaxTokenBytes = 200;

const sop::Shape& InboxEntryShape() {
  using Kind = sop::Member::Kind;
  static const sop::Shape kShape{{{"name", Kind::kText, true},
                                  {"reason", Kind::kText, true},
                                  {"candidates", Kind::kText},
                                  {"seen_at", Kind::kTime}}};
  return kShape;
}

}  // namespace

std::string QualityRecord::IssueToken(std::string_view subject, std::string_view role) {
  if (role != "admin" && role != "agent") {
    throw Problem(422, "wrong_value", "role must be admin or agent");
  }
  if (subject.empty() || subject.size() > kMaxTokenBytes) {
    throw Problem(422, "wrong_value", "subject must be 1 to 200 bytes");
  }
  const std::string token = std::string(kTokenPrefix) + RandomSecret();
  const std::string digest = SecretDigest(token);
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    batch.tables().AddToken({digest, std::string(subject), std::string(role)});
  });
  return token;
}

std::optional<QualityRecord::Identity> QualityRecord::Authenticate(std::string_view token) const {
  if (token.empty() || token.size() > kMaxTokenBytes) return std::nullopt;
  const auto row = impl_->store->Read()->Token(SecretDigest(token));
  if (!row) return impl_->sign_ins->FromToken(token);
  sop::Rights rights =
      row->role == "admin" ? sop::Rights::All() : impl_->people->RightsOfRole(sop::kAgentRole);
  return Identity{row->subject, row->role, std::move(rights), "", "", false};
}

void QualityRecord::ReportInbox(std::string_view agent, const Json& entries) {
  if (!entries.is_array() || entries.size() > 10'000) {
    throw Problem(422, "wrong_value", "entries must be a list of at most 10000");
  }
  for (Json entry : entries) {
    if (entry.is_object()) entry.erase("candidates");  // free form: what the agent's rules gave
    CheckShape(InboxEntryShape(), entry, "entries");
  }
  const std::string now = TimeText(impl_->options.clock());
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    batch.tables().SetInbox({std::string(agent), now, sop::journal::Canonicalise(entries)});
  });
}

Json QualityRecord::Inbox() const {
  Json items = Json::array();
  for (const auto& row : impl_->store->Read()->Inbox()) {
    for (Json entry : Json::parse(row.body)) {
      entry["agent"] = row.agent;
      entry["reported_at"] = row.reported_at;
      items.push_back(std::move(entry));
    }
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

}  // namespace monitor::service
