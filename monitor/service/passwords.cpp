#include "monitor/service/passwords.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "monitor/service/record.h"

namespace monitor::service {
namespace {

constexpr int kAtOnce = 2;
constexpr int kMayWait = 20;
constexpr std::ptrdiff_t kLeastCharacters = 12;
constexpr std::size_t kMostBytes = 1024;
constexpr int kRetryAfterS = 2;

std::string RandomText() {
  std::string bytes(32, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace

/// Holds one of the places at the hash function.
class Passwords::Turn {
 public:
  explicit Turn(Passwords& passwords) : passwords_(passwords) {
    std::unique_lock lock(passwords_.mutex_);
    if (passwords_.waiting_ >= kMayWait) {
      Problem busy(503, "busy", "Too many sign-ins at once; try again in a moment.");
      busy.retry_after_s = kRetryAfterS;
      throw busy;
    }
    ++passwords_.waiting_;
    passwords_.left_.wait(lock, [&] { return passwords_.running_ < kAtOnce; });
    --passwords_.waiting_;
    ++passwords_.running_;
  }
  ~Turn() {
    {
      const std::lock_guard lock(passwords_.mutex_);
      --passwords_.running_;
    }
    passwords_.left_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Passwords& passwords_;
};

Passwords::Passwords(PasswordCost cost) : cost_(cost) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start on this machine");
}

void Passwords::Require(std::string_view password) {
  const auto characters = std::ranges::count_if(
      password, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters < kLeastCharacters || password.size() > kMostBytes) {
    throw Problem(422, "weak_password",
                  "A password has 12 characters or more, 1024 bytes at most; a few words do well.");
  }
}

std::string Passwords::Hash(std::string_view password) {
  const Turn turn(*this);
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str(text.data(), password.data(), password.size(), cost_.passes,
                        cost_.memory_bytes) != 0) {
    throw std::runtime_error("no memory to hash a password; give the service 64 MiB more");
  }
  return text.data();
}

Passwords::Verdict Passwords::Verify(const std::optional<std::string>& hash,
                                     std::string_view password) {
  if (password.size() > kMostBytes) return Verdict::kWrong;
  // For whoever comes first, so that the first unknown account is not the one that waits longer.
  std::call_once(decoy_made_, [&] { decoy_ = Hash(RandomText()); });
  const Turn turn(*this);
  const std::string& against = hash ? *hash : decoy_;
  const bool right =
      crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  if (!right || !hash) return Verdict::kWrong;
  const bool outdated =
      crypto_pwhash_str_needs_rehash(hash->c_str(), cost_.passes, cost_.memory_bytes) != 0;
  return outdated ? Verdict::kRightButOutdated : Verdict::kRight;
}

}  // namespace monitor::service
