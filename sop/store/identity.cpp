#include "sop/store/rows.h"
#include "sop/store/store.h"

namespace sop::store {
namespace {

constexpr int kSessionColumns = 7;
constexpr int kTokenColumns = 9;
constexpr int kAccessColumns = 9;

const std::string kSelectSession =
    "SELECT digest, id, account, created_ms, seen_ms, address, client FROM session ";
const std::string kSelectToken =
    "SELECT digest, id, account, name, rights, created_ms, expires_ms, used_ms, revoked_ms "
    "FROM api_token ";

SessionRow ToSession(Record& row) {
  return {std::move(row[0]), std::move(row[1]), std::move(row[2]), ToInteger(row[3]),
          ToInteger(row[4]), std::move(row[5]), std::move(row[6])};
}

ApiTokenRow ToToken(Record& row) {
  return {std::move(row[0]), std::move(row[1]), std::move(row[2]),
          std::move(row[3]), std::move(row[4]), ToInteger(row[5]),
          ToInteger(row[6]), ToInteger(row[7]), ToInteger(row[8])};
}

AccessRow ToAccess(Record& row) {
  return {ToInteger(row[0]), ToInteger(row[1]), std::move(row[2]),
          std::move(row[3]), std::move(row[4]), std::move(row[5]),
          ToInteger(row[6]), std::move(row[7]), ToInteger(row[8])};
}

}  // namespace

std::optional<PasswordRow> Reader::Password(std::string_view account) const {
  return First(All(connection_->Query("SELECT account, hash, changed_ms, initial FROM password "
                                      "WHERE account = :p1",
                                      {std::string(account)}, 4),
                   [](Record& row) {
                     return PasswordRow{std::move(row[0]), std::move(row[1]), ToInteger(row[2]),
                                        ToInteger(row[3]) != 0};
                   }));
}

std::optional<SessionRow> Reader::Session(std::string_view digest) const {
  return First(All(connection_->Query(kSelectSession + "WHERE digest = :p1", {std::string(digest)},
                                      kSessionColumns),
                   ToSession));
}

std::vector<SessionRow> Reader::Sessions(std::string_view account) const {
  return All(connection_->Query(kSelectSession + "WHERE account = :p1 ORDER BY created_ms, id",
                                {std::string(account)}, kSessionColumns),
             ToSession);
}

std::optional<ApiTokenRow> Reader::ApiToken(std::string_view digest) const {
  return First(All(
      connection_->Query(kSelectToken + "WHERE digest = :p1", {std::string(digest)}, kTokenColumns),
      ToToken));
}

std::vector<ApiTokenRow> Reader::ApiTokens(std::string_view account) const {
  return All(connection_->Query(kSelectToken + "WHERE account = :p1 ORDER BY created_ms, id",
                                {std::string(account)}, kTokenColumns),
             ToToken);
}

std::vector<AccessRow> Reader::AccessLog(const AccessFilter& filter) const {
  std::string sql =
      "SELECT id, at_ms, subject, method, route, target, status, address, times FROM access_log "
      "WHERE id < :p1 AND at_ms >= :p2 AND at_ms < :p3 ";
  std::vector<Parameter> parameters = {filter.before_id, filter.from_ms, filter.to_ms};
  if (!filter.subject.empty()) {
    parameters.emplace_back(filter.subject);
    sql += "AND subject = :p4 ";
  }
  parameters.emplace_back(std::int64_t{filter.limit});
  sql += "ORDER BY id DESC LIMIT :p" + std::to_string(parameters.size());
  return All(connection_->Query(sql, parameters, kAccessColumns), ToAccess);
}

void Transaction::SetPassword(const PasswordRow& row) {
  RemovePassword(row.account);
  connection_->Run(
      "INSERT INTO password (account, hash, changed_ms, initial) VALUES (:p1, :p2, :p3, :p4)",
      {row.account, row.hash, row.changed_ms, std::int64_t{row.initial}});
}

void Transaction::RemovePassword(std::string_view account) {
  connection_->Run("DELETE FROM password WHERE account = :p1", {std::string(account)});
}

void Transaction::AddSession(const SessionRow& row) {
  connection_->Run(
      "INSERT INTO session (digest, id, account, created_ms, seen_ms, address, client) VALUES "
      "(:p1, :p2, :p3, :p4, :p5, :p6, :p7)",
      {row.digest, row.id, row.account, row.created_ms, row.seen_ms, row.address, row.client});
}

void Transaction::SeeSession(std::string_view digest, std::int64_t seen_ms) {
  connection_->Run("UPDATE session SET seen_ms = :p1 WHERE digest = :p2",
                   {seen_ms, std::string(digest)});
}

void Transaction::EndSession(std::string_view account, std::string_view id) {
  connection_->Run("DELETE FROM session WHERE account = :p1 AND id = :p2",
                   {std::string(account), std::string(id)});
}

void Transaction::EndSessions(std::string_view account) {
  connection_->Run("DELETE FROM session WHERE account = :p1", {std::string(account)});
}

void Transaction::EndSessionsSeenBefore(std::int64_t seen_ms, std::int64_t created_ms) {
  connection_->Run("DELETE FROM session WHERE seen_ms < :p1 OR created_ms < :p2",
                   {seen_ms, created_ms});
}

void Transaction::AddApiToken(const ApiTokenRow& row) {
  connection_->Run(
      "INSERT INTO api_token (digest, id, account, name, rights, created_ms, expires_ms, used_ms, "
      "revoked_ms) VALUES (:p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8, :p9)",
      {row.digest, row.id, row.account, row.name, row.rights, row.created_ms, row.expires_ms,
       row.used_ms, row.revoked_ms});
}

void Transaction::UseApiToken(std::string_view digest, std::int64_t used_ms) {
  connection_->Run("UPDATE api_token SET used_ms = :p1 WHERE digest = :p2",
                   {used_ms, std::string(digest)});
}

void Transaction::RevokeApiToken(std::string_view account, std::string_view id,
                                 std::int64_t revoked_ms) {
  connection_->Run(
      "UPDATE api_token SET revoked_ms = :p1 WHERE account = :p2 AND id = :p3 AND revoked_ms = 0",
      {revoked_ms, std::string(account), std::string(id)});
}

void Transaction::RevokeApiTokens(std::string_view account, std::int64_t revoked_ms) {
  connection_->Run("UPDATE api_token SET revoked_ms = :p1 WHERE account = :p2 AND revoked_ms = 0",
                   {revoked_ms, std::string(account)});
}

void Transaction::AddAccess(const AccessRow& row) {
  connection_->Run(
      "INSERT INTO access_log (id, at_ms, subject, method, route, target, status, address, times) "
      "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM access_log), "
      ":p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8)",
      {row.at_ms, row.subject, row.method, row.route, row.target, row.status, row.address,
       row.times});
}

void Transaction::PruneAccessLog(std::int64_t before_ms) {
  connection_->Run("DELETE FROM access_log WHERE at_ms < :p1", {before_ms});
}

}  // namespace sop::store
