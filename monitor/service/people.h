#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/service/journal_writer.h"
#include "monitor/service/passwords.h"
#include "monitor/service/record.h"
#include "sop/rights.h"
#include "sop/store/store.h"

namespace monitor::service {

struct Account {
  std::string id;
  std::string name;
  std::string kind;  ///< "person" signs in, "system" has tokens only
  bool closed = false;
};

/// A role that somebody holds, or held until its time was up.
struct RoleGrant {
  std::string role;
  std::string instrument;  ///< empty: everywhere
  std::string until;       ///< RFC 3339; empty: until revoked
  bool in_force = true;
  bool time_boxed = false;  ///< the role is one that ends by itself
};

/// What an account may do now, and by which grants.
struct Standing {
  std::vector<RoleGrant> grants;
  sop::Rights rights;
};

/// Accounts, roles and what they amount to now, with the passwords that prove them.
///
/// Accounts, roles and grants are events, made with QualityRecord::Command; passwords are hashes
/// in a table beside the journal.
/// Threads  any.  Errors  Problem, StoreError.
class People {
 public:
  People(sop::store::Store& store, JournalWriter& writer, Clock clock, PasswordCost cost);

  /// The built-in roles become events where the record has not defined them, or where nobody but
  /// the service has and this program knows better.
  void SeedRoles();

  [[nodiscard]] std::optional<Account> Find(std::string_view id) const;
  [[nodiscard]] bool IsOpen(std::string_view id) const;  ///< known and not closed
  [[nodiscard]] bool AnyAccount() const;
  /// Empty for a closed or unknown account.
  [[nodiscard]] Standing StandingOf(std::string_view account) const;
  [[nodiscard]] sop::Rights RightsOf(std::string_view account) const {
    return StandingOf(account).rights;
  }
  [[nodiscard]] sop::Rights RightsOfRole(std::string_view role) const;
  /// Of those who have not signed in; nothing while the facility has not defined the role.
  [[nodiscard]] std::optional<sop::Rights> PublicRights() const;

  [[nodiscard]] nlohmann::json Accounts() const;  ///< {"items":[...],"next_cursor":null}
  [[nodiscard]] nlohmann::json Roles() const;     ///< {"items":[...],"rights":[...]}

  /// Ends the account's sessions. One that somebody else than the account chose is an initial
  /// password: it opens nothing but its own change.
  /// Problem 404, 409 `account_closed` or `no_password`, 422 `weak_password`.
  void SetPassword(std::string_view account, std::string_view password, std::string_view actor);

  [[nodiscard]] bool HasInitialPassword(std::string_view account) const;
  /// Of a closed account: its password, sessions and tokens go.
  void ForgetSecrets(std::string_view account);

  enum class PasswordCheck { kWrong, kRight, kRightButInitial };
  /// Takes as long for an account that is unknown, closed, or has no password. A hash made at
  /// another cost is made again. Does not count failures: SignIns does.
  [[nodiscard]] PasswordCheck CheckPassword(std::string_view account, std::string_view password);

 private:
  [[nodiscard]] std::optional<sop::Rights> DefinedRights(std::string_view role) const;

  sop::store::Store& store_;
  JournalWriter& writer_;
  Clock clock_;
  Passwords passwords_;
};

/// What an account, role or grant event may say, given what is in force: accounts exist and are
/// open, roles are defined, a time-boxed role has an end. Problem otherwise.
void CheckPeopleCommand(std::string_view type, const nlohmann::json& body,
                        JournalWriter::Batch& batch);

}  // namespace monitor::service
