#include "monitor/agent/checkpoint_memory.h"

#include <gtest/gtest.h>

#include "monitor/agent/durable_file.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

using enum CheckpointVerdict;

class CheckpointMemory : public testing::Test {
 protected:
  [[nodiscard]] CheckpointVerdict Show(const std::string& note) const {
    return RememberCheckpoint(file_, note);
  }
  [[nodiscard]] std::string Kept(const std::string& ending = "") const {
    return ReadFile(file_.string() + ending, 100'000);
  }
  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "checkpoint";
};

TEST_F(CheckpointMemory, AGrowingLogIsFollowed) {
  EXPECT_EQ(Show("o\n3\nabc\n"), kConsistent);
  EXPECT_EQ(Show("o\n3\nabc\n"), kConsistent);
  EXPECT_EQ(Show("o\n5\ndef\n"), kConsistent);
  EXPECT_EQ(Show("not a note"), kUnreadable);
  EXPECT_EQ(Kept(), "o\n5\ndef\n");
  EXPECT_FALSE(HasCheckpointEvidence(file_));
}

TEST_F(CheckpointMemory, EvidenceOfAnotherLogIsKeptOnBothSides) {
  EXPECT_EQ(Show("o\n3\nabc\n"), kConsistent);
  EXPECT_EQ(Show("o\n2\nabc\n"), kRolledBack);
  EXPECT_TRUE(HasCheckpointEvidence(file_));
  EXPECT_EQ(Show("o\n3\nxyz\n"), kRewritten);
  EXPECT_EQ(Show("p\n9\nxyz\n"), kRewritten);
  EXPECT_EQ(Show("o\n9\nxyz\n"), kConsistent);  // grown past it, which proves nothing
  EXPECT_EQ(Kept(), "o\n3\nabc\n");
  EXPECT_EQ(Kept(".bad"), "o\n2\nabc\n");
  std::filesystem::remove(file_.string() + ".bad");  // a person has looked
  EXPECT_EQ(Show("o\n10\nxyz\n"), kConsistent);
  EXPECT_EQ(Kept(), "o\n10\nxyz\n");
}

TEST_F(CheckpointMemory, ADamagedNoteIsNotOverwrittenInSilence) {
  for (const std::string& damage : {std::string("o\n12"), std::string(100'000 - 1, 'x')}) {
    folder_.Write("checkpoint", damage);
    EXPECT_EQ(Show("o\n3\nabc\n"), kKeptDamaged);
    EXPECT_EQ(Kept(".damaged"), damage);
    EXPECT_EQ(Kept(), "o\n3\nabc\n");
    EXPECT_TRUE(HasCheckpointEvidence(file_));
  }
}

}  // namespace
}  // namespace monitor::agent
