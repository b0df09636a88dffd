#include "monitor/service/record.h"

#include <sys/stat.h>

#include <fstream>

#include "sop/journal/checkpoint.h"
#include "sop/journal/merkle.h"
#include "sop/store/connection.h"
#include "sop/store/store.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

using sop::store::StoreError;

TEST_F(RecordTest, ANewRecordOpensItsLogAndKeepsItsKeyPrivate) {
  const auto checkpoint =
      sop::journal::OpenCheckpoint(record_->Checkpoint(), record_->VerifierKey());
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->origin, "demo/test");
  EXPECT_EQ(checkpoint->tree_size, 1U);
  struct stat status {};
  ASSERT_EQ(stat((dir_ + "/log.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(record_->Facility().at("demo"));
}

TEST_F(RecordTest, ACommandIsOneEventWithAProof) {
  const Json done =
      record_->Command("instrument_registered", {{"id", "a"}, {"name", "A"}}, "admin");
  EXPECT_EQ(done.at("log_index"), 1);
  EXPECT_EQ(done.at("recorded_at"), "2026-03-01T09:00:00.000Z");
  const auto checkpoint = sop::journal::OpenCheckpoint(done.at("checkpoint").get<std::string>(),
                                                       record_->VerifierKey());
  ASSERT_TRUE(checkpoint.has_value());
  const Json event = record_->Events(1, 10).at("items").at(0);
  const std::string line = event.at("line");
  EXPECT_EQ(
      line,
      R"({"actor":"admin","body":{"id":"a","name":"A"},)"
      R"("recorded_at":"2026-03-01T09:00:00.000Z","type":"instrument_registered","version":1})");
  const Json proof = record_->Proof(1);
  EXPECT_EQ(proof.at("tree_size"), 2);
  EXPECT_EQ(proof.at("leaf_hash"), sop::journal::ToHex(sop::journal::LeafHash(line)));
  EXPECT_EQ(proof.at("inclusion").size(), 1U);
}

TEST_F(RecordTest, AnEarlierCheckpointIsProvenTheBeginningOfALaterOne) {
  const auto checkpoint = [&] {
    return sop::journal::OpenCheckpoint(record_->Checkpoint(), record_->VerifierKey()).value();
  };
  record_->Command("instrument_registered", {{"id", "a"}, {"name", "A"}}, "admin");
  record_->Command("instrument_registered", {{"id", "b"}, {"name", "B"}}, "admin");
  const auto early = checkpoint();
  ApplyFacility();
  const auto late = checkpoint();
  const Json answer = record_->Consistency(early.tree_size, late.tree_size);
  EXPECT_EQ(answer.at("from"), 3);
  EXPECT_EQ(answer.at("to"), 10);
  std::vector<sop::journal::Digest> proof;
  for (const std::string hex : answer.at("proof")) {
    auto& digest = proof.emplace_back();
    for (std::size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    }
  }
  EXPECT_TRUE(sop::journal::VerifyConsistency(3, 10, proof, early.root, late.root));
  proof.back()[0] ^= 1U;
  EXPECT_FALSE(sop::journal::VerifyConsistency(3, 10, proof, early.root, late.root));
  EXPECT_TRUE(record_->Consistency(10, 10).at("proof").empty());
  EXPECT_EQ(ProblemOf([&] { (void)record_->Consistency(3, 11); }), "bad_parameter");
  EXPECT_EQ(ProblemOf([&] { (void)record_->Consistency(4, 3); }), "bad_parameter");
}

TEST_F(RecordTest, TheOldestQuestionsAreAnsweredTheSameTwice) {
  const auto name_on = [&](int day) {
    const std::string as_of = "2026-03-0" + std::to_string(day) + "T12:00:00Z";
    return record_->Instrument("a", as_of).at("name").get<std::string>();
  };
  for (int day = 1; day <= 8; ++day) {
    SetClock(("2026-03-0" + std::to_string(day) + "T09:00:00Z").c_str());
    record_->Command("instrument_registered", {{"id", "a"}, {"name", std::to_string(day)}},
                     "admin");
  }
  for (const int day : {1, 2, 1, 3, 4, 5, 6, 7, 8, 1, 2, 7, 7, 3}) {
    EXPECT_EQ(name_on(day), std::to_string(day));
  }
  EXPECT_EQ(record_->Instrument("a", {}).at("name"), "8");
  record_->Rebuild();
  EXPECT_EQ(name_on(3), "3");
}

TEST_F(RecordTest, CommandsRefuseWhatTheyDoNotKnow) {
  const auto command = [&](const char* type, const Json& body) {
    return ProblemOf([&] { record_->Command(type, body, "admin"); });
  };
  EXPECT_EQ(command("log_opened", Json::object()), "unknown_command");
  EXPECT_EQ(command("measurement_decided", Json::object()), "unknown_command");
  EXPECT_EQ(command("instrument_registered", {{"id", "a"}}), "missing_field");
  EXPECT_EQ(command("instrument_registered", {{"id", "a b"}, {"name", "A"}}), "wrong_value");
  EXPECT_EQ(command("instrument_registered", {{"id", "a"}, {"name", "A"}, {"naem", "A"}}),
            "unknown_field");
  EXPECT_EQ(command("configuration_registered", {{"id", "c"}, {"instrument", "nowhere"}}),
            "unknown_instrument");
  EXPECT_EQ(command("facility_described", {{"name", "F"}, {"time_zone", "Mars/Olympus"}}),
            "wrong_value");
  EXPECT_EQ(command("procedure_approved",
                    {{"id", "p"}, {"analysis", "psf"}, {"recurrence", "FREQ=SOMETIMES"}}),
            "wrong_value");
  EXPECT_EQ(command("hold_released", {{"hold", "hold-9"}, {"reason", "fine"}}), "unknown_hold");
  EXPECT_EQ(record_->Events(0, 10).at("tree_size"), 1);
}

TEST_F(RecordTest, CommandsRefuseWhatTheRegisterCannotFollow) {
  ApplyFacility();
  const auto refusal = [&](const char* type, const Json& body) -> std::string {
    try {
      record_->Command(type, body, "admin");
    } catch (const Problem& problem) {
      EXPECT_EQ(problem.status, 422);
      return problem.type + ": " + problem.what();
    }
    return "";
  };
  const auto procedure = [&](const char* recurrence, const Json& rule) {
    return refusal(
        "procedure_approved",
        {{"id", "p"}, {"analysis", "psf"}, {"recurrence", recurrence}, {"decision_rule", rule}});
  };
  const auto limit = [&](Json row) {
    row.update({{"quantity", "psf.fwhm.z"}, {"definition", "etalon.gauss3d/1"}});
    return refusal("limit_set_approved", {{"procedure", "PSF-03"}, {"limits", Json::array({row})}});
  };
  EXPECT_EQ(procedure("FREQ=HOURLY", {{"guard_band_ratio", 1}}),
            "wrong_value: recurrence 'FREQ=HOURLY' needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
  EXPECT_EQ(procedure("FREQ=DAILY", {{"guard_band_ratio", -0.5}}),
            "wrong_value: 'decision_rule.guard_band_ratio' must be 0 to 3");
  EXPECT_EQ(procedure("FREQ=DAILY", {{"guard_band_ratoi", 1}}),
            "unknown_field: 'decision_rule.guard_band_ratoi' is not known here; did you mean "
            "'guard_band_ratio'?");
  EXPECT_EQ(limit({{"lower", 2}, {"upper", 1}}),
            "wrong_value: 'limits[0].lower' must be at most 'upper'");
  EXPECT_EQ(limit({{"upper", 1}, {"warning_upper", 2}}),
            "wrong_value: 'limits[0].warning_upper' must be at most 'upper'");
  EXPECT_EQ(limit(Json::object()), "missing_field: 'limits[0]' needs 'lower' or 'upper'");
  EXPECT_EQ(record_->Events(0, 100).at("tree_size"), 8);
}

TEST_F(RecordTest, ACommandWritesItsDefaultsOut) {
  record_->Command("procedure_approved",
                   {{"id", "p"}, {"analysis", "psf"}, {"recurrence", "FREQ=DAILY"}}, "admin");
  const std::string line = record_->Events(1, 1).at("items").at(0).at("line");
  EXPECT_EQ(Json::parse(line).at("body"),
            Json({{"id", "p"},
                  {"version", 1},
                  {"title", "p"},
                  {"analysis", "psf"},
                  {"recurrence", "FREQ=DAILY"},
                  {"start", "2018-01-01"},
                  {"window_end_d", 0},
                  {"requires_uncertainty", false},
                  {"suspect_working_days", 2},
                  {"review", "by_rule"},
                  {"decision_rule", {{"guard_band_ratio", 0}, {"coverage_factor", 2}}}}));
}

TEST_F(RecordTest, ApprovedContentNeverChangesUnderItsVersion) {
  Json body = {{"id", "p"}, {"version", "2.1"}, {"analysis", "psf"}, {"recurrence", "FREQ=DAILY"}};
  record_->Command("procedure_approved", body, "admin");
  body["recurrence"] = "FREQ=MONTHLY";
  EXPECT_EQ(ProblemOf([&] { record_->Command("procedure_approved", body, "admin"); }),
            "version_in_use");
  body["version"] = "2.2";
  record_->Command("procedure_approved", body, "admin");
  EXPECT_EQ(record_->Procedures({}).at("items").at(0).at("version"), "2.2");
}

TEST_F(RecordTest, AnOlderVersionComesBackOnlyAsItWas) {
  const auto approve = [&](const Json& version, const char* recurrence) {
    Json body = {{"id", "p"}, {"analysis", "psf"}, {"recurrence", recurrence}};
    if (!version.is_null()) body["version"] = version;
    return ProblemOf([&] { record_->Command("procedure_approved", body, "admin"); });
  };
  EXPECT_EQ(approve(1, "FREQ=DAILY"), "");
  EXPECT_EQ(approve(2, "FREQ=WEEKLY"), "");
  EXPECT_EQ(approve(1, "FREQ=MONTHLY"), "version_in_use");
  EXPECT_EQ(approve(1, "FREQ=DAILY"), "");
  EXPECT_EQ(approve(2, "FREQ=YEARLY"), "version_in_use");
  EXPECT_EQ(approve({}, "FREQ=YEARLY"), "");  // not 2, which is taken
  EXPECT_EQ(record_->Procedures({}).at("items").at(0).at("version"), 3);
}

TEST_F(RecordTest, AFacilityFileAppliedTwiceAppendsNothingNew) {
  EXPECT_EQ(record_->ApplyFacility(kFacility, dir_, "admin").at("appended"), 7);
  EXPECT_EQ(record_->ApplyFacility(kFacility, dir_, "admin").at("appended"), 0);
  std::string changed = kFacility;
  changed.replace(changed.find("upper = 1.0"), 11, "upper = 1.1");
  EXPECT_EQ(record_->ApplyFacility(changed, dir_, "admin").at("appended"), 1);
  EXPECT_EQ(record_->Limits({}).at("items").at(0).at("version"), 2);
}

TEST_F(RecordTest, AFacilityFileWithOneBadRowChangesNothing) {
  const std::string broken = std::string(kFacility) +
                             "\n[[assignment]]\nprocedure = \"NONE\"\n"
                             "instrument = \"lsm-1\"\nconfiguration = \"63x-561\"\n";
  EXPECT_EQ(ProblemOf([&] { record_->ApplyFacility(broken, dir_, "admin"); }), "unknown_procedure");
  EXPECT_EQ(record_->Events(0, 100).at("tree_size"), 1);
}

TEST_F(RecordTest, RecordedTimeNeverGoesBackwardsAndSaysSo) {
  record_->Command("instrument_registered", {{"id", "a"}, {"name", "A"}}, "admin");
  SetClock("2026-02-28T09:00:00Z");
  const Json done =
      record_->Command("instrument_registered", {{"id", "b"}, {"name", "B"}}, "admin");
  EXPECT_EQ(done.at("recorded_at"), "2026-03-01T09:00:00.001Z");
  const Json event =
      Json::parse(record_->Events(2, 1).at("items").at(0).at("line").get<std::string>());
  EXPECT_EQ(event.at("body").at("clock_read"), "2026-02-28T09:00:00.000Z");
  Open();
  EXPECT_EQ(record_->Command("instrument_registered", {{"id", "c"}, {"name", "C"}}, "admin")
                .at("recorded_at"),
            "2026-03-01T09:00:00.002Z");
}

TEST_F(RecordTest, TheRegisterAnswersAsOfAnyTime) {
  record_->Command("instrument_registered", {{"id", "a"}, {"name", "old"}}, "admin");
  SetClock("2026-03-02T09:00:00Z");
  record_->Command("instrument_registered", {{"id", "a"}, {"name", "new"}}, "admin");
  const auto name = [&](const QualityRecord::AsOf& as_of) {
    return record_->Instrument("a", as_of).at("name").get<std::string>();
  };
  EXPECT_EQ(name({}), "new");
  EXPECT_EQ(name("2026-03-01T12:00:00Z"), "old");
  EXPECT_EQ(name("2026-03-01T12:00:00+01:00"), "old");
  EXPECT_EQ(ProblemOf([&] { name("2026-02-01T00:00:00Z"); }), "unknown_instrument");
  EXPECT_EQ(ProblemOf([&] { name("yesterday"); }), "wrong_time");
}

TEST_F(RecordTest, TokensAreKnownAfterReopeningAndStoredAsDigests) {
  const std::string token = record_->IssueToken("agent:confocal-room", "agent");
  Open();
  const auto identity = record_->Authenticate(token);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->subject, "agent:confocal-room");
  EXPECT_EQ(identity->role, "agent");
  EXPECT_FALSE(record_->Authenticate(token + "x").has_value());
  EXPECT_FALSE(record_->Authenticate("").has_value());
  EXPECT_EQ(record_->Events(0, 10).at("tree_size"), 1);
  record_.reset();
  if (OnPostgresql()) return;
  std::ifstream file(dir_ + "/etalon.db", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes.find(token), std::string::npos);
}

TEST_F(RecordTest, TheInboxHoldsWhatEachAgentSaidLast) {
  record_->ReportInbox("a", Json::array({{{"name", "x.tif"}, {"reason", "no rule"}}}));
  record_->ReportInbox(
      "a",
      Json::array(
          {{{"name", "y.tif"}, {"reason", "two rules"}, {"candidates", Json::array({"p", "q"})}}}));
  const Json items = record_->Inbox().at("items");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("name"), "y.tif");
  EXPECT_EQ(items[0].at("agent"), "a");
}

TEST_F(RecordTest, OneFolderHasOneService) {
  EXPECT_THROW(QualityRecord(RecordOptions{dir_, "", [] { return FromMs(0); }}), StoreError);
}

class TamperTest : public RecordTest {
 protected:
  /// Does what somebody with the file and without the triggers could do.
  void Tamper(const std::vector<std::string>& statements) {
    record_.reset();
    sop::store::Connection connection(database_->where(), sop::store::Access::kReadWrite);
    if (OnPostgresql()) {
      connection.Execute("SET session_replication_role = 'replica'");
    } else {
      for (const char* trigger :
           {"event_no_update", "event_no_delete", "event_next", "checkpoint_no_update",
            "checkpoint_no_delete", "tile_grows", "tile_no_update", "tile_no_delete"}) {
        connection.Execute(std::string("DROP TRIGGER ") + trigger);
      }
      connection.Execute("PRAGMA foreign_keys = OFF");
    }
    for (const std::string& statement : statements) connection.Execute(statement);
  }
  std::string WhyItDoesNotStart() {
    try {
      Open();
    } catch (const StoreError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(TamperTest, ItStartsWhenNothingWasChanged) {
  ApplyFacility();
  Tamper({});
  EXPECT_EQ(WhyItDoesNotStart(), "");
}

// The start looks at the right edge of the tree; what lies deeper is found by `etalon verify`.
TEST_F(TamperTest, AnAlteredNewestEventIsNamed) {
  ApplyFacility();
  Tamper({"UPDATE event SET line = replace(line, 'lsm-1', 'lsm-2') WHERE idx = 7"});
  EXPECT_NE(WhyItDoesNotStart().find("event 7 is not the one that was recorded"),
            std::string::npos);
}

TEST_F(TamperTest, ATreeThatWasHashedAnewDoesNotMatchTheCheckpoint) {
  ApplyFacility();
  Tamper({"UPDATE tile SET hashes = '" + std::string(64, 'a') + "' || substr(hashes, 65)"});
  EXPECT_NE(WhyItDoesNotStart().find("hash tree differs from its last checkpoint"),
            std::string::npos);
}

TEST_F(TamperTest, ATileThatIsCutOrMissingIsNamed) {
  ApplyFacility();
  Tamper({"UPDATE tile SET hashes = substr(hashes, 1, 64)"});
  EXPECT_NE(WhyItDoesNotStart().find("tile 0 of level 0 has 1 hashes instead of 8"),
            std::string::npos);
  record_.reset();
  sop::store::Connection again(database_->where(), sop::store::Access::kReadWrite);
  if (OnPostgresql()) again.Execute("SET session_replication_role = 'replica'");
  again.Execute("DELETE FROM tile");
  EXPECT_NE(WhyItDoesNotStart().find("tile 0 of level 0 has 0 hashes"), std::string::npos);
}

TEST_F(TamperTest, ACutTailIsNoticed) {
  ApplyFacility();
  Tamper({"DELETE FROM event WHERE idx = 7"});
  EXPECT_NE(WhyItDoesNotStart().find("covers 8 events and it holds 7"), std::string::npos);
}

TEST_F(TamperTest, ATailCutWithItsCheckpointsIsNoticed) {
  ApplyFacility();
  Tamper({"DELETE FROM event WHERE idx >= 1", "DELETE FROM checkpoint WHERE tree_size = 8"});
  EXPECT_NE(WhyItDoesNotStart().find("tile 0 of level 0 has 8 hashes instead of 1"),
            std::string::npos);
}

TEST_F(TamperTest, AClockMovedBackInTheFileIsNoticed) {
  ApplyFacility();
  Tamper({"UPDATE event SET recorded_ms = recorded_ms - 86400000 WHERE idx = 7"});
  EXPECT_NE(WhyItDoesNotStart().find("event 7 is filed under another time"), std::string::npos);
}

TEST_F(TamperTest, AnEmptyServerIsNoNewRecord) {
  if (!OnPostgresql()) GTEST_SKIP() << "about a server";
  ApplyFacility();
  record_.reset();
  std::ofstream(dir_ + "/admin.token") << "token";
  database_ = nullptr;
  database_ = std::make_unique<sop::store::TestDatabase>(dir_);
  EXPECT_NE(WhyItDoesNotStart().find("is empty, while log.key"), std::string::npos);
}

TEST_F(TamperTest, ALostDatabaseIsNoNewRecord) {
  if (OnPostgresql()) GTEST_SKIP() << "about files";
  record_.reset();
  std::ofstream(dir_ + "/admin.token") << "token";
  const auto lose = [&] {
    for (const char* end : {"", "-wal", "-shm"}) {
      std::filesystem::remove(dir_ + "/etalon.db" + end);
    }
  };
  lose();
  EXPECT_NE(WhyItDoesNotStart().find("put etalon.db back from a backup"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/etalon.db"));
  { const sop::store::Store empty(dir_ + "/etalon.db"); }
  EXPECT_NE(WhyItDoesNotStart().find("put etalon.db back from a backup"), std::string::npos);
  lose();
  std::filesystem::remove(dir_ + "/admin.token");
  EXPECT_EQ(WhyItDoesNotStart(), "");  // a key that was put there for a new record
}

TEST_F(TamperTest, AnotherKeyIsNoticed) {
  ApplyFacility();
  record_.reset();
  std::filesystem::remove(dir_ + "/log.key");
  EXPECT_NE(WhyItDoesNotStart().find("log.key is missing"), std::string::npos);
  std::ofstream(dir_ + "/log.key")
      << sop::journal::EncodeLogKey(sop::journal::GenerateLogKey("demo/test"));
  EXPECT_NE(WhyItDoesNotStart().find("not signed by this folder's log.key"), std::string::npos);
}

}  // namespace
}  // namespace monitor::service
