#include "monitor/agent/settling.h"

#include <utility>

namespace monitor::agent {

std::vector<FileState> Settling::Observe(const std::vector<FileState>& files, Time now) {
  std::vector<FileState> settled;
  std::unordered_map<std::string, Seen> seen;
  seen.reserve(files.size());
  waiting_ = 0;
  for (const FileState& file : files) {
    Seen state{file.size, file.mtime_ns, now};
    const auto before = seen_.find(file.path);
    if (before != seen_.end() && before->second.size == file.size &&
        before->second.mtime_ns == file.mtime_ns) {
      state.unchanged_since = before->second.unchanged_since;
    }
    if (now - state.unchanged_since >= settle_) {
      settled.push_back(file);
    } else {
      ++waiting_;
    }
    seen.emplace(file.path, state);
  }
  seen_ = std::move(seen);
  return settled;
}

}  // namespace monitor::agent
