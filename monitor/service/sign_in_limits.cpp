#include "monitor/service/sign_in_limits.h"

#include <algorithm>

namespace monitor::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kFreeOfPair = 5;
constexpr int kFreeOfAccount = 20;
constexpr int kFreeOfAddress = 50;
constexpr seconds kLongestWait = std::chrono::minutes(15);
constexpr auto kForgotten = std::chrono::days(1);
constexpr std::size_t kMostCounts = 10'000;
constexpr std::size_t kMostKnown = 10'000;
constexpr std::size_t kLongestKey = 64;

std::string Pair(std::string_view account, std::string_view address) {
  return std::string(account) + "\n" + std::string(address);
}
std::string OfAccount(std::string_view account) { return "account\n" + std::string(account); }
std::string OfAddress(std::string_view address) { return "\n" + std::string(address); }

seconds WaitAfter(int failures, int free) {
  const int beyond = failures - free;
  if (beyond <= 0) return seconds(0);
  return beyond > 10 ? kLongestWait : std::min(seconds(1 << (beyond - 1)), kLongestWait);
}

}  // namespace

bool SignInLimits::Holds(const std::string& key, Milliseconds now, Milliseconds& until) const {
  const auto found = counts_.find(key);
  if (found == counts_.end() || found->second.until <= now) return false;
  until = std::max(until, found->second.until);
  return true;
}

void SignInLimits::Add(const std::string& key, int free, Milliseconds now) {
  Count& count = counts_[key];
  if (now - count.last > kForgotten) count.failures = 0;
  ++count.failures;
  count.last = now;
  count.until = now + WaitAfter(count.failures, free);
}

void SignInLimits::TakeBack(const std::string& key) {
  const auto found = counts_.find(key);
  if (found == counts_.end()) return;
  found->second.failures = std::max(0, found->second.failures - 1);
  found->second.until = {};
}

/// Old counts go first; a flood of made-up names pushes out its own oldest.
void SignInLimits::Forget(Milliseconds now) {
  if (counts_.size() < kMostCounts) return;
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.last > kForgotten; });
  while (counts_.size() >= kMostCounts) {
    counts_.erase(
        std::ranges::min_element(counts_, {}, [](const auto& entry) { return entry.second.last; }));
  }
}

int SignInLimits::Begin(std::string_view account, std::string_view address, Milliseconds now) {
  account = account.substr(0, kLongestKey);
  const std::string pair = Pair(account, address);
  const std::lock_guard lock(mutex_);
  Milliseconds until = now;
  bool held = Holds(pair, now, until);
  held |= Holds(OfAddress(address), now, until);
  const bool known = known_.contains(pair);
  if (!known) held |= Holds(OfAccount(account), now, until);
  // An attempt that is refused is not counted: it cannot prolong the wait.
  if (held) return static_cast<int>(std::chrono::ceil<seconds>(until - now).count());
  Forget(now);
  Add(pair, kFreeOfPair, now);
  Add(OfAddress(address), kFreeOfAddress, now);
  if (!known) Add(OfAccount(account), kFreeOfAccount, now);
  return 0;
}

void SignInLimits::Succeeded(std::string_view account, std::string_view address) {
  account = account.substr(0, kLongestKey);
  const std::string pair = Pair(account, address);
  const std::lock_guard lock(mutex_);
  counts_.erase(pair);
  // Only this attempt is taken back: else one account of one's own would wash an address clean.
  TakeBack(OfAddress(address));
  if (!known_.contains(pair)) TakeBack(OfAccount(account));
  if (known_.size() >= kMostKnown) known_.clear();
  known_.insert(pair);
}

}  // namespace monitor::service
