#include <algorithm>
#include <fstream>
#include <iterator>

#include "sop/journal/merkle.h"
#include "sop/store/store.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class RecordFaultsTest : public RecordTest {
 protected:
  RecordFaultsTest() { ApplyFacility(); }
  Json Report(const std::string& reporter, const std::string& text) const {
    return record_->ReportFault({{"instrument", "lsm-1"}, {"text", text}, {"reporter", reporter}},
                                "admin");
  }
  [[nodiscard]] Json Faults() const { return record_->Faults("lsm-1", std::nullopt).at("items"); }
  /// The database lies in the data folder and not on a server.
  [[nodiscard]] bool InOneFile() const { return std::filesystem::exists(dir_ + "/etalon.db"); }
  /// Files of the data folder that hold `text`, as they are while the service runs.
  [[nodiscard]] std::vector<std::string> FilesWith(const std::string& text) const {
    std::vector<std::string> files;
    for (const auto& item : std::filesystem::recursive_directory_iterator(dir_)) {
      std::ifstream stream(item.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
      if (bytes.find(text) != std::string::npos) files.push_back(item.path().filename());
    }
    return files;
  }
};

TEST_F(RecordFaultsTest, AReportShowsItsNameAndTheJournalDoesNot) {
  const Json answer = Report("Jane Roe", "the shutter sticks");
  const Json item = Faults().at(0);
  EXPECT_EQ(item.at("reporter"), "Jane Roe");
  EXPECT_EQ(item.at("text"), "the shutter sticks");
  EXPECT_EQ(item.at("log_index"), answer.at("log_index"));
  EXPECT_TRUE(item.at("erased").empty());
  const Json event = record_->Events(answer.at("log_index"), 1).at("items").at(0);
  const std::string line = event.at("line");
  EXPECT_EQ(line.find("Jane"), std::string::npos);
  EXPECT_EQ(line.find("shutter"), std::string::npos);
  EXPECT_EQ(Json::parse(line).at("actor"), "service");
  record_->ReportFault({{"instrument", "lsm-1"}, {"text", "noise"}}, "ana");
  EXPECT_EQ(Faults().at(1).at("reporter"), "ana");
}

TEST_F(RecordFaultsTest, WrongReportsAreRefused) {
  const auto problem = [&](const Json& body) {
    return ProblemOf([&] { record_->ReportFault(body, "ana"); });
  };
  EXPECT_EQ(problem({{"instrument", "none"}, {"text", "x"}}), "unknown_instrument");
  EXPECT_EQ(problem({{"instrument", "lsm-1"}, {"configuration", "none"}, {"text", "x"}}),
            "unknown_configuration");
  EXPECT_EQ(problem({{"instrument", "lsm-1"}}), "missing_field");
  EXPECT_EQ(problem({{"instrument", "lsm-1"}, {"text", std::string(4001, 'x')}}), "wrong_value");
  EXPECT_EQ(problem({{"instrument", "lsm-1"}, {"text", "x"}, {"word", "x"}}), "unknown_field");
}

TEST_F(RecordFaultsTest, ErasingLeavesNoTraceInAnyFileAndEveryProof) {
  std::vector<Json> proofs;
  // Rows of many sizes, so that pages fill, split and overflow before something is erased.
  for (int i = 0; i < 60; ++i) {
    const std::string name = "Reporter-" + std::to_string(1000 + i) + "-Name";
    Report(name, name + std::string(static_cast<std::size_t>(i * 67 % 3000), 'x') + name);
  }
  record_->Submit(Submission(1, 0.5, "2026-03-01T08:00:00Z"), "ana");
  const std::string events = record_->Events(0, 500).at("items").dump();
  for (int i = 0; i < 60; i += 7) {
    const std::string name = "Reporter-" + std::to_string(1000 + i) + "-Name";
    const Json erased = record_->EraseNames({{"name", name}, {"reason", "asked to"}}, "admin");
    EXPECT_EQ(erased.at("erased"), 2);
    EXPECT_EQ(FilesWith(name), std::vector<std::string>{}) << i;
    const Json item = Faults().at(static_cast<std::size_t>(i));
    EXPECT_EQ(item.at("reporter"), nullptr);
    EXPECT_EQ(item.at("erased"), Json::array({"reporter", "text"}));
    Report("Later-" + std::to_string(i), "more");
  }
  if (InOneFile()) {
    EXPECT_FALSE(FilesWith("Reporter-1001-Name").empty()) << "the search finds what is there";
    EXPECT_FALSE(FilesWith("performer").empty()) << "who performed stays";
  }
  EXPECT_EQ(Faults().at(1).at("reporter"), "Reporter-1001-Name");
  // The events are the same bytes, and their digest tree goes on from them.
  const std::string after = record_->Events(0, 500).at("items").dump();
  EXPECT_EQ(after.substr(0, events.size() - 1), events.substr(0, events.size() - 1));
  const std::string digest = record_->DumpDigest();
  EXPECT_EQ(record_->Rebuild(), digest);
  Open();
  EXPECT_EQ(Faults().at(7).at("reporter"), nullptr);
}

TEST_F(RecordFaultsTest, WhoIsNamedInAnothersWordsIsTold) {
  Report("Jane Roe", "no light");
  const Json other = Report("John Doe", "Jane Roe left the shutter open");
  const Json erased = record_->EraseNames({{"name", "Jane Roe"}, {"reason", "asked"}}, "admin");
  ASSERT_EQ(erased.at("mentions").size(), 1U);
  const Json mention = erased.at("mentions").at(0);
  EXPECT_EQ(mention.at("log_index"), other.at("log_index"));
  EXPECT_EQ(Faults().at(1).at("text"), "Jane Roe left the shutter open");
  record_->EraseNames({{"commitment", mention.at("commitment")}, {"reason", "asked"}}, "admin");
  EXPECT_EQ(Faults().at(1).at("text"), nullptr);
  EXPECT_EQ(Faults().at(1).at("reporter"), "John Doe");
  EXPECT_TRUE(FilesWith("Jane Roe").empty());
}

TEST_F(RecordFaultsTest, AnErasureNeedsANameThatIsThereAndAReasonWithoutIt) {
  Report("Jane Roe", "no light");
  const auto problem = [&](const Json& body) {
    return ProblemOf([&] { record_->EraseNames(body, "admin"); });
  };
  EXPECT_EQ(problem({{"name", "Jane"}, {"reason", "asked"}}), "unknown_name");
  EXPECT_EQ(problem({{"commitment", "00"}, {"reason", "asked"}}), "unknown_commitment");
  EXPECT_EQ(problem({{"name", "Jane Roe"}, {"reason", "Jane Roe asked"}}), "wrong_value");
  EXPECT_EQ(problem({{"name", "Jane Roe"}}), "missing_field");
  EXPECT_EQ(problem({{"reason", "asked"}}), "missing_field");
  EXPECT_EQ(Faults().at(0).at("reporter"), "Jane Roe");
}

TEST_F(RecordFaultsTest, AnotherNameBehindTheCommitmentIsNotShown) {
  if (!InOneFile()) GTEST_SKIP() << "the table is reached through the file here";
  Report("Jane Roe", "no light");
  record_.reset();
  {
    sop::store::Store store(dir_ + "/etalon.db");
    const auto transaction = store.Begin();
    auto row = transaction->OpeningsWith("Jane").at(0);
    transaction->EraseOpenings({row.commitment});
    row.value = "John Doe";
    transaction->AddOpening(row);
    transaction->Commit();
  }
  Open();
  EXPECT_EQ(Faults().at(0).at("reporter"), nullptr);
  EXPECT_EQ(Faults().at(0).at("altered"), Json::array({"reporter"}));
}

}  // namespace
}  // namespace monitor::service
