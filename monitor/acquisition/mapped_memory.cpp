#include "monitor/acquisition/mapped_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

// A file that exists only through its descriptor: nothing is left behind however we end.
int OpenNameless() {
  const char* wanted = std::getenv("TMPDIR");
  for (const char* folder : {wanted, "/var/tmp", "/tmp"}) {
    if (folder == nullptr || *folder == '\0') continue;
    const int nameless = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (nameless >= 0) return nameless;
    std::string path = std::string(folder) + "/etalon-XXXXXX";
    const int named = mkostemp(path.data(), O_CLOEXEC);
    if (named < 0) continue;
    unlink(path.c_str());
    return named;
  }
  return -1;
}

}  // namespace

MappedMemory::~MappedMemory() { munmap(data_, size_); }

void MappedMemory::Release(std::uint64_t first, std::uint64_t count) const {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = (first + page - 1) / page * page;
  const std::uint64_t end = first + count >= size_ ? size_ : (first + count) / page * page;
  // Shared pages of a file: the kernel keeps what was written and reads it again on demand.
  if (begin < end) madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

std::shared_ptr<const MappedMemory> MappedMemory::MapFile(int fd, std::uint64_t size) {
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    throw ReadError(ReadFault::kUnreadable, std::string("the file cannot be mapped (") +
                                                std::strerror(errno) +
                                                "); copy it to a local disk and try again");
  }
  return std::shared_ptr<const MappedMemory>(
      new MappedMemory(static_cast<std::byte*>(data), static_cast<std::size_t>(size)));
}

std::shared_ptr<const MappedMemory> MappedMemory::Scratch(std::uint64_t size) {
  const int fd = OpenNameless();
  // Blocks are reserved now: a full disk is a sentence here and a SIGBUS later.
  const int fault = fd < 0 ? errno : posix_fallocate(fd, 0, static_cast<off_t>(size));
  void* data =
      fault != 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int reason = fault != 0 ? fault : errno;
  if (fd >= 0) close(fd);
  if (data == MAP_FAILED) {
    throw ReadError(ReadFault::kUnreadable, "no room for " + std::to_string(size >> 20U) +
                                                " MB of decoded pixels in the temporary folder (" +
                                                std::strerror(reason) +
                                                "); free space there or set TMPDIR");
  }
  return std::shared_ptr<const MappedMemory>(
      new MappedMemory(static_cast<std::byte*>(data), static_cast<std::size_t>(size)));
}

}  // namespace monitor::acquisition
