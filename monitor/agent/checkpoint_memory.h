#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace monitor::agent {

/// What the agent keeps of the service's log, in files that a person can read and hand on:
///
///   log.verifier             the log's public key: put there beforehand, or of the first answer
///   checkpoint               the newest note that was found consistent
///   checkpoints/2026-11-30   the first note of each day (UTC), for recoveries and for auditors
///   checkpoint.alarm         a contradiction: what was found, the kept note and the one shown
///   checkpoint.recovered.N   what the recovery that opened log epoch N lost, with both notes
///   checkpoint.damaged       a kept note that was none any more
///
/// Evidence is never overwritten; a person ends an alarm by taking its file away.
/// Errors  StorageError.  Threads  one.
class CheckpointMemory {
 public:
  explicit CheckpointMemory(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::optional<std::string> Key() const;
  void PinKey(const std::string& verifier_key);
  /// The newest kept note, empty before the first.
  [[nodiscard]] std::string Kept() const;
  /// Keeps `note` as the newest; of a new `day` ("2026-11-30") also as that day's.
  void Keep(const std::string& note, const std::string& day);
  /// Moves a note that cannot be read out of the way.
  void PutAside();
  /// The kept note and those of the days, newest first.
  [[nodiscard]] std::vector<std::string> Notes() const;

  [[nodiscard]] std::optional<nlohmann::json> Alarm() const;
  [[nodiscard]] bool HasDamaged() const;
  /// False when an earlier contradiction stands; that one stays as it was.
  bool RaiseAlarm(const nlohmann::json& evidence);
  /// Keeps what a recovery lost; the rollback that it explains goes into it.
  void Recovered(std::uint64_t epoch, nlohmann::json evidence);
  /// Sum of the events that the recoveries of kept evidence lost.
  [[nodiscard]] std::uint64_t LostEvents() const;

 private:
  [[nodiscard]] std::filesystem::path Path(const std::string& name) const { return folder_ / name; }
  std::filesystem::path folder_;
};

}  // namespace monitor::agent
