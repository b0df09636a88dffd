#pragma once

#include <atomic>
#include <string>

#include "monitor/agent/config.h"
#include "monitor/agent/matching.h"

namespace monitor::agent {

enum class RunMode {
  kUntilStopped,
  kOnce,  ///< until every file that is there is measured and the spool is empty
};

/// The agent's main loop: two threads (measuring, sending) and the metrics server; the only place
/// of the agent that reads clocks. Returns the process's exit code: 0 done or stopped as asked,
/// 1 kOnce was stopped early, or left something unmeasured or refused (one sentence on stderr).
/// `program` is the `etalon` that measures. Errors  std::runtime_error when it cannot begin
/// (spool in use by another agent, address taken, token file unreadable).
[[nodiscard]] int RunAgent(const AgentConfig& config, const std::string& program,
                           const MetadataReader& metadata, RunMode mode,
                           const std::atomic<bool>& stop);

}  // namespace monitor::agent
