#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "monitor/measurement/setup_keys.h"

namespace monitor::measurement {

/// One INPUT of the command line.
struct InputSpec {
  std::string path;
  SetupLayer keys;  ///< of FILE,key=value,...: they hold for this file only
};

/// Reads "FILE" or "FILE,key=value,...". An existing file of the whole name wins, then the longest
/// existing beginning that ends before a comma.
/// Errors  UsageError for what follows the file's name and is no key=value.
[[nodiscard]] InputSpec ParseInput(const std::string& argument);

/// A regular file held open from the first look to the last, so that the digest and the pixels are
/// of the same file.
class InputFile {
 public:
  /// Errors  std::string: one sentence why there is no such input.
  [[nodiscard]] static std::variant<InputFile, std::string> Open(const std::string& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }  ///< that it lies in
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::int64_t modified_unix_s() const { return modified_unix_s_; }

  /// Whether size and modification time still are those of Open().
  [[nodiscard]] bool IsUnchanged() const;

 private:
  InputFile() = default;

  int fd_ = -1;
  std::string folder_;
  std::uint64_t bytes_ = 0;
  std::int64_t modified_unix_s_ = 0;
  std::int64_t modified_ns_ = 0;
};

/// The last part of `path` as plain UTF-8.
[[nodiscard]] std::string ShownName(const std::string& path);

/// Hex SHA-256 of the file; empty when it cannot be read to the end.
[[nodiscard]] std::string FileDigest(const InputFile& file);

}  // namespace monitor::measurement
