#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "monitor/agent/ledger.h"

namespace monitor::agent {

/// One measurement on its way: a folder `pending/<number>-<key>` with submission.json, source.json
/// (the file state it was made from) and blobs/<sha256>.
struct SpoolEntry {
  std::string id;  ///< name of the folder; sorts by age
  std::string key;
  std::filesystem::path folder;
  FileState source;
};

/// The durable queue between measuring and sending.
///
/// An entry is built in work/ and appears in pending/ by one rename, complete and synced. It leaves
/// pending/ only after its receipt (sent/<key>.json) or its refusal (refused/<id>/) is durable. So
/// a process killed at any point finds on restart either no entry, or a whole one that may be sent
/// again (the key makes that harmless).
/// Threads  any; the measuring thread adds, the sending thread takes.
class Spool {
 public:
  explicit Spool(std::filesystem::path dir);

  /// A new empty folder for one measurement in the making; dropped at the next start.
  [[nodiscard]] std::filesystem::path NewWorkFolder();
  /// Moves a complete work folder (its files synced) to pending/. It is not offered to the sender
  /// before `Release`, so that the ledger can be written in between.
  SpoolEntry Add(const std::filesystem::path& work_folder, const std::string& key,
                 const FileState& source);
  void Release(const SpoolEntry& entry);
  /// Releases what an `Add` left behind whose caller failed before `Release`.
  void ReleaseKey(const std::string& key);
  void Drop(const std::filesystem::path& work_folder) const;
  /// Released entries, oldest first, at most `limit`; what a former run left is released.
  [[nodiscard]] std::vector<SpoolEntry> Pending(std::size_t limit = SIZE_MAX) const;
  [[nodiscard]] bool Knows(const std::string& key) const;  ///< pending or sent

  void MarkSent(const SpoolEntry& entry, const nlohmann::json& receipt);
  void MarkRefused(const SpoolEntry& entry, const nlohmann::json& problem);

  /// Receipts that `is_lost` says the service's restored record does not honour move to lost/.
  /// Returns their keys. May be called again.
  std::vector<std::string> MarkLost(const std::function<bool(const nlohmann::json&)>& is_lost);
  /// It was sent, the service has lost it, and it was not sent again since.
  [[nodiscard]] bool Lost(const std::string& key) const;

  struct Counts {
    std::size_t pending = 0, sent = 0, refused = 0, lost = 0;
  };
  [[nodiscard]] Counts Count() const;
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }

 private:
  void LoadPending();
  void ContinueNumbers();
  void Remove(const SpoolEntry& entry);

  std::filesystem::path dir_;
  mutable std::mutex mutex_;
  std::map<std::string, SpoolEntry> pending_;  ///< released, by id
  std::map<std::string, SpoolEntry> unreleased_;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_work_ = 1;
  std::size_t sent_ = 0;
  std::set<std::string> lost_;
  std::size_t refused_ = 0;
};

}  // namespace monitor::agent
