#include "monitor/agent/witness.h"

#include <gtest/gtest.h>

#include <functional>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/log_epochs.h"
#include "tests/monitor/agent/fake_log.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

using enum WitnessAlarm;
using nlohmann::json;
using std::chrono::sys_days;

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() { log_.Grow(3); }
  void Look(const FakeLog& log) {
    shown_ = &log;
    witness_.Look(now_);
  }
  void Look() { Look(log_); }
  [[nodiscard]] std::optional<WitnessAlarm> Alarm() const { return witness_.state().alarm; }
  [[nodiscard]] std::string File(const std::string& name) const {
    return ReadFile(folder_.path() / name, 100'000);
  }
  [[nodiscard]] json Evidence(const std::string& name = "checkpoint.alarm") const {
    return json::parse(File(name));
  }
  void Explain() const { std::filesystem::remove(folder_.path() / "checkpoint.alarm"); }
  /// Another past of the same length under the same key.
  [[nodiscard]] FakeLog Rewritten(int events) const {
    FakeLog other;
    other.key = log_.key;
    other.Append("another past");
    other.Grow(events - 1);
    return other;
  }

  TemporaryFolder folder_;
  FakeLog log_;
  const FakeLog* shown_ = &log_;
  std::function<bool(const std::string&)> refuses_;  ///< the service does not answer these paths
  std::vector<Recovery> lost_;
  Witness::WallTime now_ = sys_days(std::chrono::year(2026) / 11 / 30);
  Witness witness_{folder_.path(),
                   {[this](const std::string& path) {
                      return refuses_ && refuses_(path) ? Answer{503, ""} : shown_->Get(path);
                    },
                    [this](const Recovery& recovery) { lost_.push_back(recovery); }}};
};

TEST_F(WitnessTest, AGrowingLogIsFollowedByItsProofs) {
  Look();
  EXPECT_EQ(File("log.verifier"), log_.key.VerifierKey() + "\n");
  log_.Grow(4);
  Look();
  Look();
  log_.Grow(1);
  witness_.See(log_.Note(), now_);
  EXPECT_EQ(File("checkpoint"), log_.Note());
  EXPECT_EQ(witness_.state().events, 8U);
  EXPECT_EQ(witness_.state().verified_at, now_);
  EXPECT_FALSE(Alarm());
}

TEST_F(WitnessTest, TheFirstNoteOfEachDayStays) {
  Look();
  const std::string first = log_.Note();
  log_.Grow(1);
  Look();
  now_ += std::chrono::days(1);
  log_.Grow(1);
  Look();
  EXPECT_EQ(File("checkpoints/2026-11-30"), first);
  EXPECT_EQ(File("checkpoints/2026-12-01"), log_.Note());
}

TEST_F(WitnessTest, AShorterLogIsRefusedWithBothNotesKept) {
  log_.Grow(6);
  Look();
  FakeLog old;
  old.key = log_.key;
  old.Grow(5);
  Look(old);
  EXPECT_EQ(Alarm(), kRolledBack);
  EXPECT_EQ(Evidence()["kept"], log_.Note());
  EXPECT_EQ(Evidence()["shown"], old.Note());
  old.Grow(20);  // grown past it again: no proof of anything
  Look(old);
  log_.Grow(9);
  Look();
  EXPECT_EQ(Evidence()["finding"], "rolled_back");
  EXPECT_EQ(witness_.state().events, 9U);
  Explain();
  Look();
  EXPECT_EQ(witness_.state().events, 18U);
  EXPECT_FALSE(Alarm());
}

TEST_F(WitnessTest, AnotherPastIsRefusedAtTheSameSizeAndBeyond) {
  for (const int size : {3, 4, 50}) {
    Look();
    const FakeLog other = Rewritten(size);
    Look(other);
    EXPECT_EQ(Alarm(), kRewritten) << size;
    EXPECT_EQ(Evidence()["shown"], other.Note());
    EXPECT_EQ(witness_.state().events, 3U);
    Explain();
  }
}

TEST_F(WitnessTest, AnotherKeyIsAnAlarmWhateverItSigns) {
  Look();
  FakeLog other;  // same name, same events, another key
  other.Grow(5);
  Look(other);
  EXPECT_EQ(Alarm(), kWrongKey);
  EXPECT_EQ(Evidence()["verifier_key"], log_.key.VerifierKey());
}

TEST_F(WitnessTest, AKeyPutThereBeforehandCountsFromTheFirstAnswer) {
  folder_.Write("log.verifier", sop::journal::GenerateLogKey("example.org/etalon").VerifierKey());
  Look();
  EXPECT_EQ(Alarm(), kWrongKey);
  EXPECT_EQ(witness_.state().events, 0U);
}

TEST_F(WitnessTest, WithoutProofNothingIsTakenAndTheAlarmEndsWithTheFirst) {
  Look();
  log_.Grow(1);
  refuses_ = [](const std::string& path) { return path.starts_with("/api"); };
  for (int i = 0; i < 9; ++i) Look();
  EXPECT_FALSE(Alarm());
  EXPECT_EQ(witness_.state().events, 3U);
  Look();
  EXPECT_EQ(Alarm(), kUnproven);
  refuses_ = nullptr;
  Look();
  EXPECT_FALSE(Alarm());
  EXPECT_EQ(witness_.state().events, 4U);
}

TEST_F(WitnessTest, WhatAPortalAnswersSaysNothingOfTheLog) {
  Look();
  witness_.See("<html>Please sign in</html>\n\n", now_);
  witness_.See("", now_);
  EXPECT_FALSE(Alarm());
}

TEST_F(WitnessTest, ADamagedNoteFallsBackOnTheOneOfTheDay) {
  for (const std::string& damage : {std::string("o\n12"), std::string(100'000, 'x')}) {
    Look();
    folder_.Write("checkpoint", damage);
    Look(Rewritten(7));
    EXPECT_EQ(Alarm(), kRewritten);
    EXPECT_EQ(ReadFile(folder_.path() / "checkpoint.damaged", 200'000), damage);
    Explain();
    EXPECT_EQ(Alarm(), kKeptDamaged);
    Look();
    std::filesystem::remove(folder_.path() / "checkpoint.damaged");
    EXPECT_FALSE(Alarm());
  }
}

TEST_F(WitnessTest, ASignedRecoveryIsFollowedAndItsLossStated) {
  Look();  // the note of the day, which the backup still holds
  log_.Grow(6);
  Look();
  FakeLog old = log_;
  old.Restore(5);
  old.epoch = 1;  // served as if nothing had happened
  Look(old);
  EXPECT_EQ(Alarm(), kRolledBack);
  log_.Restore(5);
  log_.Grow(2);
  Look();
  EXPECT_FALSE(Alarm());
  ASSERT_EQ(lost_.size(), 1U);
  EXPECT_EQ(lost_[0].restored_size, 5U);
  EXPECT_EQ(lost_[0].lost_events, 4U);
  EXPECT_EQ(witness_.state().lost_events, 4U);
  EXPECT_EQ(witness_.state().epoch, 2U);
  EXPECT_EQ(Evidence("checkpoint.recovered.2")["reason"], "the disk failed");
  EXPECT_EQ(Evidence("checkpoint.recovered.2")["alarm_before"]["finding"], "rolled_back");
  EXPECT_EQ(File("checkpoint"), log_.Note());
  log_.Grow(1);
  Look();
  EXPECT_EQ(witness_.state().events, 9U);
  EXPECT_EQ(lost_.size(), 1U);
}

TEST_F(WitnessTest, ARecoveryThatLostNothingOfOursSaysSo) {
  log_.Restore(3);
  Look(log_);
  FakeLog again = log_;
  again.Grow(2);
  again.Restore(5);
  Look(again);
  EXPECT_FALSE(Alarm());
  EXPECT_EQ(witness_.state().lost_events, 0U);
  EXPECT_EQ(witness_.state().epoch, 3U);
}

TEST_F(WitnessTest, ARecoveryOfAnotherPastIsNone) {
  Look();
  log_.Grow(6);
  Look();
  FakeLog other = Rewritten(5);
  other.Restore(5);
  Look(other);
  EXPECT_EQ(Alarm(), kRewritten);
  EXPECT_TRUE(lost_.empty());
  EXPECT_EQ(witness_.state().epoch, 1U);
}

TEST_F(WitnessTest, ARecoveryDoesNotExplainAnotherPast) {
  Look();
  Look(Rewritten(9));
  log_.Grow(2);
  log_.Restore(4);
  Look();
  EXPECT_EQ(Alarm(), kRewritten);
  EXPECT_EQ(witness_.state().epoch, 2U);  // followed all the same
}

TEST_F(WitnessTest, AnEpochThatTheLogDoesNotRecordIsNotTaken) {
  Look();
  log_.epoch = 2;
  log_.Grow(4);
  for (int i = 0; i < 10; ++i) Look();
  EXPECT_EQ(Alarm(), kUnproven);
  EXPECT_EQ(witness_.state().epoch, 1U);
}

TEST_F(WitnessTest, ARecoveryThatIsNotInTheLogIsNone) {
  log_.Restore(2);
  const json whole = json::parse(log_.Get("/api/v1/log/epochs").body);
  ASSERT_TRUE(ReadLogEpochs(whole.dump(), log_.key.VerifierKey()));
  for (const auto& [from, to] :
       {std::pair("failed", "burned"), std::pair("_size\\\":2", "_size\\\":3"),
        std::pair("inclusion\":[\"", "inclusion\":[\"0")}) {
    std::string text = whole.dump();
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), std::string(from).size(), to);
    EXPECT_FALSE(ReadLogEpochs(text, log_.key.VerifierKey())) << from;
  }
  EXPECT_FALSE(ReadLogEpochs(whole.dump(), FakeLog().key.VerifierKey()));
  EXPECT_FALSE(ReadLogEpochs("{}", log_.key.VerifierKey()));
}

TEST_F(WitnessTest, AnOlderEpochIsARollback) {
  const FakeLog first = log_;
  log_.Restore(2);
  Look();
  FakeLog grown = first;
  grown.Grow(9);
  Look(grown);
  EXPECT_EQ(Alarm(), kRolledBack);
}

TEST_F(WitnessTest, OfSeveralRecoveriesTheOneThatWentBackFarthestCounts) {
  Look();
  log_.Grow(7);
  Look();
  log_.Restore(6);
  log_.Grow(5);
  log_.Restore(8);
  log_.Grow(8);
  Look();
  EXPECT_FALSE(Alarm());
  ASSERT_EQ(lost_.size(), 1U);
  EXPECT_EQ(lost_[0].restored_size, 6U);
  EXPECT_EQ(witness_.state().epoch, 3U);
}

}  // namespace
}  // namespace monitor::agent
