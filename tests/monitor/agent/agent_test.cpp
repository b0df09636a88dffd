#include "monitor/agent/agent.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/uploader.h"
#include "tests/monitor/agent/fake_service.h"
#include "tests/monitor/agent/file_size_limit.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Stands for `etalon measure`: what it does is what the file says.
constexpr char kProgram[] = R"sh(#!/bin/sh
file="$3"; shift 3
while [ $# -gt 0 ]; do case "$1" in --json) out="$2";; --pictures) pictures="$2";; esac; shift; done
sha=$(sha256sum "$file" | cut -c1-64)
case "$(cat "$file")" in
  crash*) kill -SEGV $$;;
  hang*) sleep 60;;
  silent*) exit 5;;
  wrong*) echo x >> "$(dirname "$0")/wrong_calls"; echo "no such key" >&2; exit 2;;
  bad*) code=4; quantities='';;
  *) code=0
     quantities='{"id":"psf.fwhm.x","definition":"etalon.gauss3d/1","value":0.25,"unit":"um"}';;
esac
printf picture > "$pictures/psf_xy.png"
picture=$(sha256sum "$pictures/psf_xy.png" | cut -c1-64)
printf '{"schema":"etalon.measurement/1","analysis":"psf","software":
{"name":"etalon","version":"0.1.0","build":"x"},"inputs":[{"name":"x","sha256":"%s"}],
"acquired_at":"2026-11-22T10:00:00Z","setup":{},"quantities":[%s],"findings":[],
"pictures":[{"name":"psf_xy","media_type":"image/png","sha256":"%s"}]}' \
  "$sha" "$quantities" "$picture" > "$out"
exit $code
)sh";

/// An agent on a folder of its own, with all its parts; `Restart` is a new process.
class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    const auto program = folder_.Write("etalon", kProgram);
    fs::permissions(program, fs::perms::owner_all);
    config_.name = "test";
    config_.service = service_.url();
    config_.spool_dir = folder_.path() / "spool";
    config_.time_limit = seconds(1);
    config_.memory_bytes = 0;
    Watch watch{.instrument = "lsm-1", .dir = folder_.path() / "qc", .since = {}, .rules = {}};
    watch.settle = milliseconds(0);
    watch.poll = milliseconds(0);
    watch.rules.push_back({"**/psf_*.tif", "63x", "PSF-03", "as_found", "ana", {}, {}});
    watch.rules.push_back({"**/new_*.tif", "10x", "PSF-03", "as_found", {}, {}, {}});
    config_.watches = {watch};
    fs::create_directories(watch.dir);
    Restart();
  }

  struct Parts {
    explicit Parts(const AgentConfig& config, const std::string& program)
        : spool(config.spool_dir),
          registers(config.spool_dir / "register.json"),
          latest(config.spool_dir / "latest.json"),
          metrics({"lsm-1"}, latest),
          client(config.service, "secret"),
          uploader({spool, registers, client, metrics, signer}, {"lsm-1"}, 1),
          agent(config, program,
                {spool, registers, metrics, latest, [](const std::string&) { return TextPairs(); },
                 signer}) {}
    Spool spool;
    RegisterCache registers;
    LatestValues latest;
    AgentMetrics metrics;
    std::optional<measurement::AgentSigner> signer{{"test", sop::journal::GenerateSigningKey()}};
    ServiceClient client;
    Uploader uploader;
    Agent agent;
  };

  void Restart() {
    parts_.reset();
    fs::create_directories(config_.spool_dir);
    parts_ = std::make_unique<Parts>(config_, (folder_.path() / "etalon").string());
  }
  void Measure(bool stop = false) {
    const auto clock = [this] { return Moment{now_, std::chrono::system_clock::now()}; };
    now_ += seconds(1);
    parts_->agent.Cycle(
        clock(),
        [&] {
          return Moment{now_ - seconds(1), clock().wall};
        },
        [stop] { return stop; });
  }
  void Send(int steps = 12) {
    for (int i = 0; i < steps; ++i) {
      now_ += std::max(milliseconds(1), parts_->uploader.Step(now_, {}));
    }
  }
  fs::path Drop(const std::string& name, const std::string& content) {
    return folder_.Write("qc/" + name, content);
  }
  bool Shows(const std::string& line) {
    return parts_->metrics.Page().find(line + "\n") != std::string::npos;
  }

  TemporaryFolder folder_;
  FakeService service_;
  AgentConfig config_;
  std::unique_ptr<Parts> parts_;
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(AgentTest, TakesAFileTheWholeWay) {
  Drop("2026/psf_1.tif", "good 1");
  Send(1);
  Measure();
  EXPECT_TRUE(Shows("etalon_spool_entries{state=\"pending\"} 1"));
  Send();
  Measure();
  ASSERT_EQ(service_.stored(), 1U);
  const auto& submission = service_.submissions.begin()->second;
  EXPECT_EQ(submission["schema"], "etalon.submission/1");
  EXPECT_EQ(submission["configuration"], "63x");
  EXPECT_EQ(submission["performer"], "ana");
  EXPECT_EQ(submission["raw"][0]["archived"], true);
  EXPECT_EQ(service_.blobs[submission["raw"][0]["sha256"]], "good 1");
  EXPECT_EQ(service_.blobs[submission["pictures"][0]["sha256"]], "picture");
  EXPECT_EQ(service_.authorization, "Bearer secret");
  EXPECT_TRUE(
      fs::exists(config_.spool_dir / "sent" / (submission["key"].get<std::string>() + ".json")));
  EXPECT_EQ(ReadFile(config_.spool_dir / "checkpoint", 1000), service_.log.Note());
  EXPECT_TRUE(fs::is_empty(config_.spool_dir / "pending"));
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"measured\"} 1"));
  EXPECT_TRUE(
      Shows("etalon_psf_fwhm_meters{axis=\"x\",configuration=\"63x\",definition="
            "\"etalon.gauss3d/1\",instrument=\"lsm-1\"} 2.5e-07"))
      << parts_->metrics.Page();
  Restart();  // knows it all again: neither measured nor sent twice, and the value is still shown
  Measure();
  Send();
  EXPECT_EQ(service_.posts, 1);
  EXPECT_NE(parts_->metrics.Page().find("etalon_psf_fwhm_meters{"), std::string::npos);
}

TEST_F(AgentTest, EveryBadFileIsAStoredFinding) {
  config_.time_limit = seconds(0);  // plus the grace of a few seconds
  Restart();
  Drop("psf_1.tif", "crash");
  Drop("psf_2.tif", "silent");
  Drop("psf_3.tif", "bad");
  Send(1);
  Measure();
  Measure();
  Measure();
  Send(20);
  ASSERT_EQ(service_.stored(), 3U);
  int written_by_agent = 0;
  for (const auto& [key, submission] : service_.submissions) {
    const auto document = nlohmann::json::parse(submission["document"].get<std::string>());
    for (const auto& finding : document["findings"]) {
      EXPECT_EQ(finding["code"], "unreadable");
      ++written_by_agent;
    }
  }
  EXPECT_EQ(written_by_agent, 2);
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"unreadable\"} 3"));
}

TEST_F(AgentTest, WhatTheServiceLostInARestoreIsMeasuredAndSentAgain) {
  service_.log.Grow(3);
  Send(2);  // the register, the log
  Drop("psf_1.tif", "good 1");
  Measure();
  Send();
  ASSERT_EQ(service_.stored(), 1U);
  service_.log.Restore(3);
  service_.submissions.clear();
  now_ += std::chrono::minutes(1);
  Send();
  EXPECT_TRUE(Shows("etalon_agent_witness_lost_events 1"));
  Measure();
  EXPECT_TRUE(Shows("etalon_spool_entries{state=\"pending\"} 1"));
  Send();
  Measure();
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_EQ(service_.posts, 2);
  EXPECT_TRUE(Shows("etalon_spool_entries{state=\"lost\"} 0"));
  EXPECT_TRUE(Shows("etalon_spool_entries{state=\"sent\"} 1"));
}

TEST_F(AgentTest, ARefusedCommandIsNoMeasurement) {
  Send(1);
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"settings_rejected\"} 0"));
  Drop("psf_1.tif", "wrong");
  Measure();
  Measure();
  Send();
  EXPECT_EQ(service_.posts, 0);
  EXPECT_EQ(parts_->spool.Count().pending, 0U);
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"settings_rejected\"} 1"));
  EXPECT_EQ(ReadFile(folder_.path() / "wrong_calls", 100), "x\n") << "not tried again and again";
  Restart();
  Measure();
  EXPECT_EQ(ReadFile(folder_.path() / "wrong_calls", 100), "x\nx\n");
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"settings_rejected\"} 1"));
}

TEST_F(AgentTest, WhatMatchesNothingWaitsVisibly) {
  Drop("holiday.jpg", "x");
  Drop("new_1.tif", "x");
  Measure();
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"register_never_read\"} 1"));
  Send(1);
  Measure();
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"no_rule\"} 1"));
  EXPECT_TRUE(Shows("etalon_inbox_entries{reason=\"unknown_configuration\"} 1"));
  parts_->uploader.ReportInbox(parts_->agent.inbox().Listing().dump());
  Send();
  EXPECT_EQ(service_.inbox["entries"].size(), 2U);
  EXPECT_EQ(service_.inbox["entries"][1]["candidates"][0], "lsm-1/10x PSF-03");
}

TEST_F(AgentTest, MeasuresOfflineAfterARestartAndCatchesUp) {
  Send(1);  // reads the register once
  config_.service = "http://127.0.0.1:9";
  Restart();
  Drop("psf_1.tif", "good 1");
  Measure();
  Send();
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"measured\"} 1"));
  EXPECT_EQ(parts_->spool.Count().pending, 1U);
  config_.service = service_.url();
  Restart();
  Send();
  EXPECT_EQ(service_.stored(), 1U);
}

TEST_F(AgentTest, AKillBetweenAnyTwoStepsNeitherLosesNorDoubles) {
  Send(1);
  Drop("psf_1.tif", "good 1");
  Measure();
  fs::remove(config_.spool_dir / "ledger.jsonl");  // killed before the ledger was written
  Restart();
  Measure();
  EXPECT_EQ(parts_->spool.Count().pending, 1U);
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"measured\"} 0"));
  const auto kept = folder_.path() / "kept";  // killed after the answer, before the receipt
  fs::copy(config_.spool_dir / "pending", kept, fs::copy_options::recursive);
  Send();
  fs::remove_all(config_.spool_dir / "pending");
  fs::remove_all(config_.spool_dir / "sent");
  fs::rename(kept, config_.spool_dir / "pending");
  Restart();
  Send();
  EXPECT_EQ(service_.posts, 2);
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_TRUE(Shows("etalon_agent_uploads_total{outcome=\"duplicate\"} 1"));
  EXPECT_EQ(parts_->spool.Count().pending, 0U);
}

TEST_F(AgentTest, RefusedForGoodIsKeptWithItsProblemAndTroubleIsTriedAgain) {
  Send(1);
  Drop("psf_1.tif", "good 1");
  Measure();
  service_.next_statuses = {500, 401, 503, 422};
  Send(20);
  EXPECT_EQ(service_.posts, 4);
  EXPECT_EQ(parts_->spool.Count().refused, 1U);
  const auto entry = fs::directory_iterator(config_.spool_dir / "refused")->path();
  const auto problem = nlohmann::json::parse(ReadFile(entry / "problem.json", 10'000));
  EXPECT_EQ(problem["status"], 422);
  EXPECT_TRUE(fs::exists(entry / "submission.json"));
}

TEST_F(AgentTest, OneEntryThatFailsLetsTheOthersPass) {
  Send(2);  // the register, the log
  Drop("psf_1.tif", "good 1");
  Drop("psf_2.tif", "good 2");
  Measure();
  Measure();
  service_.next_statuses = {500};
  Send(2);
  EXPECT_EQ(service_.stored(), 1U);
  Send();
  EXPECT_EQ(service_.stored(), 2U);
}

TEST_F(AgentTest, TheSameBytesUnderTwoNamesAreOneMeasurement) {
  Send(1);
  Drop("psf_1.tif", "good 1");
  Drop("copy/psf_1.tif", "good 1");
  Measure();
  Measure();
  Send();
  EXPECT_EQ(service_.posts, 1);
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"already_known\"} 1"));
}

TEST_F(AgentTest, AnEntryWhoseLedgerLineFailedIsSentWithoutARestart) {
  const std::uint64_t ledger_bytes = std::uint64_t{256} << 10;
  folder_.Write("spool/ledger.jsonl", std::string(ledger_bytes - 1, ' ') + "\n");
  Restart();
  Send(1);
  Drop("psf_1.tif", "good 1");
  {
    const FileSizeLimit nothing_more_in_the_ledger(ledger_bytes);
    Measure();
  }
  EXPECT_TRUE(Shows("etalon_agent_files_total{outcome=\"failed\"} 1"));
  Send();
  EXPECT_EQ(service_.posts, 0);
  Measure();
  Send();
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_EQ(parts_->spool.Count().pending, 0U);
}

TEST_F(AgentTest, AStopLeavesTheFileForTheNextStart) {
  Send(1);
  Drop("psf_1.tif", "hang");
  Measure(true);
  EXPECT_EQ(parts_->spool.Count().pending, 0U);
  EXPECT_FALSE(parts_->agent.AllDone());
}

}  // namespace
}  // namespace monitor::agent
