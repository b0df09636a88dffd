#include "monitor/agent/agent_metrics.h"

#include <gtest/gtest.h>

#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

TEST(AgentMetrics, TwoWatchesOfOneInstrumentShowTheirWorst) {
  const TemporaryFolder folder;
  const LatestValues latest(folder.path() / "latest.json");
  AgentMetrics metrics({"lsm-1"}, latest);
  metrics.SetWatch("lsm-1", 0, {.reachable = false});
  metrics.SetWatch("lsm-1", 1, {.files = 3, .settling = 2, .unreadable_folders = 1});
  const auto shows = [&](const std::string& line) {
    return metrics.Page().find(line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(shows("etalon_agent_watch_reachable{instrument=\"lsm-1\"} 0"));
  EXPECT_TRUE(shows("etalon_agent_watch_files{instrument=\"lsm-1\"} 3"));
  metrics.SetWatch("lsm-1", 0, {.files = 4});
  EXPECT_TRUE(shows("etalon_agent_watch_reachable{instrument=\"lsm-1\"} 1"));
  EXPECT_TRUE(shows("etalon_agent_watch_files{instrument=\"lsm-1\"} 7"));
  EXPECT_TRUE(shows("etalon_agent_watch_unreadable_folders{instrument=\"lsm-1\"} 1"));
}

}  // namespace
}  // namespace monitor::agent
