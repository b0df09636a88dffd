#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace monitor::agent {

/// The file system broke a promise (disk full, permission, input gone); the cycle is given up.
class StorageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws StorageError "cannot WHAT PATH: reason of errno".
[[noreturn]] void ThrowStorageError(std::string_view what, const std::filesystem::path& path);

/// Replaces `path` by `bytes`: after the return the new content survives a power cut, and at no
/// moment does a reader (or a restart) see a part of it.
void WriteFileDurably(const std::filesystem::path& path, std::string_view bytes);

/// The same for what only its owner may read (mode 0600), whatever was there before.
void WriteSecretDurably(const std::filesystem::path& path, std::string_view bytes);

/// fsync of a directory: makes names that were made, renamed or removed in it durable.
void SyncDirectory(const std::filesystem::path& directory);
/// fsync of one file that somebody else wrote.
void SyncFile(const std::filesystem::path& path);
/// Renames and makes the new name durable. Both lie on one file system.
void RenameDurably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Whole content. Errors  StorageError, also above `max_bytes`.
[[nodiscard]] std::string ReadFile(const std::filesystem::path& path, std::uint64_t max_bytes);

struct FileDigest {
  std::string sha256;  ///< 64 hex digits
  std::uint64_t bytes = 0;
};

/// Reads `from` once; digests it and, unless `to` is empty, writes the same bytes to `to` (fsync).
/// Works on shares: nothing is mapped, so a file that shrinks meanwhile is just shorter.
[[nodiscard]] FileDigest DigestAndCopy(const std::filesystem::path& from,
                                       const std::filesystem::path& to);

/// Bytes that an unprivileged process may still write where `path` lies.
[[nodiscard]] std::uint64_t FreeBytes(const std::filesystem::path& path);

}  // namespace monitor::agent
