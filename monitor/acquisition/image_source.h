#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace monitor::acquisition {

/// A file to read, and what a person said about reading it.
struct ImageSource {
  int fd = -1;              ///< open for reading on a regular file; stays the caller's
  std::uint64_t bytes = 0;  ///< of the file
  std::string folder;       ///< where the other files of a set lie; empty: sets are not read
  std::optional<std::string> scene;  ///< which image of several: its name, or its number from 0
};

}  // namespace monitor::acquisition
