#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace monitor::acquisition {

static_assert(std::endian::native == std::endian::little,
              "the containers read here are little-endian and so is every machine we build for");

/// A file read at given places; a place outside of it is a ReadError, never a short answer.
class FileBytes {
 public:
  /// `fd` stays the caller's.
  FileBytes(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool Holds(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size_ && count <= size_ - offset;
  }

  void Read(std::uint64_t offset, std::span<std::byte> out) const;
  /// `count` bytes; the caller has limited `count`.
  [[nodiscard]] std::vector<std::byte> Bytes(std::uint64_t offset, std::size_t count) const;
  [[nodiscard]] std::string Text(std::uint64_t offset, std::size_t count) const;

  template <typename T>
  [[nodiscard]] T Number(std::uint64_t offset) const {
    T value{};
    Read(offset, std::as_writable_bytes(std::span<T, 1>(&value, 1)));
    return value;
  }

 private:
  int fd_;
  std::uint64_t size_;
};

/// Takes little-endian fields off the front of bytes; running out of them is a ReadError.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  void Skip(std::size_t count);

  template <typename T>
  T Take() {
    T value{};
    const std::span<const std::byte> field = TakeBytes(sizeof(T));
    std::memcpy(&value, field.data(), sizeof(T));
    return value;
  }

  /// A field of `count` letters up to its first zero byte.
  std::string TakeText(std::size_t count);

 private:
  std::span<const std::byte> TakeBytes(std::size_t count);

  std::span<const std::byte> bytes_;
};

}  // namespace monitor::acquisition
