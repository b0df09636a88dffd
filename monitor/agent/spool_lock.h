#pragma once

#include <filesystem>

namespace monitor::agent {

/// Holds a spool for one process: two agents on one would both measure everything.
/// Errors  StorageError when another process holds it or it cannot be made.
class SpoolLock {
 public:
  explicit SpoolLock(const std::filesystem::path& dir);
  ~SpoolLock();
  SpoolLock(const SpoolLock&) = delete;
  SpoolLock& operator=(const SpoolLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace monitor::agent
