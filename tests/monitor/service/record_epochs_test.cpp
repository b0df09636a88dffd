#include "sop/journal/checkpoint.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class RecordEpochsTest : public RecordTest {
 protected:
  RecordEpochsTest() { ApplyFacility(); }
  [[nodiscard]] sop::journal::Checkpoint Newest() const {
    return sop::journal::OpenCheckpoint(record_->Checkpoint(), record_->VerifierKey()).value();
  }
};

TEST_F(RecordEpochsTest, ARestoreIsTheNextEventAndStandsInEveryCheckpointAfterIt) {
  const sop::journal::Checkpoint before = Newest();
  EXPECT_EQ(before.epoch, 1U);
  EXPECT_TRUE(record_->Epochs().at("items").empty());
  const Json opened = record_->OpenEpoch("the disk failed", "");
  EXPECT_EQ(opened.at("epoch"), 2);
  EXPECT_EQ(opened.at("log_index"), before.tree_size);
  Open();
  ApplyFacility();
  record_->Submit(Submission(1, 0.5, "2026-03-01T08:00:00Z"), "admin");
  EXPECT_EQ(Newest().epoch, 2U);
  const Json item = record_->Epochs().at("items").at(0);
  EXPECT_EQ(item.at("restored_size"), before.tree_size);
  EXPECT_EQ(item.at("restored_root"), sop::journal::ToHex(before.root));
  EXPECT_EQ(item.at("reason"), "the disk failed");
  EXPECT_FALSE(item.contains("lost_checkpoint"));
}

TEST_F(RecordEpochsTest, TheEpochIsBeyondThatOfTheLostCheckpoint) {
  record_->OpenEpoch("first", "");
  record_->OpenEpoch("second", "");
  const std::string lost = record_->Checkpoint();
  EXPECT_EQ(Newest().epoch, 3U);
  const Json opened = record_->OpenEpoch("third", lost);
  EXPECT_EQ(opened.at("epoch"), 4);
  EXPECT_EQ(record_->Epochs().at("items").at(2).at("lost_checkpoint"), lost);
  EXPECT_EQ(ProblemOf([&] { record_->OpenEpoch("x", "not a note"); }), "wrong_value");
  EXPECT_EQ(ProblemOf([&] { record_->OpenEpoch("", ""); }), "wrong_value");
  EXPECT_EQ(Newest().epoch, 4U);
}

}  // namespace
}  // namespace monitor::service
