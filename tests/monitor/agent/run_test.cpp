#include "monitor/agent/run.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/monitor/agent/fake_service.h"
#include "tests/monitor/agent/file_size_limit.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;

/// `etalon agent --once` with a program that measures nothing: every file is a stored finding.
class RunOnce : public testing::Test {
 protected:
  RunOnce() {
    config_.name = "test";
    config_.service = service_.url();
    config_.spool_dir = folder_.path() / "spool";
    config_.listen_host = "127.0.0.1";
    config_.listen_port = 0;
    Watch watch{.instrument = "lsm-1", .dir = folder_.path() / "qc", .since = {}, .rules = {}};
    watch.settle = std::chrono::milliseconds(0);
    watch.poll = std::chrono::milliseconds(10);
    watch.rules.push_back({"**/psf_*.tif", "63x", "PSF-03", "as_found", {}, {}, {}});
    config_.watches = {watch};
    folder_.Write("qc/psf_1.tif", "good");
  }
  int Once() {
    std::atomic<bool> stop{false};
    std::jthread watchdog([&stop](const std::stop_token& done) {
      for (int i = 0; i < 200 && !done.stop_requested(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      stop = true;
    });
    testing::internal::CaptureStderr();
    const int code = RunAgent(
        config_, "/bin/false", [](const std::string&) { return TextPairs(); }, RunMode::kOnce,
        stop);
    said_ = testing::internal::GetCapturedStderr();
    return code;
  }
  [[nodiscard]] bool Said(const std::string& words) const {
    return said_.find(words) != std::string::npos;
  }

  TemporaryFolder folder_;
  FakeService service_;
  AgentConfig config_;
  std::string said_;
};

TEST_F(RunOnce, EndsWithZeroWhenAllIsStored) {
  EXPECT_EQ(Once(), 0) << said_;
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_FALSE(Said("not everything"));
}

TEST_F(RunOnce, EndsWithOneWhenAWatchIsUnreachable) {
  Watch gone = config_.watches[0];
  gone.dir = folder_.path() / "gone";
  config_.watches.push_back(gone);
  EXPECT_EQ(Once(), 1);
  EXPECT_EQ(service_.stored(), 1U);
  EXPECT_TRUE(Said("1 watched folder(s) cannot be reached")) << said_;
}

TEST_F(RunOnce, EndsWithOneWhenSomethingWasRefused) {
  service_.next_statuses = {422};
  EXPECT_EQ(Once(), 1);
  EXPECT_TRUE(Said("1 measurement(s) refused")) << said_;
  EXPECT_EQ(Once(), 0) << "a refusal of a former run is not this one's";
}

TEST_F(RunOnce, EndsWithOneWhenAFileFailed) {
  folder_.Write("qc/psf_2.tif", std::string(1 << 20, 'x'));
  const FileSizeLimit no_room_for_its_copy(std::uint64_t{1} << 19);
  EXPECT_EQ(Once(), 1);
  EXPECT_TRUE(Said("1 file(s) failed")) << said_;
  EXPECT_EQ(service_.stored(), 1U);
}

TEST_F(RunOnce, EndsWithZeroWhenOnlyAPersonCanGoOn) {
  config_.watches[0].rules[0].procedure = "unknown";
  EXPECT_EQ(Once(), 0) << said_;
  EXPECT_EQ(service_.stored(), 0U);
}

}  // namespace
}  // namespace monitor::agent
