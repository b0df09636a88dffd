#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace monitor::service {

/// What one Argon2id hash costs. The defaults take about 0.1 s of one core.
struct PasswordCost {
  std::uint64_t passes = 3;
  std::size_t memory_bytes = 64U << 20;
};

/// Hashes and checks passwords with Argon2id (libsodium).
///
/// At most two hashes run at once, and few wait: a flood of sign-ins costs bounded memory.
/// Threads  any.  Errors  Problem 503 `busy` when too many wait.
class Passwords {
 public:
  explicit Passwords(PasswordCost cost);

  /// Problem 422 `weak_password` unless it has 12 characters or more, and 1024 bytes at most.
  static void Require(std::string_view password);

  /// The hash with its salt and parameters, as text of at most 128 bytes.
  [[nodiscard]] std::string Hash(std::string_view password);

  enum class Verdict { kWrong, kRight, kRightButOutdated };  // outdated: made at another cost
  /// Takes as long without a `hash` (no such account, no password) as with one.
  [[nodiscard]] Verdict Verify(const std::optional<std::string>& hash, std::string_view password);

 private:
  class Turn;
  PasswordCost cost_;
  std::once_flag decoy_made_;
  std::string decoy_;  ///< of a password that nobody knows
  std::mutex mutex_;
  std::condition_variable left_;
  int running_ = 0;
  int waiting_ = 0;
};

}  // namespace monitor::service
