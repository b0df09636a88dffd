#include "monitor/service/people.h"

#include "monitor/service/projection.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Reader;
using sop::store::Table;

Account ToAccount(const Json& body) {
  return {body.at("id"), body.at("name"), body.value("kind", "person"),
          body.value("closed", false)};
}

std::optional<Account> FindAccount(const Reader& tables, std::string_view id, std::int64_t at) {
  const auto row = tables.Row(Table::kAccount, id, at);
  if (!row) return std::nullopt;
  return ToAccount(Json::parse(row->body));
}

RoleGrant ToGrant(const Json& body, Milliseconds now) {
  RoleGrant grant{body.at("role"), body.value("instrument", ""), body.value("until", ""), true};
  if (!grant.until.empty()) grant.in_force = ParseTime(grant.until).value() > now;
  return grant;
}

std::vector<RoleGrant> GrantsOf(const Reader& tables, std::string_view account, std::int64_t at,
                                Milliseconds now) {
  std::vector<RoleGrant> grants;
  for (const auto& row : tables.Rows(Table::kRoleGrant, at, account)) {
    grants.push_back(ToGrant(Json::parse(row.body), now));
  }
  return grants;
}

void AllowRole(const Json& role, std::string_view instrument, sop::Rights& rights) {
  for (const Json& right : role.at("rights")) {
    rights.Allow(right.get_ref<const std::string&>(), instrument);
  }
}

Json RoleBody(const sop::Role& role) {
  Json body = {{"id", role.id}, {"title", role.title}, {"rights", role.rights}};
  if (role.time_boxed) body["time_boxed"] = true;
  if (role.one_instrument) body["one_instrument"] = true;
  return body;
}

std::string ActorOf(const Reader& tables, std::int64_t idx) {
  const auto event = tables.Event(idx);
  return event ? sop::journal::ParseEvent(event->line).actor : std::string();
}

Json AccountItem(const Reader& tables, const Account& account, std::int64_t at, Milliseconds now) {
  Json roles = Json::array();
  for (const RoleGrant& grant : GrantsOf(tables, account.id, at, now)) {
    Json item = {{"role", grant.role}, {"in_force", grant.in_force && !account.closed}};
    if (!grant.instrument.empty()) item["instrument"] = grant.instrument;
    if (!grant.until.empty()) item["until"] = grant.until;
    roles.push_back(std::move(item));
  }
  const auto password = tables.Password(account.id);
  return {{"id", account.id},
          {"name", account.name},
          {"kind", account.kind},
          {"closed", account.closed},
          {"password", !password           ? "none"
                       : password->initial ? "initial"
                                           : "own"},
          {"roles", std::move(roles)}};
}

}  // namespace

People::People(sop::store::Store& store, JournalWriter& writer, Clock clock, PasswordCost cost)
    : store_(store), writer_(writer), clock_(std::move(clock)), passwords_(cost) {}

void People::SeedRoles() {
  writer_.Run([](JournalWriter::Batch& batch) {
    for (const sop::Role& role : sop::BuiltInRoles()) {
      const auto row = batch.tables().Row(Table::kRole, role.id, batch.size());
      const Json body = RoleBody(role);
      if (row && (Json::parse(row->body) == body ||
                  ActorOf(batch.tables(), row->from_index) != "service")) {
        continue;
      }
      batch.Append("role_defined", body, "service");
    }
  });
}

std::optional<Account> People::Find(std::string_view id) const {
  const auto tables = store_.Read();
  return FindAccount(*tables, id, tables->EventCount());
}

bool People::AnyAccount() const {
  const auto tables = store_.Read();
  return !tables->Rows(Table::kAccount, tables->EventCount()).empty();
}

bool People::IsOpen(std::string_view id) const {
  const auto account = Find(id);
  return account && !account->closed;
}

Standing People::StandingOf(std::string_view account) const {
  const auto tables = store_.Read();
  const std::int64_t at = tables->EventCount();
  Standing standing;
  const auto found = FindAccount(*tables, account, at);
  if (!found || found->closed) return standing;
  standing.grants = GrantsOf(*tables, account, at, clock_());
  for (RoleGrant& grant : standing.grants) {
    const auto role = tables->Row(Table::kRole, grant.role, at);
    if (!role) continue;
    const Json body = Json::parse(role->body);
    grant.time_boxed = body.value("time_boxed", false);
    if (grant.in_force) AllowRole(body, grant.instrument, standing.rights);
  }
  return standing;
}

sop::Rights People::RightsOfRole(std::string_view role) const {
  return DefinedRights(role).value_or(sop::Rights());
}

std::optional<sop::Rights> People::PublicRights() const { return DefinedRights(sop::kPublicRole); }

std::optional<sop::Rights> People::DefinedRights(std::string_view role) const {
  const auto tables = store_.Read();
  const auto row = tables->Row(Table::kRole, role, tables->EventCount());
  if (!row) return std::nullopt;
  sop::Rights rights;
  AllowRole(Json::parse(row->body), {}, rights);
  return rights;
}

Json People::Accounts() const {
  const auto tables = store_.Read();
  const std::int64_t at = tables->EventCount();
  Json items = Json::array();
  for (const auto& row : tables->Rows(Table::kAccount, at)) {
    items.push_back(AccountItem(*tables, ToAccount(Json::parse(row.body)), at, clock_()));
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

Json People::Roles() const {
  const auto tables = store_.Read();
  Json items = Json::array();
  for (const auto& row : tables->Rows(Table::kRole, tables->EventCount())) {
    items.push_back(Json::parse(row.body));
  }
  Json rights = Json::array();
  for (const sop::Right& right : sop::AllRights()) {
    rights.push_back({{"id", right.id}, {"text", right.text}});
  }
  return {{"items", std::move(items)}, {"rights", std::move(rights)}, {"next_cursor", nullptr}};
}

void People::SetPassword(std::string_view account, std::string_view password,
                         std::string_view actor) {
  Passwords::Require(password);
  const std::string hash = passwords_.Hash(password);
  writer_.Run([&](JournalWriter::Batch& batch) {
    const auto found = FindAccount(batch.tables(), account, batch.size());
    if (!found) throw Problem(404, "unknown_account", "there is no such account");
    if (found->closed) throw Problem(409, "account_closed", "this account is closed");
    if (found->kind != "person") {
      throw Problem(409, "no_password", "a system has tokens, no password");
    }
    const bool initial = actor != account;
    batch.tables().SetPassword({found->id, hash, ToMs(clock_()), initial});
    batch.tables().EndSessions(account);
    batch.Append("password_changed", {{"account", found->id}, {"initial", initial}}, actor);
  });
}

bool People::HasInitialPassword(std::string_view account) const {
  const auto row = store_.Read()->Password(account);
  return row && row->initial;
}

void People::ForgetSecrets(std::string_view account) {
  writer_.Run([&](JournalWriter::Batch& batch) {
    batch.tables().RemovePassword(account);
    batch.tables().EndSessions(account);
    batch.tables().RevokeApiTokens(account, ToMs(clock_()));
  });
}

People::PasswordCheck People::CheckPassword(std::string_view account, std::string_view password) {
  std::optional<sop::store::PasswordRow> row;
  {
    const auto tables = store_.Read();
    const auto found = FindAccount(*tables, account, tables->EventCount());
    if (found && !found->closed) row = tables->Password(account);
  }
  const auto verdict = passwords_.Verify(row ? std::optional(row->hash) : std::nullopt, password);
  if (verdict == Passwords::Verdict::kWrong) return PasswordCheck::kWrong;
  if (verdict == Passwords::Verdict::kRightButOutdated) {
    const std::string hash = passwords_.Hash(password);
    writer_.Run([&](JournalWriter::Batch& batch) {
      const auto now = batch.tables().Password(account);
      if (!now || now->hash != row->hash) return;  // changed meanwhile
      batch.tables().SetPassword({row->account, hash, row->changed_ms, row->initial});
    });
  }
  return row->initial ? PasswordCheck::kRightButInitial : PasswordCheck::kRight;
}

}  // namespace monitor::service
