#include "monitor/acquisition/file_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

[[noreturn]] void RefuseShort() {
  throw ReadError(ReadFault::kUnreadable,
                  "the file ends before what it announces, so it is truncated or broken; copy it "
                  "again from the instrument");
}

}  // namespace

void FileBytes::Read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!Holds(offset, out.size())) RefuseShort();
  while (!out.empty()) {
    const ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) RefuseShort();
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

std::vector<std::byte> FileBytes::Bytes(std::uint64_t offset, std::size_t count) const {
  if (!Holds(offset, count)) RefuseShort();
  std::vector<std::byte> bytes(count);
  Read(offset, bytes);
  return bytes;
}

std::string FileBytes::Text(std::uint64_t offset, std::size_t count) const {
  if (!Holds(offset, count)) RefuseShort();
  std::string text(count, '\0');
  Read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::span<const std::byte> FieldReader::TakeBytes(std::size_t count) {
  if (count > bytes_.size()) RefuseShort();
  const std::span<const std::byte> field = bytes_.first(count);
  bytes_ = bytes_.subspan(count);
  return field;
}

void FieldReader::Skip(std::size_t count) { (void)TakeBytes(count); }

std::string FieldReader::TakeText(std::size_t count) {
  const std::span<const std::byte> field = TakeBytes(count);
  const auto end = std::find(field.begin(), field.end(), std::byte{0});
  return std::string(reinterpret_cast<const char*>(field.data()),
                     static_cast<std::size_t>(end - field.begin()));
}

}  // namespace monitor::acquisition
