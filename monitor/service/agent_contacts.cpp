#include "monitor/service/agent_contacts.h"

namespace monitor::service {

void AgentContacts::Seen(std::string_view agent, std::string now) {
  const std::scoped_lock lock(mutex_);
  last_seen_[std::string(agent)] = std::move(now);
}

std::map<std::string, std::string> AgentContacts::LastSeen() const {
  const std::scoped_lock lock(mutex_);
  return last_seen_;
}

}  // namespace monitor::service
