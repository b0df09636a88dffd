#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <variant>

#include "monitor/agent/matching.h"
#include "monitor/agent/service_client.h"

namespace monitor::agent {

/// What the service's register says about one rule: how to measure, and with which settings.
struct Instructions {
  std::string analysis;  ///< "psf"
  nlohmann::json setup;  ///< the configuration's settings, an object
};

/// The agent's durable copy of the part of the register that it needs, so that it goes on measuring
/// while the service is away, also after a restart.
/// Threads  any; `Refresh` from the sending thread only.
class RegisterCache {
 public:
  /// Loads the copy that a former run left in `file`, if any.
  explicit RegisterCache(std::filesystem::path file);

  /// Asks the service for its procedures and for `instruments`. The copy changes only when every
  /// answer came; a copy that cannot be written now is written at a later call. Returns the last
  /// answer: ok, or the one that failed.
  Answer Refresh(ServiceClient& client, const std::set<std::string>& instruments);

  [[nodiscard]] std::variant<Instructions, InboxReason> Find(const Candidate& candidate) const;
  [[nodiscard]] bool known() const;

 private:
  struct Content {
    std::map<std::string, std::string> analyses;   ///< by procedure
    std::map<std::string, nlohmann::json> setups;  ///< by "instrument/configuration"
    bool operator==(const Content&) const = default;
  };
  void Load();
  void Keep(Content content);

  std::filesystem::path file_;
  mutable std::mutex mutex_;
  Content content_;
  bool known_ = false;
  bool written_ = false;  ///< `file_` holds content_
};

}  // namespace monitor::agent
