#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// A file of the given bytes that lives as long as this object.
class WrittenFile {
 public:
  explicit WrittenFile(std::string_view bytes) : fd_(memfd_create("input", 0)) {
    if (fd_ < 0 || write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
    bytes_ = bytes.size();
  }
  WrittenFile(const WrittenFile&) = delete;
  WrittenFile& operator=(const WrittenFile&) = delete;
  ~WrittenFile() { close(fd_); }

  [[nodiscard]] ImageSource Source(std::optional<std::string> scene = std::nullopt) const {
    return {fd_, bytes_, "", std::move(scene)};
  }

 private:
  int fd_;
  std::uint64_t bytes_ = 0;
};

/// Appends values as this machine stores them, which is little-endian.
template <typename T>
void Append(T value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void AppendPadded(std::string_view text, std::size_t length, std::string& bytes) {
  bytes.append(text);
  bytes.append(length - text.size(), '\0');
}

}  // namespace monitor::acquisition
