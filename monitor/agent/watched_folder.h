#pragma once

#include <chrono>
#include <string>
#include <unordered_set>
#include <vector>

#include "monitor/agent/agent_metrics.h"
#include "monitor/agent/config.h"
#include "monitor/agent/folder_scan.h"
#include "monitor/agent/settling.h"

namespace monitor::agent {

/// One watch with what is remembered between two looks at its folder.
class WatchedFolder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit WatchedFolder(const Watch& watch) : watch_(watch), settling_(watch.settle) {}

  struct Look {
    std::vector<FileState> settled;  ///< oldest first; files before `since` left out
    std::vector<FileState> symlinks;
    AgentMetrics::WatchState state;
  };
  /// Lists the folder. A share that is gone, or folders that cannot be read, are logged once and
  /// shown as metrics; nothing is forgotten meanwhile, so that its return is no new beginning.
  [[nodiscard]] Look LookAt(Time now);

  [[nodiscard]] Time next_look() const { return next_look_; }
  [[nodiscard]] const Watch& watch() const { return watch_; }

 private:
  void LogTrouble(const FolderScan& scan);

  const Watch& watch_;
  Settling settling_;
  Time next_look_{};
  bool reachable_ = true;
  std::unordered_set<std::string> unreadable_;
};

}  // namespace monitor::agent
