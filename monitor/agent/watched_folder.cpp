#include "monitor/agent/watched_folder.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "monitor/agent/file_name.h"
#include "monitor/log/log.h"

namespace monitor::agent {

WatchedFolder::Look WatchedFolder::LookAt(Time now) {
  next_look_ = now + watch_.poll;
  FolderScan scan = ScanFolder(watch_.dir);
  LogTrouble(scan);
  Look look;
  look.state.reachable = scan.reachable;
  look.state.unreadable_folders = scan.unreadable_folders.size();
  if (!scan.reachable) return look;
  if (watch_.since) {
    const std::int64_t since_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(watch_.since->time_since_epoch())
            .count();
    std::erase_if(scan.files, [&](const FileState& file) { return file.mtime_ns < since_ns; });
  }
  look.settled = settling_.Observe(scan.files, now);
  std::sort(look.settled.begin(), look.settled.end(), [](const auto& a, const auto& b) {
    return std::tie(a.mtime_ns, a.path) < std::tie(b.mtime_ns, b.path);
  });
  look.symlinks = std::move(scan.symlinks);
  look.state.files = scan.files.size();
  look.state.settling = settling_.waiting();
  return look;
}

void WatchedFolder::LogTrouble(const FolderScan& scan) {
  using log::Severity;
  if (scan.reachable != reachable_) {
    log::Log(scan.reachable ? Severity::kInfo : Severity::kError,
             scan.reachable ? "watch_reachable_again" : "watch_unreachable",
             {{"instrument", watch_.instrument}, {"dir", EncodeName(watch_.dir.string())}});
    reachable_ = scan.reachable;
  }
  if (!scan.reachable) return;
  std::unordered_set<std::string> unreadable(scan.unreadable_folders.begin(),
                                             scan.unreadable_folders.end());
  for (const std::string& folder : unreadable) {
    if (unreadable_.contains(folder)) continue;
    log::Log(Severity::kWarning, "folder_unreadable",
             {{"instrument", watch_.instrument}, {"folder", EncodeName(folder)}});
  }
  unreadable_ = std::move(unreadable);
  if (scan.truncated) {
    log::Log(Severity::kError, "too_many_files",
             {{"instrument", watch_.instrument}, {"limit", kMaxScannedFiles}});
  }
}

}  // namespace monitor::agent
