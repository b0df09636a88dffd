#include "monitor/agent/uploader.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "monitor/agent/durable_file.h"
#include "tests/monitor/agent/fake_service.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

/// A spool with hand-made entries and an uploader; each entry has one raw file.
class UploaderTest : public testing::Test {
 protected:
  struct Parts {
    Parts(const fs::path& home, const std::string& url)
        : spool(home / "spool"),
          registers(home / "register.json"),
          latest(home / "latest.json"),
          metrics({"lsm-1"}, latest),
          client(url, ""),
          uploader({spool, registers, client, metrics, signer}, {"lsm-1"}, 1) {}
    Spool spool;
    RegisterCache registers;
    LatestValues latest;
    AgentMetrics metrics;
    std::optional<measurement::AgentSigner> signer;
    ServiceClient client;
    Uploader uploader;
  };

  UploaderTest() { Restart(); }
  void Restart() {
    parts_.reset();
    parts_ = std::make_unique<Parts>(folder_.path(), service_.url());
  }
  SpoolEntry AddEntry(const std::string& key, const std::string& digest) {
    const fs::path work = parts_->spool.NewWorkFolder();
    WriteFileDurably(work / "blobs" / digest, "bytes of " + key);
    const json submission = {{"key", key},
                             {"raw", {{{"sha256", digest}, {"archived", true}}}},
                             {"pictures", json::array()}};
    WriteFileDurably(work / "submission.json", submission.dump());
    SpoolEntry entry = parts_->spool.Add(work, key, {"/qc/" + key, 1, 1});
    parts_->spool.Release(entry);
    return entry;
  }
  void Send(int steps = 12) {
    for (int i = 0; i < steps; ++i) {
      now_ += std::max(milliseconds(1), parts_->uploader.Step(now_, {}));
    }
  }
  void AnswerInstead(int status, const std::string& body, const std::string& where = "") {
    service_.stranger_at = where;
    service_.stranger = [=](httplib::Response& response) {
      response.status = status;
      response.set_content(body, "text/html");
    };
  }
  [[nodiscard]] Spool::Counts Count() const { return parts_->spool.Count(); }
  [[nodiscard]] bool Shows(const std::string& line) const {
    return parts_->metrics.Page().find(line + "\n") != std::string::npos;
  }

  TemporaryFolder folder_;
  FakeService service_;
  std::unique_ptr<Parts> parts_;
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(UploaderTest, AProxysOkWithHtmlDeletesNothing) {
  AddEntry("k1", "aa");
  AnswerInstead(200, "<html>Please sign in</html>");
  Send();
  EXPECT_EQ(Count().pending, 1U);
  EXPECT_EQ(Count().sent, 0U);
  EXPECT_GT(service_.stranger_asked, 0);
  service_.stranger = nullptr;
  Send();
  EXPECT_EQ(Count().pending, 0U);
  EXPECT_EQ(service_.blobs["aa"], "bytes of k1");
  EXPECT_EQ(service_.stored(), 1U);
}

TEST_F(UploaderTest, WhatWasMeasuredBeforeTheKeyWasChangedIsSignedByTheNewOne) {
  AddEntry("k1", "aa");
  parts_->signer = {"confocal-room", sop::journal::GenerateSigningKey()};
  Send();
  AddEntry("k2", "bb");
  parts_->signer = {"confocal-room", sop::journal::GenerateSigningKey()};
  Send();
  ASSERT_EQ(service_.stored(), 2U);
  const std::string key = sop::journal::PublicKeyOf(parts_->signer->key);
  EXPECT_FALSE(measurement::IsSignedBy(service_.submissions["k1"], key));
  EXPECT_TRUE(measurement::IsSignedBy(service_.submissions["k2"], key));
}

TEST_F(UploaderTest, AReceiptForAnotherKeyDeletesNothing) {
  AddEntry("k1", "aa");
  AnswerInstead(201, R"({"schema":"etalon.receipt/1","key":"k2","decided_log_index":1})",
                "measurements");
  Send(4);
  AnswerInstead(201, R"({"schema":"etalon.receipt/1","key":"k1"})", "measurements");
  Send(4);
  EXPECT_EQ(Count().pending, 1U);
}

TEST_F(UploaderTest, AHeadThatIsNotOursIsNoBlob) {
  AddEntry("k1", "aa");
  service_.stranger_at = "blobs";
  int heads = 0;
  service_.stranger = [&heads](httplib::Response& response) {
    if (heads++ == 0) {
      response.set_header("ETag", "\"something\"");
    } else {
      response.status = 503;
    }
  };
  Send(3);
  EXPECT_GE(heads, 2);  // the PUT was tried
  service_.stranger = nullptr;
  Send();
  EXPECT_EQ(service_.blobs["aa"], "bytes of k1");
}

TEST_F(UploaderTest, WhatAStrangerRefusesIsTriedAgain) {
  AddEntry("k1", "aa");
  for (const int status : {400, 404, 405, 413, 422, 302}) {
    AnswerInstead(status, "<html>no</html>", "measurements");
    Send(4);
    EXPECT_EQ(Count().refused, 0U) << status;
    EXPECT_EQ(Count().pending, 1U) << status;
  }
  AnswerInstead(422, R"({"type":"https://proxy.example/problems/denied"})", "measurements");
  Send(4);
  EXPECT_EQ(Count().refused, 0U);
  AnswerInstead(422, R"({"type":"/problems/key_mismatch"})", "measurements");
  Send();
  EXPECT_EQ(Count().refused, 1U);
}

TEST_F(UploaderTest, AnEndlessAnswerIsCutOff) {
  AddEntry("k1", "aa");
  const std::string flood(kMaxAnswerBytes + 1, 'x');
  AnswerInstead(200, flood, "measurements");
  const Answer post = parts_->client.PostJson("/api/v1/measurements", "{}");
  EXPECT_EQ(post.status, 0);
  EXPECT_LT(post.body.size(), 200U);
  AnswerInstead(200, flood, "blobs");
  const auto blob = folder_.Write("blob", "x");
  EXPECT_EQ(parts_->client.PutBlob("aa", blob).status, 0);
  EXPECT_EQ(parts_->client.HeadBlob("aa").body, "");
}

TEST_F(UploaderTest, ADamagedEntryLetsTheYoungerOnesPass) {
  fs::remove(AddEntry("k1", "aa").folder / "submission.json");
  WriteFileDurably(AddEntry("k2", "bb").folder / "submission.json", "not json");
  fs::remove(AddEntry("k3", "cc").folder / "blobs" / "cc");
  fs::remove_all(AddEntry("k4", "dd").folder);
  AddEntry("k5", "ee");
  AddEntry("k6", "ff");
  Send();
  EXPECT_EQ(service_.stored(), 2U);
  EXPECT_EQ(Count().pending, 4U);
  EXPECT_EQ(parts_->metrics.Page().find("uploads_total{outcome=\"failed\"} 0\n"),
            std::string::npos);
  EXPECT_TRUE(Shows("etalon_agent_uploads_total{outcome=\"retried\"} 0"));
}

TEST_F(UploaderTest, ARefusedNumberIsNotGivenAgain) {
  const std::string first = AddEntry("k1", "aa").id;
  AnswerInstead(422, R"({"type":"/problems/key_mismatch"})", "measurements");
  Send();
  ASSERT_EQ(Count().refused, 1U);
  Restart();
  EXPECT_GT(AddEntry("k1", "aa").id, first);
  const auto again = parts_->spool.Pending().front();
  fs::create_directories(folder_.path() / "spool" / "refused" / again.id / "kept");
  Send();
  EXPECT_EQ(Count().pending, 0U);
  EXPECT_TRUE(fs::exists(folder_.path() / "spool" / "refused" / (again.id + "-2")));
}

TEST_F(UploaderTest, ADamagedSpoolFolderDoesNotKeepTheAgentFromStarting) {
  folder_.Write("spool/pending/000000000007-k7/source.json", std::string(100'000, ' '));
  folder_.Write("spool/pending/stray", "x");
  folder_.Write("spool/pending/000000000008-k8/source.json", R"({"path":7})");
  Restart();
  EXPECT_EQ(AddEntry("k9", "aa").id, "000000000009-k9");
}

TEST_F(UploaderTest, AnEntryThatWasNeverReleasedIsReleasedByItsKey) {
  const fs::path work = parts_->spool.NewWorkFolder();
  (void)parts_->spool.Add(work, "k1", {"/qc/k1", 1, 1});
  EXPECT_TRUE(parts_->spool.Knows("k1"));
  EXPECT_TRUE(parts_->spool.Pending().empty());
  parts_->spool.ReleaseKey("k1");
  parts_->spool.ReleaseKey("k1");
  EXPECT_EQ(parts_->spool.Pending().size(), 1U);
}

TEST_F(UploaderTest, AnInboxThatFailsIsNotSentEveryMoment) {
  Send(2);
  AnswerInstead(500, "", "inbox");
  parts_->uploader.ReportInbox(R"({"entries":[]})");
  Send(100);  // 20 s of idle steps
  EXPECT_GT(service_.stranger_asked, 3);
  EXPECT_LT(service_.stranger_asked, 12);
}

TEST_F(UploaderTest, ARolledBackLogIsAnAlarmAndSendingGoesOn) {
  const std::string alarm = "etalon_agent_witness_alarm{reason=\"rolled_back\"} ";
  AddEntry("k1", "aa");
  AddEntry("k2", "bb");
  Send();
  EXPECT_TRUE(Shows("etalon_agent_witness_checkpoint_events 2"));
  EXPECT_TRUE(Shows(alarm + "0"));
  const FakeLog before = service_.log;
  service_.log = FakeLog();
  service_.log.key = before.key;
  AddEntry("k3", "cc");
  Send();
  EXPECT_EQ(Count().sent, 3U);
  EXPECT_TRUE(Shows(alarm + "1"));
  Restart();
  EXPECT_TRUE(Shows(alarm + "1"));
  fs::remove(folder_.path() / "spool" / "checkpoint.alarm");
  service_.log = before;
  Restart();
  Send();
  EXPECT_TRUE(Shows(alarm + "0"));
}

TEST_F(UploaderTest, AnIdleAgentWitnessesTheLogEveryMinute) {
  service_.log.Grow(3);
  Send();
  EXPECT_TRUE(Shows("etalon_agent_witness_checkpoint_events 3"));
  service_.log.Grow(2);
  now_ += std::chrono::minutes(1);
  Send();
  EXPECT_TRUE(Shows("etalon_agent_witness_checkpoint_events 5"));
}

TEST_F(UploaderTest, WhatARecoveryLostIsKnownAsLostUntilItIsSentAgain) {
  for (const char* key : {"k1", "k2", "k3"}) AddEntry(key, "aa");
  Send();
  service_.log.Restore(1);  // k2 and k3 are gone
  service_.submissions.erase("k2");
  service_.submissions.erase("k3");
  now_ += std::chrono::minutes(1);
  Send();
  EXPECT_TRUE(Shows("etalon_agent_witness_lost_events 2"));
  EXPECT_EQ(Count().lost, 2U);
  EXPECT_FALSE(parts_->spool.Knows("k2"));
  EXPECT_TRUE(parts_->spool.Knows("k1"));
  Restart();
  EXPECT_TRUE(parts_->spool.Lost("k2"));
  AddEntry("k2", "aa");
  EXPECT_FALSE(parts_->spool.Lost("k2"));
  Send();
  Restart();
  EXPECT_EQ(Count().lost, 1U);
  EXPECT_EQ(Count().sent, 2U);
}

TEST_F(UploaderTest, ARegisterThatCouldNotBeWrittenIsWrittenLater) {
  const fs::path in_the_way = folder_.path() / "register.json.tmp";
  fs::create_directory(in_the_way);
  AddEntry("k1", "aa");
  Send(4);
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_FALSE(fs::exists(folder_.path() / "register.json"));
  fs::remove(in_the_way);
  now_ += std::chrono::minutes(2);
  Send(4);
  EXPECT_TRUE(fs::exists(folder_.path() / "register.json"));
}

}  // namespace
}  // namespace monitor::agent
