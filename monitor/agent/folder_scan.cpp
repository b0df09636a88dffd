#include "monitor/agent/folder_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

namespace monitor::agent {
namespace {

constexpr std::array<std::string_view, 2> kForeignNames = {"Thumbs.db", "desktop.ini"};
constexpr std::array<std::string_view, 5> kUnfinishedEndings = {".tmp", ".part", ".partial",
                                                                ".crdownload", "~"};

/// Names that file managers and copy programs make; no calibration image is called so.
bool IsLeftAlone(std::string_view name) {
  if (name.starts_with('.') || name.starts_with("~$")) return true;
  for (const std::string_view foreign : kForeignNames) {
    if (name == foreign) return true;
  }
  for (const std::string_view ending : kUnfinishedEndings) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

class Scanner {
 public:
  explicit Scanner(FolderScan& scan) : scan_(scan) {}

  /// Takes `descriptor` over.
  void Visit(int descriptor, const std::string& folder, int depth) {
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(descriptor), &closedir);
    if (!listing) {
      close(descriptor);
      scan_.unreadable_folders.push_back(folder);
      return;
    }
    while (const dirent* entry = readdir(listing.get())) {
      const std::string_view name = entry->d_name;
      if (IsLeftAlone(name) || scan_.truncated) continue;
      VisitEntry(descriptor, folder + "/" + std::string(name), entry->d_name, depth);
    }
  }

 private:
  void VisitEntry(int parent, const std::string& path, const char* name, int depth) {
    struct stat status {};
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone meanwhile
    if (S_ISDIR(status.st_mode)) {
      Descend(parent, path, name, depth);
      return;
    }
    if (scan_.files.size() + scan_.symlinks.size() >= kMaxScannedFiles) {
      scan_.truncated = true;
      return;
    }
    FileState state{path, static_cast<std::uint64_t>(status.st_size),
                    std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
    if (S_ISREG(status.st_mode)) scan_.files.push_back(std::move(state));
    if (S_ISLNK(status.st_mode)) scan_.symlinks.push_back(std::move(state));
  }

  void Descend(int parent, const std::string& path, const char* name, int depth) {
    const int descriptor =
        depth >= kMaxFolderDepth
            ? -1
            : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
      scan_.unreadable_folders.push_back(path);
      return;
    }
    Visit(descriptor, path, depth + 1);
  }

  FolderScan& scan_;
};

}  // namespace

FolderScan ScanFolder(const std::filesystem::path& dir) {
  FolderScan scan;
  const int descriptor = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    scan.reachable = false;
    return scan;
  }
  Scanner(scan).Visit(descriptor, dir.string(), 0);
  return scan;
}

}  // namespace monitor::agent
