#include "monitor/service/sign_in_limits.h"

#include <gtest/gtest.h>

namespace monitor::service {
namespace {

using std::chrono::seconds;

class SignInLimitsTest : public ::testing::Test {
 protected:
  /// Fails `times` times as fast as it may; returns how long that took.
  seconds Fail(int times, const std::string& account, const std::string& address) {
    const Milliseconds begin = now_;
    for (int i = 0; i < times;) {
      const int wait_s = limits_.Begin(account, address, now_);
      wait_s == 0 ? void(++i) : void(now_ += seconds(wait_s));
    }
    return std::chrono::floor<seconds>(now_ - begin);
  }
  [[nodiscard]] int Wait(const std::string& account, const std::string& address) {
    return limits_.Begin(account, address, now_);
  }
  SignInLimits limits_;
  Milliseconds now_ = FromMs(1'800'000'000'000);
};

TEST_F(SignInLimitsTest, TheWaitDoublesUpToAQuarterOfAnHour) {
  EXPECT_EQ(Fail(6, "ana", "10.0.0.1"), seconds(0));
  EXPECT_EQ(Fail(1, "ana", "10.0.0.1"), seconds(1));
  EXPECT_EQ(Fail(1, "ana", "10.0.0.1"), seconds(2));
  EXPECT_EQ(Fail(4, "ana", "10.0.0.1"), seconds(4 + 8 + 16 + 32));
  EXPECT_GT(Fail(20, "ana", "10.0.0.1"), seconds(12 * 900));
  EXPECT_LE(Wait("ana", "10.0.0.1"), 900);
}

TEST_F(SignInLimitsTest, AskingDuringTheWaitDoesNotProlongIt) {
  Fail(7, "ana", "10.0.0.1");
  const int wait_s = Wait("ana", "10.0.0.1");
  EXPECT_EQ(wait_s, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Wait("ana", "10.0.0.1"), wait_s);
}

TEST_F(SignInLimitsTest, NobodyLocksAnOwnerOutOfAnAddressThatTheyUse) {
  EXPECT_EQ(Wait("ana", "10.0.0.1"), 0);
  limits_.Succeeded("ana", "10.0.0.1");
  for (int i = 0; i < 300; ++i) Fail(1, "ana", "192.168.7." + std::to_string(i));
  EXPECT_GT(Wait("ana", "10.9.9.9"), 0) << "guessing from many addresses is slowed down";
  EXPECT_EQ(Wait("ana", "10.0.0.1"), 0);
}

TEST_F(SignInLimitsTest, AnAddressThatTriesManyAccountsIsSlowedDown) {
  for (int i = 0; i < 51; ++i) EXPECT_EQ(Wait("user" + std::to_string(i), "10.0.0.1"), 0) << i;
  EXPECT_GT(Wait("ana", "10.0.0.1"), 0);
  EXPECT_EQ(Wait("ana", "10.0.0.2"), 0);
}

TEST_F(SignInLimitsTest, AnAccountOfOnesOwnDoesNotWashAnAddressClean) {
  for (int i = 0; i < 49; ++i) {
    Fail(1, "user" + std::to_string(i), "10.0.0.1");
    ASSERT_EQ(Wait("mallory", "10.0.0.1"), 0);
    limits_.Succeeded("mallory", "10.0.0.1");
  }
  Fail(2, "user98", "10.0.0.1");
  EXPECT_GT(Wait("user99", "10.0.0.1"), 0);
}

TEST_F(SignInLimitsTest, SuccessAndADayForget) {
  Fail(6, "ana", "10.0.0.1");
  now_ += seconds(1);
  EXPECT_EQ(Wait("ana", "10.0.0.1"), 0);
  limits_.Succeeded("ana", "10.0.0.1");
  EXPECT_EQ(Fail(6, "ana", "10.0.0.1"), seconds(0));
  now_ += std::chrono::days(2);
  EXPECT_EQ(Fail(6, "ana", "10.0.0.1"), seconds(0));
}

/// Made-up names cost memory for a while and no more; what is counted of the rest stays.
TEST_F(SignInLimitsTest, AFloodOfNamesDoesNotFreeTheGuesser) {
  Fail(8, "ana", "10.0.0.1");
  now_ += seconds(1);
  for (int i = 0; i < 3000; ++i) {
    static_cast<void>(Wait("made-up-" + std::to_string(i), "10.1.0." + std::to_string(i % 250)));
  }
  EXPECT_GT(Wait("ana", "10.0.0.1"), 0);
}

}  // namespace
}  // namespace monitor::service
