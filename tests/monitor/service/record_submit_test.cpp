#include <thread>

#include "sop/journal/checkpoint.h"
#include "sop/journal/event.h"
#include "sop/journal/merkle.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class SubmitTest : public RecordTest {
 protected:
  SubmitTest() { ApplyFacility(); }

  Json Submit(int raw, double fwhm, const std::string& acquired_at) {
    return record_->Submit(Submission(raw, fwhm, acquired_at), "ana");
  }
  [[nodiscard]] Json Page(int limit, const std::string& cursor = "") const {
    QualityRecord::MeasurementsQuery query;
    query.limit = limit;
    query.cursor = cursor;
    return record_->Measurements(query, {});
  }
  std::string Refusal(const Json& submission) {
    return ProblemOf([&] { record_->Submit(submission, "ana"); });
  }
};

TEST_F(SubmitTest, AMeasurementIsTwoEventsUnderOneCheckpoint) {
  bool created = false;
  const Json submission = Submission(1, 0.8, "2026-03-01T08:30:00Z");
  const Json receipt = record_->Submit(submission, "ana", &created);
  EXPECT_TRUE(created);
  EXPECT_EQ(receipt.at("schema"), "etalon.receipt/1");
  EXPECT_EQ(receipt.at("key"), submission.at("key"));
  EXPECT_EQ(receipt.at("outcome"), "pass");
  EXPECT_EQ(receipt.at("log_index"), 8);
  EXPECT_EQ(receipt.at("decided_log_index"), 9);
  const auto checkpoint = sop::journal::OpenCheckpoint(receipt.at("checkpoint").get<std::string>(),
                                                       record_->VerifierKey());
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->tree_size, 10U);

  const auto received = sop::journal::ParseEvent(
      record_->Events(8, 1).at("items").at(0).at("line").get<std::string>());
  EXPECT_EQ(received.type, "measurement_received");
  EXPECT_EQ(received.actor, "ana");
  EXPECT_EQ(received.body.at("document"), submission.at("document"));
}

TEST_F(SubmitTest, TheDecisionEmbedsWhatJudgedIt) {
  Submit(1, 0.8, "2026-03-01T08:30:00Z");
  const Json key = record_->Measurements({}, {}).at("items").at(0).at("key");
  const Json before = record_->Measurement(key.get<std::string>(), {}).at("decision");
  EXPECT_EQ(before.at("judged_by").at("limit_set").at("version"), 1);
  EXPECT_EQ(before.at("quantities").at(0).at("limit").at("upper"), 1.0);
  std::string changed = kFacility;
  changed.replace(changed.find("upper = 1.0"), 11, "upper = 0.1");
  record_->ApplyFacility(changed, dir_, "admin");
  EXPECT_EQ(record_->Measurement(key.get<std::string>(), {}).at("decision"), before);
}

TEST_F(SubmitTest, SendingItAgainStoresItOnceAndGivesTheSameReceipt) {
  const Json submission = Submission(1, 0.8, "2026-03-01T08:30:00Z");
  const Json first = record_->Submit(submission, "ana");
  Submit(2, 0.8, "2026-03-01T08:31:00Z");
  SetClock("2026-03-05T09:00:00Z");
  Open();
  bool created = true;
  EXPECT_EQ(record_->Submit(submission, "bruno", &created), first);
  EXPECT_FALSE(created);
  EXPECT_EQ(record_->Events(0, 100).at("tree_size"), 12);
}

TEST_F(SubmitTest, EightThreadsStoreEachMeasurementOnce) {
  constexpr int kThreads = 8;
  constexpr int kKeys = 30;
  std::vector<std::vector<std::string>> receipts(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> created{0};
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < kKeys; ++k) {
        bool is_new = false;
        receipts[t].push_back(
            record_->Submit(Submission(k, 0.8, "2026-03-01T08:30:00Z"), "ana", &is_new).dump());
        created += is_new ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created.load(), kKeys);
  for (const auto& of_thread : receipts) EXPECT_EQ(of_thread, receipts[0]);
  EXPECT_EQ(record_->Events(0, 1000).at("tree_size"), 8 + 2 * kKeys);
  EXPECT_EQ(Page(100).at("items").size(), std::size_t{kKeys});
}

TEST_F(SubmitTest, ARefusedSubmissionLeavesItsBatchAlone) {
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < 10; ++k) {
        Json submission = Submission(100 * t + k, 0.8, "2026-03-01T08:30:00Z");
        if (k % 2 == 1) {
          Json document = Json::parse(submission["document"].get<std::string>());
          document["analysis"] = "power";
          submission = Wrap(document);
        }
        refused += ProblemOf([&] { record_->Submit(submission, "ana"); }) == "wrong_analysis";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused.load(), 40);
  EXPECT_EQ(record_->Events(0, 1000).at("tree_size"), 8 + 2 * 40);
  Open();  // every leaf is under the last checkpoint
}

TEST_F(SubmitTest, TheEnvelopeIsStrict) {
  const Json good = Submission(1, 0.8, "2026-03-01T08:30:00Z");
  const auto changed = [&](const char* name, const Json& value) {
    Json submission = good;
    submission[name] = value;
    return Refusal(submission);
  };
  const auto without = [&](const char* name) {
    Json submission = good;
    submission.erase(name);
    return Refusal(submission);
  };
  EXPECT_EQ(changed("schema", "etalon.submission/2"), "wrong_value");
  EXPECT_EQ(changed("operator", "ana"), "unknown_field");
  EXPECT_EQ(changed("purpose", "just_so"), "wrong_value");
  EXPECT_EQ(changed("document", 3), "wrong_value");
  EXPECT_EQ(changed("document", "{\"schema\":"), "wrong_document");
  EXPECT_EQ(changed("document", "{\"schema\":\"etalon.measurement/9\"}"), "wrong_document");
  EXPECT_EQ(changed("key", Hex(9)), "key_mismatch");
  EXPECT_EQ(changed("raw", Json::array({{{"name", "x"}, {"sha256", "1234"}}})), "wrong_value");
  EXPECT_EQ(changed("performer", 5), "wrong_value");
  for (const char* name :
       {"key", "instrument", "configuration", "procedure", "purpose", "document"}) {
    EXPECT_EQ(without(name), "missing_field") << name;
  }
  EXPECT_EQ(Refusal(Json::array()), "wrong_value");
  EXPECT_EQ(Refusal(good), "");
}

TEST_F(SubmitTest, TheRawFilesAreThoseThatWereMeasured) {
  Json submission = Submission(1, 0.8, "2026-03-01T08:30:00Z");
  submission["raw"][0]["sha256"] = Hex(2);
  EXPECT_EQ(Refusal(submission), "wrong_document");
  submission["raw"].push_back(submission["raw"][0]);
  submission["raw"][0]["sha256"] = Hex(1);
  EXPECT_EQ(Refusal(submission), "wrong_document");
  submission["raw"].erase(1);
  EXPECT_EQ(Refusal(submission), "");
}

TEST_F(SubmitTest, WhatIsNotRegisteredIsRefused) {
  const Json good = Submission(1, 0.8, "2026-03-01T08:30:00Z");
  const Json document = Json::parse(good.at("document").get<std::string>());
  for (const auto& [name, type] :
       std::vector<std::pair<std::string, std::string>>{{"instrument", "unknown_instrument"},
                                                        {"configuration", "unknown_configuration"},
                                                        {"procedure", "unknown_procedure"}}) {
    Json submission = good;
    submission[name] = "other";
    submission["key"] = measurement::SubmissionKey(
        document, submission["instrument"].get<std::string>(),
        submission["configuration"].get<std::string>(), submission["procedure"].get<std::string>());
    EXPECT_EQ(Refusal(submission), type);
  }
}

TEST_F(SubmitTest, ADocumentWithoutQuantitiesIsStoredAsUnmeasurable) {
  Json document =
      Json::parse(Submission(1, 0.8, "2026-03-01T08:30:00Z").at("document").get<std::string>());
  document["quantities"] = Json::array();
  document["findings"] = Json::array(
      {{{"code", "unreadable"}, {"severity", "fault"}, {"text", "The file is cut short."}}});
  document.erase("acquired_at");
  const Json receipt = record_->Submit(Wrap(document), "ana");
  EXPECT_EQ(receipt.at("outcome"), "unmeasurable");
  const Json measurement = record_->Measurement(receipt.at("key").get<std::string>(), {});
  EXPECT_EQ(measurement.at("acquired_at"), "2026-03-01T08:30:00.000Z");
  EXPECT_EQ(measurement.at("decision").at("acquired_at_source"), "measured_at");
  EXPECT_EQ(VerdictName(), "unknown");
  EXPECT_TRUE(HasReason(Verdict(), "unmeasurable"));
}

TEST_F(SubmitTest, LimitsInForceAtAcquisitionJudge) {
  SetClock("2026-03-10T09:00:00Z");
  std::string tighter = kFacility;
  tighter.replace(tighter.find("upper = 1.0"), 11, "upper = 0.5");
  record_->ApplyFacility(tighter, dir_, "admin");
  EXPECT_EQ(Submit(1, 0.8, "2026-03-09T08:00:00Z").at("outcome"), "pass");
  EXPECT_EQ(Submit(2, 0.8, "2026-03-10T10:00:00Z").at("outcome"), "fail");
  QualityRecord::SeriesQuery query;
  query.subject = "lsm-1/63x-561";
  query.quantity = "psf.fwhm.z";
  const Json points = record_->Series(query, {}).at("points");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].at("upper"), 1.0);
  EXPECT_EQ(points[1].at("upper"), 0.5);
  EXPECT_EQ(points[1].at("outcome"), "fail");
}

TEST_F(SubmitTest, AMeasurementCanBeReadWithItsProof) {
  const std::string key = Submit(1, 0.8, "2026-03-01T08:30:00Z").at("key");
  const Json measurement = record_->Measurement(key, {});
  EXPECT_EQ(measurement.at("document").at("a_field_of_the_future"), Json({1, 2, 3}));
  EXPECT_EQ(measurement.at("procedure_title"), "Point spread function");
  EXPECT_EQ(measurement.at("performer"), "ana");
  EXPECT_EQ(measurement.at("review"), "released_by_rule");
  EXPECT_EQ(measurement.at("raw").at(0).at("url"), "/api/v1/blobs/" + Hex(1));
  const Json proof = measurement.at("proof");
  const Json event = record_->Events(8, 1).at("items").at(0);
  std::vector<sop::journal::Digest> path;
  for (const Json& hex : proof.at("inclusion")) {
    sop::journal::Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<std::uint8_t>(
          std::stoi(hex.get<std::string>().substr(2 * i, 2), nullptr, 16));
    }
    path.push_back(digest);
  }
  const auto checkpoint = sop::journal::OpenCheckpoint(
      measurement.at("checkpoint").get<std::string>(), record_->VerifierKey());
  EXPECT_TRUE(
      sop::journal::VerifyInclusion(sop::journal::LeafHash(event.at("line").get<std::string>()), 8,
                                    checkpoint->tree_size, path, checkpoint->root));
  EXPECT_EQ(ProblemOf([&] { static_cast<void>(record_->Measurement("nothing", {})); }),
            "unknown_measurement");
  EXPECT_EQ(
      ProblemOf([&] { static_cast<void>(record_->Measurement(key, "2026-02-01T00:00:00Z")); }),
      "unknown_measurement");
}

TEST_F(SubmitTest, ListsPageByCursor) {
  for (int i = 0; i < 5; ++i) Submit(i, 0.8, "2026-03-01T08:30:00Z");
  const Json page = Page(3);
  ASSERT_EQ(page.at("items").size(), 3U);
  const Json rest = Page(3, page.at("next_cursor").get<std::string>());
  EXPECT_EQ(rest.at("items").size(), 2U);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(ProblemOf([&] { static_cast<void>(Page(3, "x")); }), "wrong_cursor");
}

TEST_F(SubmitTest, RebuildGivesTheSameBytes) {
  for (int i = 0; i < 20; ++i) Submit(i, i % 4 == 0 ? 2.0 : 0.8, "2026-03-01T08:30:00Z");
  const Json hold =
      record_->Command("hold_placed", {{"instrument", "lsm-1"}, {"reason", "laser"}}, "admin");
  record_->Command("hold_released",
                   {{"hold", "hold-" + hold.at("log_index").dump()}, {"reason", "repaired"}},
                   "admin");
  record_->Command("measurement_reviewed",
                   {{"measurement", Submission(0, 2.0, "2026-03-01T08:30:00Z").at("key")},
                    {"meaning", "reviewed"}},
                   "admin");
  const Json instrument = record_->Instrument("lsm-1", {});
  const std::string before = record_->DumpDigest();
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(record_->Rebuild(), before);
  EXPECT_EQ(record_->Instrument("lsm-1", {}), instrument);
  Open();
  EXPECT_EQ(record_->DumpDigest(), before);
  Submit(99, 0.8, "2026-03-01T08:30:00Z");
  EXPECT_NE(record_->DumpDigest(), before);
}

TEST_F(SubmitTest, FiveHundredSubmissionsTakeSeconds) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < 125; ++k) Submit(1000 * t + k, 0.8, "2026-03-01T08:30:00Z");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 30.0);
  EXPECT_EQ(record_->Events(0, 10).at("tree_size"), 8 + 2 * 500);
}

}  // namespace
}  // namespace monitor::service
