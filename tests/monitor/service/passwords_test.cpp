#include "monitor/service/passwords.h"

#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "monitor/service/record.h"

namespace monitor::service {
namespace {

constexpr PasswordCost kCheap{.passes = 1, .memory_bytes = 8U << 20};

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(Passwords, AreSaltedAndSayHowTheyWereMade) {
  Passwords passwords(kCheap);
  const std::string hash = passwords.Hash("correct horse battery");
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=8192,t=1,p=1$")) << hash;
  EXPECT_NE(hash, passwords.Hash("correct horse battery"));
  EXPECT_EQ(passwords.Verify(hash, "correct horse battery"), Passwords::Verdict::kRight);
  EXPECT_EQ(passwords.Verify(hash, "correct horse batterz"), Passwords::Verdict::kWrong);
  EXPECT_EQ(passwords.Verify(hash, ""), Passwords::Verdict::kWrong);
  EXPECT_EQ(passwords.Verify(std::nullopt, "correct horse battery"), Passwords::Verdict::kWrong);
  EXPECT_EQ(passwords.Verify("no hash", "correct horse battery"), Passwords::Verdict::kWrong);
}

TEST(Passwords, AreLongRatherThanComposed) {
  const auto refused = [](const std::string& password) {
    try {
      Passwords::Require(password);
    } catch (const Problem& problem) {
      return problem.type == "weak_password";
    }
    return false;
  };
  EXPECT_TRUE(refused("elevenchars"));
  EXPECT_FALSE(refused("twelve chars"));
  EXPECT_TRUE(refused("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9")) << "six letters";
  EXPECT_FALSE(refused(std::string(1024, 'x')));
  EXPECT_TRUE(refused(std::string(1025, 'x')));
}

/// Processor time of the thread that hashes: what else the machine does is not in it. The hash
/// takes milliseconds and everything else microseconds, so a factor of 2 tells a hash from none.
TEST(Passwords, AnAccountWithoutOneCostsAsMuch) {
  Passwords passwords(kCheap);
  const std::string hash = passwords.Hash("correct horse battery");
  const auto cost = [&](const std::optional<std::string>& against) {
    const double begin = ThreadSeconds();
    for (int i = 0; i < 5; ++i) static_cast<void>(passwords.Verify(against, "wrong wrong wrong"));
    return ThreadSeconds() - begin;
  };
  cost(std::nullopt);  // the decoy is made
  const double known = cost(hash);
  const double unknown = cost(std::nullopt);
  EXPECT_LT(known, 2 * unknown);
  EXPECT_LT(unknown, 2 * known);
}

TEST(Passwords, AFloodWaitsInBoundedNumber) {
  Passwords passwords({.passes = 3, .memory_bytes = 8U << 20});
  const std::string hash = passwords.Hash("correct horse battery");
  constexpr int kThreads = 80;
  std::latch together(kThreads);
  std::atomic<int> right = 0;
  std::atomic<int> busy = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      together.arrive_and_wait();
      try {
        right += passwords.Verify(hash, "correct horse battery") == Passwords::Verdict::kRight;
      } catch (const Problem& problem) {
        busy += problem.status == 503 && problem.retry_after_s > 0;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(right + busy, kThreads);
  EXPECT_GT(busy, 0);
  EXPECT_GE(right, 22);
}

}  // namespace
}  // namespace monitor::service
