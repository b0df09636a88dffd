#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "monitor/service/time_text.h"

namespace monitor::service {

/// Slows down those who guess passwords, and only those.
///
/// Failures are counted for an account from one address (5 are free), for an account from anywhere
/// (20) and for an address whatever the account (50); each failure beyond doubles the wait, from
/// 1 s to 15 min. An address from which the account has signed in before is not held up by what
/// others do to the account, so that nobody can lock its owner out. A day without failure forgets.
/// Kept in memory, at most 10,000 counts: a restart forgets too.
/// Threads  any.
class SignInLimits {
 public:
  /// Seconds to wait before trying; 0: try now, which counts as a failure until Succeeded.
  [[nodiscard]] int Begin(std::string_view account, std::string_view address, Milliseconds now);
  void Succeeded(std::string_view account, std::string_view address);

 private:
  struct Count {
    int failures = 0;
    Milliseconds last{};
    Milliseconds until{};
  };
  [[nodiscard]] bool Holds(const std::string& key, Milliseconds now, Milliseconds& until) const;
  void Add(const std::string& key, int free, Milliseconds now);
  void TakeBack(const std::string& key);
  void Forget(Milliseconds now);

  std::mutex mutex_;
  std::map<std::string, Count, std::less<>> counts_;
  std::set<std::string, std::less<>> known_;  ///< account and address of successes
};

}  // namespace monitor::service
