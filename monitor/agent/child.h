#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace monitor::agent {

struct ChildLimits {
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;  ///< RLIMIT_DATA; 0: none
  std::chrono::milliseconds time{600'000};              ///< wall time, then SIGKILL
};

enum class ChildEnd {
  kExited,       ///< by itself; `code` is its exit code
  kKilled,       ///< by a signal that was not ours; `code` is the signal
  kTimedOut,     ///< killed by us at the time limit
  kInterrupted,  ///< killed by us because `stop` said so
  kNotStarted,   ///< `code` is errno
};

struct ChildResult {
  ChildEnd end = ChildEnd::kNotStarted;
  int code = 0;
  std::chrono::milliseconds duration{0};
};

inline constexpr std::size_t kMaxOutputBytes = std::size_t{1} << 20;

/// Runs `command` (absolute program, arguments) in a process group of its own with the limits set
/// before it starts; the first kMaxOutputBytes of what it prints go to `output`, the rest nowhere.
/// Nothing else is inherited: no descriptor, no blocked signal. A limit that cannot be set is a
/// child that does not start (exit code 127). It dies with this thread, so that a killed agent
/// leaves nothing running. `stop` is asked about ten times a second.
[[nodiscard]] ChildResult RunChild(const std::vector<std::string>& command,
                                   const std::filesystem::path& output, const ChildLimits& limits,
                                   const std::function<bool()>& stop);

}  // namespace monitor::agent
