#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/service/people.h"
#include "monitor/service/sign_in_limits.h"

namespace monitor::service {

/// Sessions of people and API tokens of programs: what proves an identity after a password did.
///
/// Only digests are kept. A session ends 1 h after its last use and 12 h after its begin; a token
/// at its expiry; both when they are ended, when the password changes (sessions) and when the
/// account closes. Rights are looked up at each use, so a role that ends, ends at once.
/// Threads  any.  Errors  Problem, StoreError.
class SignIns {
 public:
  SignIns(sop::store::Store& store, JournalWriter& writer, People& people, Clock clock);

  /// Where a request comes from, for the limits and the list of sessions.
  struct From {
    std::string address;
    std::string client;
  };
  /// The password of an account, with failures counted and slowed down: for sign-in and for
  /// whatever asks for the password again. Problem 429 `too_many_attempts` with the wait.
  [[nodiscard]] People::PasswordCheck Prove(std::string_view account, std::string_view password,
                                            const From& from);
  /// Begins a session; returns the cookie's value. Problem 401 `wrong_credentials`, the same for
  /// an unknown account and a wrong password; 429.
  [[nodiscard]] std::string SignIn(std::string_view account, std::string_view password,
                                   const From& from);
  /// The same for somebody whom another authority has proved.
  [[nodiscard]] std::string Begin(std::string_view account, const From& from);

  [[nodiscard]] std::optional<QualityRecord::Identity> FromCookie(std::string_view cookie);
  [[nodiscard]] std::optional<QualityRecord::Identity> FromToken(std::string_view token);
  /// What a page must send back with a write: known only to who knows the cookie.
  [[nodiscard]] static std::string CsrfOf(std::string_view cookie);

  void End(std::string_view account, std::string_view session);
  void EndAll(std::string_view account);
  /// {"items":[{"id","created_at","seen_at","address","client","current"}],"next_cursor":null}
  [[nodiscard]] nlohmann::json Sessions(std::string_view account, std::string_view current) const;

  struct NewToken {
    std::string account, name;
    std::vector<std::string> rights;
    Milliseconds expires;
  };
  /// {"id","token",...}: the token is in this answer and nowhere else.
  nlohmann::json MakeToken(const NewToken& token, std::string_view actor);
  void RevokeToken(std::string_view account, std::string_view id, std::string_view actor);
  [[nodiscard]] nlohmann::json Tokens(std::string_view account) const;

  /// Writes down when sessions and tokens were last used: no request waits for that.
  void Flush();
  /// Removes sessions that have ended by themselves.
  void Prune();

 private:
  [[nodiscard]] QualityRecord::Identity IdentityOf(const std::string& account) const;
  [[nodiscard]] Milliseconds LastSeen(const std::string& digest, std::int64_t stored_ms) const;

  sop::store::Store& store_;
  JournalWriter& writer_;
  People& people_;
  Clock clock_;
  SignInLimits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> sessions_seen_;  ///< by digest, not yet written down
  std::map<std::string, std::int64_t> tokens_used_;
};

}  // namespace monitor::service
