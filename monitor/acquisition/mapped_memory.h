#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace monitor::acquisition {

/// Pages of a file seen as memory, released with the last owner. Reading beyond the end of a file
/// that shrinks meanwhile raises SIGBUS: readers run in a child process for this reason.
class MappedMemory {
 public:
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory();

  [[nodiscard]] std::span<std::byte> bytes() const { return {data_, size_}; }

  /// Takes whole pages within a range out of this process's memory; they come back from the file
  /// when they are touched again. Nothing is lost, also not what was written.
  void Release(std::uint64_t first, std::uint64_t count) const;

  /// The whole file behind `fd`, read-only (writing through the span kills the process). `fd` stays
  /// the caller's.
  [[nodiscard]] static std::shared_ptr<const MappedMemory> MapFile(int fd, std::uint64_t size);

  /// Zeroed memory on disk without a name (TMPDIR, else /var/tmp, else /tmp): the kernel can write
  /// it back, so that a decoded stack larger than the memory does not fill it.
  [[nodiscard]] static std::shared_ptr<const MappedMemory> Scratch(std::uint64_t size);

 private:
  MappedMemory(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
};

}  // namespace monitor::acquisition
