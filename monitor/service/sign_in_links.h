#pragma once

#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/service/id_token.h"
#include "monitor/service/people.h"

namespace monitor::service {

/// Which account somebody is whom an institution has proved: issuer and subject, never a name or an
/// address, which others may come to bear. A link is an event; nobody becomes an administrator by
/// signing in.
/// Threads  any.  Errors  Problem, StoreError.
class SignInLinks {
 public:
  SignInLinks(sop::store::Store& store, JournalWriter& writer, Clock clock, People& people);

  /// The open account that is linked.
  [[nodiscard]] std::optional<std::string> Find(const std::string& issuer,
                                                const std::string& subject) const;
  /// As Find; somebody unknown gets an account with `unknown_role`, or, when that is empty, waits.
  [[nodiscard]] std::optional<std::string> AccountOf(const std::string& issuer,
                                                     const IdTokenSubject& who,
                                                     const std::string& unknown_role);
  /// {"account", "issuer", "subject"}. Problem 404 `unknown_account`, 409 `subject_linked`, 422.
  nlohmann::json Link(const nlohmann::json& body, std::string_view actor);
  /// Who signed in and has no account: {"items": [{"issuer", "subject", "name", "email",
  /// "asked_at"}]}, the newest last. Forgotten at a restart.
  [[nodiscard]] nlohmann::json Waiting() const;

 private:
  struct Waits {
    std::string issuer;
    IdTokenSubject who;
    std::string asked_at;
  };
  std::string MakeAccount(const std::string& issuer, const IdTokenSubject& who,
                          const std::string& role);

  sop::store::Store& store_;
  JournalWriter& writer_;
  Clock clock_;
  People& people_;
  mutable std::mutex mutex_;
  std::deque<Waits> waiting_;
};

/// Keeps the register of links. Other events pass.
void ProjectSignInLink(sop::store::Transaction& tables, const PlacedEvent& event);

}  // namespace monitor::service
