#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "monitor/agent/checkpoint_memory.h"
#include "monitor/agent/service_client.h"
#include "sop/journal/checkpoint.h"

namespace monitor::agent {

/// What the service's log was caught at. Closed list: each is a label of /metrics.
enum class WitnessAlarm {
  kRolledBack,   ///< shorter than before, or back in an older epoch
  kRewritten,    ///< not the continuation of what was signed before
  kWrongKey,     ///< signed under another key than the pinned one
  kUnproven,     ///< no proof was given for many looks; ends by itself with the first proof
  kKeptDamaged,  ///< the agent's own kept note was unreadable: what came before is not witnessed
};
inline constexpr WitnessAlarm kWitnessAlarms[] = {
    WitnessAlarm::kRolledBack, WitnessAlarm::kRewritten, WitnessAlarm::kWrongKey,
    WitnessAlarm::kUnproven, WitnessAlarm::kKeptDamaged};
[[nodiscard]] std::string_view Name(WitnessAlarm alarm);  ///< "rolled_back"

/// A signed recovery: the service opened a new log epoch on a restored backup.
struct Recovery {
  std::uint64_t epoch = 0;
  std::uint64_t restored_size = 0;  ///< events from here on, of older epochs, are gone
  std::uint64_t lost_events = 0;    ///< of those that this agent's checkpoint covered
  std::string reason;
};

/// The agent's part as a witness of the log: it holds every new checkpoint against the last one it
/// found consistent, with the pinned key and the proof that the service must give, and never takes
/// a shorter or another log for the same. An alarm changes nothing about measuring and sending.
/// A new epoch with its signed event is taken as a recovery, once the kept notes that the backup
/// still held are proven to be its beginning; what it lost is kept and stated.
/// Threads  one.  Errors  StorageError.
class Witness {
 public:
  using WallTime = std::chrono::system_clock::time_point;
  struct Questions {
    std::function<Answer(const std::string& path)> get;
    /// Called before the recovery is kept; may be called again for the same one after a crash.
    std::function<void(const Recovery&)> lost;
  };
  Witness(const std::filesystem::path& folder, Questions questions)
      : memory_(folder), questions_(std::move(questions)) {}

  /// Asks for the newest checkpoint and judges it.
  void Look(WallTime now);
  /// Judges the note of a receipt that this service just made.
  void See(const std::string& note, WallTime now);

  struct State {
    std::optional<WitnessAlarm> alarm;
    std::uint64_t events = 0;  ///< that the kept checkpoint covers
    std::uint64_t epoch = 0;
    std::uint64_t lost_events = 0;
    std::optional<WallTime> verified_at;  ///< since the start of this process
  };
  [[nodiscard]] State state() const;
  /// The log epoch that a note of this log speaks of; 1 for one that cannot be read.
  [[nodiscard]] std::uint64_t EpochOf(const std::string& note) const;

 private:
  using Checkpoint = sop::journal::Checkpoint;
  enum class Proof { kHolds, kFails, kNotGiven };

  [[nodiscard]] std::optional<Checkpoint> Kept();
  [[nodiscard]] std::optional<Checkpoint> Open(const std::string& note) const;
  [[nodiscard]] std::optional<Checkpoint> LargestKept(
      const std::function<bool(const Checkpoint&)>& counts) const;
  bool LearnKey(const Answer& answer);
  void Judge(const std::string& note, WallTime now);
  void Recover(const Checkpoint& kept, WallTime now);
  void Accept(const std::string& note, WallTime now);
  [[nodiscard]] Proof Continues(const Checkpoint& from, const Checkpoint& to);
  /// Whether the proof holds; says and keeps what follows when it does not.
  bool Settle(Proof proof, const std::string& note, WallTime now);
  void NotProven();
  void Raise(WitnessAlarm alarm, const std::string& shown, WallTime now);

  CheckpointMemory memory_;
  Questions questions_;
  std::string key_;
  std::string last_proof_;  ///< the answer that did not prove it: evidence
  int unproven_looks_ = 0;
  std::optional<WallTime> verified_at_;
};

}  // namespace monitor::agent
