#include "monitor/service/sign_ins.h"

#include <algorithm>

#include "monitor/service/secret.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using Identity = QualityRecord::Identity;

constexpr auto kIdle = std::chrono::hours(1);
constexpr auto kAbsolute = std::chrono::hours(12);
constexpr std::int64_t kNewsAfterMs = 60'000;  ///< a use so soon after the last is no news
constexpr std::size_t kMostSessions = 20;      ///< of an account: the oldest ends

std::string TimeOf(std::int64_t ms) { return ms == 0 ? std::string() : TimeText(FromMs(ms)); }

void RequireKnownRights(const std::vector<std::string>& rights) {
  if (rights.empty()) throw Problem(422, "missing_field", "rights: name at least one");
  for (const std::string& right : rights) {
    if (right == "account.own") {
      throw Problem(422, "wrong_value",
                    "account.own is for people in person: a token makes no tokens");
    }
    if (sop::FindRight(right) != nullptr) continue;
    throw Problem(422, "wrong_value", "there is no right " + right.substr(0, 64));
  }
}

}  // namespace

SignIns::SignIns(sop::store::Store& store, JournalWriter& writer, People& people, Clock clock)
    : store_(store), writer_(writer), people_(people), clock_(std::move(clock)) {}

People::PasswordCheck SignIns::Prove(std::string_view account, std::string_view password,
                                     const From& from) {
  const int wait_s = limits_.Begin(account, from.address, clock_());
  if (wait_s > 0) {
    Problem slow(429, "too_many_attempts",
                 "Too many wrong passwords; try again in " + std::to_string(wait_s) + " s.");
    slow.retry_after_s = wait_s;
    throw slow;
  }
  const auto check = people_.CheckPassword(account, password);
  if (check != People::PasswordCheck::kWrong) limits_.Succeeded(account, from.address);
  return check;
}

std::string SignIns::SignIn(std::string_view account, std::string_view password, const From& from) {
  if (Prove(account, password, from) == People::PasswordCheck::kWrong) {
    throw Problem(401, "wrong_credentials", "This account and password do not go together.");
  }
  return Begin(account, from);
}

std::string SignIns::Begin(std::string_view account, const From& from) {
  const std::string cookie = RandomSecret();
  const std::int64_t now = ToMs(clock_());
  const sop::store::SessionRow row{SecretDigest(cookie), RandomId(), std::string(account), now, now,
                                   from.address,         from.client};
  writer_.Run([&](JournalWriter::Batch& batch) {
    const auto sessions = batch.tables().Sessions(account);
    if (sessions.size() >= kMostSessions) batch.tables().EndSession(account, sessions.front().id);
    batch.tables().AddSession(row);
  });
  return cookie;
}

/// What the account may do now. Only those with a grant that ends by itself are watched in reading.
Identity SignIns::IdentityOf(const std::string& account) const {
  const Standing standing = people_.StandingOf(account);
  Identity identity{account, "", standing.rights, "", "", false};
  for (const RoleGrant& grant : standing.grants) {
    if (!grant.in_force) continue;
    if (identity.role.empty()) identity.role = grant.role;
    identity.reads_logged |= grant.time_boxed;
  }
  return identity;
}

Milliseconds SignIns::LastSeen(const std::string& digest, std::int64_t stored_ms) const {
  const std::lock_guard lock(mutex_);
  const auto news = sessions_seen_.find(digest);
  return FromMs(news == sessions_seen_.end() ? stored_ms : std::max(news->second, stored_ms));
}

std::optional<Identity> SignIns::FromCookie(std::string_view cookie) {
  const std::string digest = SecretDigest(cookie);
  std::optional<sop::store::SessionRow> row;
  std::optional<sop::store::PasswordRow> password;
  {
    const auto tables = store_.Read();
    row = tables->Session(digest);
    if (row) password = tables->Password(row->account);
  }
  if (!row) return std::nullopt;
  const Milliseconds now = clock_();
  if (now - LastSeen(digest, row->seen_ms) > kIdle || now - FromMs(row->created_ms) > kAbsolute) {
    return std::nullopt;
  }
  if (!people_.IsOpen(row->account)) return std::nullopt;
  if (ToMs(now) - row->seen_ms > kNewsAfterMs) {
    const std::lock_guard lock(mutex_);
    sessions_seen_[digest] = ToMs(now);
  }
  Identity identity = IdentityOf(row->account);
  identity.rights.Allow("account.own");
  if (password && password->initial) {
    identity.rights = identity.rights.Within(std::vector<std::string>{"account.own"});
  }
  identity.session = row->id;
  return identity;
}

std::optional<Identity> SignIns::FromToken(std::string_view token) {
  const std::string digest = SecretDigest(token);
  const auto row = store_.Read()->ApiToken(digest);
  const std::int64_t now = ToMs(clock_());
  if (!row || row->revoked_ms != 0 || row->expires_ms <= now) return std::nullopt;
  if (!people_.IsOpen(row->account)) return std::nullopt;
  if (now - row->used_ms > kNewsAfterMs) {
    const std::lock_guard lock(mutex_);
    tokens_used_[digest] = now;
  }
  Identity identity = IdentityOf(row->account);
  identity.rights =
      identity.rights.Within(Json::parse(row->rights).get<std::vector<std::string>>());
  identity.token = row->id;
  return identity;
}

std::string SignIns::CsrfOf(std::string_view cookie) {
  return SecretDigest("etalon csrf\n" + std::string(cookie));
}

void SignIns::End(std::string_view account, std::string_view session) {
  writer_.Run([&](JournalWriter::Batch& batch) { batch.tables().EndSession(account, session); });
}

void SignIns::EndAll(std::string_view account) {
  writer_.Run([&](JournalWriter::Batch& batch) { batch.tables().EndSessions(account); });
}

Json SignIns::Sessions(std::string_view account, std::string_view current) const {
  Json items = Json::array();
  const Milliseconds now = clock_();
  for (const auto& row : store_.Read()->Sessions(account)) {
    const Milliseconds seen = LastSeen(row.digest, row.seen_ms);
    if (now - seen > kIdle || now - FromMs(row.created_ms) > kAbsolute) continue;
    items.push_back({{"id", row.id},
                     {"created_at", TimeText(FromMs(row.created_ms))},
                     {"seen_at", TimeText(seen)},
                     {"address", row.address},
                     {"client", row.client},
                     {"current", row.id == current}});
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

Json SignIns::MakeToken(const NewToken& token, std::string_view actor) {
  RequireKnownRights(token.rights);
  const std::string secret = "etalon_" + RandomSecret();
  const sop::store::ApiTokenRow row{SecretDigest(secret),
                                    RandomId(),
                                    token.account,
                                    token.name,
                                    Json(token.rights).dump(),
                                    ToMs(clock_()),
                                    ToMs(token.expires),
                                    0,
                                    0};
  writer_.Run([&](JournalWriter::Batch& batch) {
    batch.tables().AddApiToken(row);
    batch.Append("token_made",
                 {{"id", row.id},
                  {"account", row.account},
                  {"name", row.name},
                  {"rights", token.rights},
                  {"expires_at", TimeText(token.expires)}},
                 actor);
  });
  return {{"id", row.id},     {"token", secret},        {"account", row.account},
          {"name", row.name}, {"rights", token.rights}, {"expires_at", TimeText(token.expires)}};
}

void SignIns::RevokeToken(std::string_view account, std::string_view id, std::string_view actor) {
  writer_.Run([&](JournalWriter::Batch& batch) {
    const auto tokens = batch.tables().ApiTokens(account);
    const auto found = std::ranges::find(tokens, id, &sop::store::ApiTokenRow::id);
    if (found == tokens.end()) throw Problem(404, "unknown_token", "there is no such token");
    if (found->revoked_ms != 0) return;
    batch.tables().RevokeApiToken(account, id, ToMs(clock_()));
    batch.Append("token_revoked", {{"id", found->id}, {"account", found->account}}, actor);
  });
}

Json SignIns::Tokens(std::string_view account) const {
  Json items = Json::array();
  const std::int64_t now = ToMs(clock_());
  for (const auto& row : store_.Read()->ApiTokens(account)) {
    const bool over = row.expires_ms <= now;
    items.push_back({{"id", row.id},
                     {"account", row.account},
                     {"name", row.name},
                     {"rights", Json::parse(row.rights)},
                     {"created_at", TimeOf(row.created_ms)},
                     {"expires_at", TimeOf(row.expires_ms)},
                     {"used_at", TimeOf(row.used_ms)},
                     {"state", row.revoked_ms != 0 ? "revoked"
                               : over              ? "expired"
                                                   : "in_force"}});
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

void SignIns::Flush() {
  std::map<std::string, std::int64_t> seen;
  std::map<std::string, std::int64_t> used;
  {
    const std::lock_guard lock(mutex_);
    if (sessions_seen_.empty() && tokens_used_.empty()) return;
    seen = sessions_seen_;
    used = tokens_used_;
  }
  writer_.Run([&](JournalWriter::Batch& batch) {
    for (const auto& [digest, ms] : seen) batch.tables().SeeSession(digest, ms);
    for (const auto& [digest, ms] : used) batch.tables().UseApiToken(digest, ms);
  });
  // Only now: until they are written down, these are what a session's age is counted from.
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_seen_, [&](const auto& item) { return item.second == seen[item.first]; });
  std::erase_if(tokens_used_, [&](const auto& item) { return item.second == used[item.first]; });
}

void SignIns::Prune() {
  const Milliseconds now = clock_();
  writer_.Run([&](JournalWriter::Batch& batch) {
    batch.tables().EndSessionsSeenBefore(ToMs(now - kIdle), ToMs(now - kAbsolute));
  });
}

}  // namespace monitor::service
