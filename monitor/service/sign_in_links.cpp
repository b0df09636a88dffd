#include "monitor/service/sign_in_links.h"

#include <algorithm>

#include "monitor/service/command_rules.h"
#include "monitor/service/time_text.h"
#include "sop/journal/canonical_json.h"
#include "sop/journal/merkle.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

constexpr std::size_t kMostWaiting = 200;
constexpr std::size_t kLongestName = 200;

std::string SignInLinkId(std::string_view issuer, std::string_view subject) {
  const Json both = {std::string(issuer), std::string(subject)};
  return sop::journal::ToHex(sop::journal::Sha256(sop::journal::Canonicalise(both)));
}

}  // namespace

void ProjectSignInLink(sop::store::Transaction& tables, const PlacedEvent& event) {
  if (event.event.type != "account_linked") return;
  const Json& body = event.event.body;
  const std::string id = SignInLinkId(body.at("issuer").get_ref<const std::string&>(),
                                      body.at("subject").get_ref<const std::string&>());
  tables.Put(Table::kSignInLink, {id, body.at("account"), event.idx, sop::store::kForever,
                                  event.recorded_ms, sop::journal::Canonicalise(body)});
}

SignInLinks::SignInLinks(sop::store::Store& store, JournalWriter& writer, Clock clock,
                         People& people)
    : store_(store), writer_(writer), clock_(std::move(clock)), people_(people) {}

std::optional<std::string> SignInLinks::Find(const std::string& issuer,
                                             const std::string& subject) const {
  const auto tables = store_.Read();
  const auto row =
      tables->Row(Table::kSignInLink, SignInLinkId(issuer, subject), tables->EventCount());
  if (!row) return std::nullopt;
  const auto account = people_.Find(Json::parse(row->body).at("account").get<std::string>());
  if (!account || account->closed) return std::nullopt;
  return account->id;
}

std::optional<std::string> SignInLinks::AccountOf(const std::string& issuer,
                                                  const IdTokenSubject& who,
                                                  const std::string& unknown_role) {
  if (const auto account = Find(issuer, who.subject)) return account;
  const auto tables = store_.Read();
  const bool was_linked =
      tables->Row(Table::kSignInLink, SignInLinkId(issuer, who.subject), tables->EventCount())
          .has_value();
  if (!unknown_role.empty() && !was_linked) return MakeAccount(issuer, who, unknown_role);
  const std::scoped_lock lock(mutex_);
  std::erase_if(waiting_, [&](const Waits& one) {
    return one.issuer == issuer && one.who.subject == who.subject;
  });
  waiting_.push_back({issuer, who, TimeText(clock_())});
  if (waiting_.size() > kMostWaiting) waiting_.pop_front();
  return std::nullopt;
}

/// The account's id says nothing of the person: it stays in the journal for ever.
std::string SignInLinks::MakeAccount(const std::string& issuer, const IdTokenSubject& who,
                                     const std::string& role) {
  const std::string id = "u-" + SignInLinkId(issuer, who.subject).substr(0, 12);
  const std::string name = who.name.empty() ? id : who.name.substr(0, kLongestName);
  writer_.Run([&](JournalWriter::Batch& batch) {
    const auto append = [&](const char* type, const Json& body) {
      CheckPeopleCommand(type, body, batch);
      batch.Append(type, body, "service");
    };
    append("account_created", {{"id", id}, {"name", name}, {"kind", "person"}});
    append("role_granted", {{"account", id}, {"role", role}});
    batch.Append("account_linked", {{"account", id}, {"issuer", issuer}, {"subject", who.subject}},
                 "service");
  });
  return id;
}

Json SignInLinks::Link(const Json& body, std::string_view actor) {
  using Kind = sop::Member::Kind;
  static const sop::Shape kShape{{{"account", Kind::kId, true},
                                  {"issuer", Kind::kText, true},
                                  {"subject", Kind::kText, true}}};
  CheckShape(kShape, body, "");
  const std::string issuer = body.at("issuer");
  const std::string subject = body.at("subject");
  PlacedEvent placed;
  writer_.Run([&](JournalWriter::Batch& batch) {
    const std::string id = body.at("account");
    const auto account = batch.tables().Row(Table::kAccount, id, batch.size());
    if (!account || Json::parse(account->body).value("closed", false)) {
      throw Problem(404, "unknown_account", "there is no open account " + id);
    }
    if (batch.tables().Row(Table::kSignInLink, SignInLinkId(issuer, subject), batch.size())) {
      throw Problem(409, "subject_linked", "this subject is linked to an account already");
    }
    placed = batch.Append("account_linked", body, actor);
  });
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(waiting_, [&](const Waits& one) {
      return one.issuer == issuer && one.who.subject == subject;
    });
  }
  return {{"log_index", placed.idx},
          {"recorded_at", placed.event.recorded_at},
          {"checkpoint", store_.Read()->CheckpointCovering(placed.idx).value().note}};
}

Json SignInLinks::Waiting() const {
  Json items = Json::array();
  const std::scoped_lock lock(mutex_);
  for (const Waits& one : waiting_) {
    items.push_back({{"issuer", one.issuer},
                     {"subject", one.who.subject},
                     {"name", one.who.name},
                     {"email", one.who.email},
                     {"asked_at", one.asked_at}});
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

}  // namespace monitor::service
