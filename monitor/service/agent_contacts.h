#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace monitor::service {

/// When each agent spoke to this process last, for /metrics; not part of the quality record.
/// Threads  every member may be called from any thread.
class AgentContacts {
 public:
  /// `now` is RFC 3339 in UTC.
  void Seen(std::string_view agent, std::string now);
  [[nodiscard]] std::map<std::string, std::string> LastSeen() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> last_seen_;
};

}  // namespace monitor::service
