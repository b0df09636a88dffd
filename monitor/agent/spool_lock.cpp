#include "monitor/agent/spool_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "monitor/agent/durable_file.h"

namespace monitor::agent {

SpoolLock::SpoolLock(const std::filesystem::path& dir) {
  std::filesystem::create_directories(dir);
  const auto file = dir / "lock";
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor_ < 0) ThrowStorageError("open", file);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor_);
    throw StorageError("the spool " + dir.string() +
                       " is in use by another agent; stop it, or set another [spool] dir");
  }
}

SpoolLock::~SpoolLock() { close(descriptor_); }

}  // namespace monitor::agent
