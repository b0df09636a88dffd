#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "monitor/agent/agent_metrics.h"
#include "monitor/agent/config.h"
#include "monitor/agent/inbox.h"
#include "monitor/agent/latest_values.h"
#include "monitor/agent/ledger.h"
#include "monitor/agent/matching.h"
#include "monitor/agent/measuring.h"
#include "monitor/agent/register_cache.h"
#include "monitor/agent/spool.h"
#include "monitor/agent/watched_folder.h"
#include "monitor/measurement/agent_signature.h"

namespace monitor::agent {

/// Both clocks at one moment; below the main loop time is an argument.
struct Moment {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;
};

/// The measuring half of the agent: from a settled file to a released spool entry.
///
/// Order of durability for one file: raw copy and submission synced in work/ → one rename into
/// pending/ → a line in the ledger → offered to the sender. Killed anywhere, the next start either
/// measures the file again (nothing was there) or finds the entry and completes the ledger.
/// Threads  one.
class Agent {
 public:
  /// `program` is the `etalon` whose `measure` is run. The parts outlive the agent.
  struct Parts {
    Spool& spool;
    RegisterCache& registers;
    AgentMetrics& metrics;
    LatestValues& latest;
    MetadataReader metadata;
    const std::optional<measurement::AgentSigner>& signer;  ///< nothing: unsigned
  };
  Agent(const AgentConfig& config, std::string program, Parts parts);

  /// Looks at every watch whose poll time has come and measures settled files until the next look
  /// is due or `stop`. Errors  StorageError when the spool's disk fails; try again later.
  void Cycle(const Moment& now, const std::function<Moment()>& clock,
             const std::function<bool()>& stop);

  [[nodiscard]] std::chrono::steady_clock::time_point NextLook() const;
  /// Nothing settles, nothing waits to be measured or for the register.
  [[nodiscard]] bool AllDone() const;
  /// What keeps "everything is measured" from being true although nothing is left to do.
  struct Trouble {
    std::size_t unreachable = 0;  ///< watched folders that could not be listed at the last look
    std::size_t unlisted = 0;     ///< folders below them
    std::size_t failed = 0;       ///< files that could not be read or kept
  };
  [[nodiscard]] Trouble trouble() const;
  [[nodiscard]] const Inbox& inbox() const { return inbox_; }

 private:
  struct Task {
    FileState file;
    Candidate candidate;
    Instructions instructions;
    std::size_t watch;
  };
  /// A file that the command was refused for, and with which settings.
  struct Rejected {
    FileState file;
    nlohmann::json setup;
  };
  using Stop = std::function<bool()>;
  void CompleteLedger();
  void Look(std::size_t index, const Moment& now);
  void Consider(const FileState& file, std::size_t watch, const std::string& now);
  void Process(const Task& task, const Moment& now, const Stop& stop);
  void Measure(const Task& task, const std::filesystem::path& work_folder, const Moment& now,
               const Stop& stop);
  void Keep(const Task& task, const MeasuredFile& measured, const FileDigest& raw,
            const std::filesystem::path& work_folder);
  void Reject(const Task& task, const std::string& sentence, const Moment& now);
  [[nodiscard]] bool WasRejected(const FileState& file, const Instructions& instructions) const;
  [[nodiscard]] bool HasRoomFor(const FileState& file);
  void Publish();

  const AgentConfig& config_;
  std::string program_;
  Parts parts_;
  Ledger ledger_;
  Inbox inbox_;
  std::vector<WatchedFolder> folders_;
  std::vector<std::size_t> settling_;  ///< files of each folder that have not settled
  std::vector<AgentMetrics::WatchState> states_;
  std::unordered_set<std::string> failed_;  ///< paths whose last attempt failed
  std::deque<Task> tasks_;
  std::unordered_set<std::string> no_rule_;             ///< paths that match no rule never will
  std::unordered_map<std::string, Rejected> rejected_;  ///< by path, until a restart
  bool disk_full_ = false;
};

/// RFC 3339 UTC with milliseconds.
[[nodiscard]] std::string Rfc3339(std::chrono::system_clock::time_point time);

}  // namespace monitor::agent
