#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "monitor/agent/folder_scan.h"

namespace monitor::agent {

/// Tells complete files from files that are still being written, by looking again: a file whose
/// size and time have not changed for the settle time is complete. Acquisition programs write for
/// minutes, and a share tells nothing by itself.
class Settling {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Settling(std::chrono::milliseconds settle) : settle_(settle) {}

  /// The settled ones of `files`, as seen at `now`. What vanished is forgotten, so that a name that
  /// comes back settles anew.
  [[nodiscard]] std::vector<FileState> Observe(const std::vector<FileState>& files, Time now);
  /// Files of the last look that have not settled yet.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  struct Seen {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    Time unchanged_since;
  };
  std::chrono::milliseconds settle_;
  std::unordered_map<std::string, Seen> seen_;
  std::size_t waiting_ = 0;
};

}  // namespace monitor::agent
