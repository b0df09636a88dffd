#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "monitor/agent/matching.h"

namespace monitor::agent {

/// Files that wait for a person, with the reason. It is derived anew at every look at the folders;
/// a copy on disk serves `etalon agent --inbox` and keeps the time at which each was first seen.
class Inbox {
 public:
  explicit Inbox(std::filesystem::path file);

  /// Begins a look at one watch: its former entries go unless they are put in again.
  void BeginWatch(std::size_t watch);
  void Put(std::size_t watch, const std::string& path, InboxReason reason,
           const std::vector<Candidate>& candidates, const std::string& now);
  /// Writes the copy when something changed; true then.
  bool Commit();

  [[nodiscard]] std::map<InboxReason, std::size_t> Counts() const;
  [[nodiscard]] bool WaitsForRegister() const;
  /// {"entries":[{"name","reason","candidates","seen_at"}]}, at most kMaxReported of them.
  [[nodiscard]] nlohmann::json Listing() const;

  static constexpr std::size_t kMaxReported = 1000;

 private:
  struct Entry {
    InboxReason reason;
    std::vector<std::string> candidates;
    std::string seen_at;
    std::size_t watch;
    bool operator==(const Entry&) const = default;
  };
  std::filesystem::path file_;
  std::map<std::string, Entry> entries_;           ///< by path as UTF-8
  std::map<std::string, Entry> former_;            ///< of the watch that is being looked at
  std::map<std::string, std::string> first_seen_;  ///< from the copy of a former run
  std::string written_;
};

}  // namespace monitor::agent
