#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "monitor/agent/ledger.h"

namespace monitor::agent {

/// What one look at a watched folder found.
struct FolderScan {
  std::vector<FileState> files;     ///< regular files, names that begin with a dot left out
  std::vector<FileState> symlinks;  ///< never followed: a link may loop, or point out of the share
  std::vector<std::string> unreadable_folders;
  bool reachable = true;   ///< false: the folder itself cannot be opened (share gone)
  bool truncated = false;  ///< more than kMaxScannedFiles
};

inline constexpr std::size_t kMaxScannedFiles = 1'000'000;
inline constexpr int kMaxFolderDepth = 32;

/// Lists `dir` and what is below it: one stat a file, nothing is opened or hashed.
/// Errors  none: what cannot be read is said in the result.
[[nodiscard]] FolderScan ScanFolder(const std::filesystem::path& dir);

}  // namespace monitor::agent
