#include "monitor/measurement/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/acquisition/printable.h"
#include "monitor/measurement/sha256.h"

namespace monitor::measurement {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 16;  // stays in the cache

bool Exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

std::string WhatItIs(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder; name the image file in it";
  if (S_ISFIFO(mode)) return "is a pipe; save the data to a file first";
  return "is no regular file; save the data to a file first";
}

// Values hold commas of their own (roi=0,0,20,20): a piece without "=" continues the one before.
std::size_t EndOfAssignment(std::string_view text) {
  std::size_t end = std::min(text.find(','), text.size());
  while (end < text.size()) {
    const std::size_t next = std::min(text.find(',', end + 1), text.size());
    if (text.substr(end, next - end).find('=') != std::string_view::npos) break;
    end = next;
  }
  return end;
}

}  // namespace

InputSpec ParseInput(const std::string& argument) {
  InputSpec input{argument, {}};
  if (Exists(argument)) return input;
  std::size_t comma = argument.rfind(',');
  while (comma != std::string::npos && comma > 0 && !Exists(argument.substr(0, comma))) {
    comma = argument.rfind(',', comma - 1);
  }
  // A file that is not there is an unreadable input, not a wrong key: its name ends at the first
  // comma before a key.
  if (comma == std::string::npos || comma == 0) comma = argument.find(',');
  if (comma == std::string::npos) return input;
  input.path = argument.substr(0, comma);
  std::string_view rest = std::string_view(argument).substr(comma + 1);
  while (!rest.empty()) {
    const std::size_t end = EndOfAssignment(rest);
    PutAssignment(rest.substr(0, end), input.keys);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return input;
}

std::variant<InputFile, std::string> InputFile::Open(const std::string& path) {
  InputFile file;
  // Without O_NONBLOCK a pipe would hold the program until somebody writes to it.
  file.fd_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file.fd_ < 0) {
    return "cannot be opened (" + std::string(std::strerror(errno)) +
           "); check its name and that this account may read it";
  }
  const std::size_t slash = path.rfind('/');
  file.folder_ = slash == path.npos ? "." : path.substr(0, slash + 1);
  struct stat status {};
  if (fstat(file.fd_, &status) != 0) return std::string("cannot be examined; try again");
  if (!S_ISREG(status.st_mode)) return WhatItIs(status.st_mode);
  file.bytes_ = static_cast<std::uint64_t>(status.st_size);
  file.modified_unix_s_ = status.st_mtim.tv_sec;
  file.modified_ns_ = status.st_mtim.tv_nsec;
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      folder_(std::move(other.folder_)),
      bytes_(other.bytes_),
      modified_unix_s_(other.modified_unix_s_),
      modified_ns_(other.modified_ns_) {}

InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

bool InputFile::IsUnchanged() const {
  struct stat status {};
  return fstat(fd_, &status) == 0 && static_cast<std::uint64_t>(status.st_size) == bytes_ &&
         status.st_mtim.tv_sec == modified_unix_s_ && status.st_mtim.tv_nsec == modified_ns_;
}

std::string FileDigest(const InputFile& file) {
  Sha256 sha;
  std::vector<char> buffer(kReadBytes);
  std::uint64_t position = 0;
  while (position < file.bytes()) {
    const ssize_t got =
        pread(file.fd(), buffer.data(), buffer.size(), static_cast<off_t>(position));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    sha.Add(buffer.data(), static_cast<std::size_t>(got));
    position += static_cast<std::uint64_t>(got);
  }
  return sha.Hex();
}

std::string ShownName(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::string trimmed = path.substr(0, end == std::string::npos ? path.size() : end + 1);
  return acquisition::Printable(trimmed.substr(trimmed.rfind('/') + 1));
}

}  // namespace monitor::measurement
