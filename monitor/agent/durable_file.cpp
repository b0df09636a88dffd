#include "monitor/agent/durable_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

namespace monitor::agent {
namespace {

using std::filesystem::path;

class Descriptor {
 public:
  Descriptor(const path& file, int flags, std::string_view what, mode_t mode = 0640)
      : descriptor_(open(file.c_str(), flags | O_CLOEXEC, mode)) {
    if (descriptor_ < 0) ThrowStorageError(what, file);
  }
  ~Descriptor() { close(descriptor_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

void WriteAll(const Descriptor& to, const char* bytes, std::size_t size, const path& name) {
  while (size > 0) {
    const ssize_t written = write(to.get(), bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowStorageError("write", name);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void Sync(const Descriptor& file, const path& name) {
  if (fsync(file.get()) != 0) ThrowStorageError("sync", name);
}

std::string Hex(const unsigned char* bytes, unsigned size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

class Sha256Stream {
 public:
  Sha256Stream() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(const char* bytes, std::size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }
  std::string Finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return Hex(digest.data(), size);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

void WriteWithMode(const path& path, std::string_view bytes, mode_t mode) {
  auto temporary = path;
  temporary += ".tmp";
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, "create", mode);
    WriteAll(file, bytes.data(), bytes.size(), temporary);
    Sync(file, temporary);
  }
  RenameDurably(temporary, path);
}

}  // namespace

void ThrowStorageError(std::string_view what, const path& path) {
  const std::string reason = std::strerror(errno);
  throw StorageError("cannot " + std::string(what) + " " + path.string() + ": " + reason);
}

void WriteFileDurably(const path& path, std::string_view bytes) {
  WriteWithMode(path, bytes, 0640);
}

void WriteSecretDurably(const path& path, std::string_view bytes) {
  auto temporary = path;
  std::filesystem::remove(temporary += ".tmp");  // a leftover might be readable by others
  WriteWithMode(path, bytes, 0600);
}

void SyncDirectory(const path& directory) {
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY, "open");
  Sync(folder, directory);
}

void SyncFile(const path& path) { Sync(Descriptor(path, O_RDONLY, "open"), path); }

void RenameDurably(const path& from, const path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) ThrowStorageError("rename to", to);
  SyncDirectory(to.parent_path());
}

std::string ReadFile(const path& path, std::uint64_t max_bytes) {
  const Descriptor file(path, O_RDONLY, "open");
  std::string bytes;
  std::vector<char> buffer(64 * 1024);
  while (true) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ThrowStorageError("read", path);
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > max_bytes) {
      throw StorageError(path.string() + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

FileDigest DigestAndCopy(const path& from, const path& to) {
  const Descriptor source(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "open");
  std::unique_ptr<Descriptor> copy;
  if (!to.empty()) copy = std::make_unique<Descriptor>(to, O_WRONLY | O_CREAT | O_EXCL, "create");
  Sha256Stream digest;
  FileDigest result;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (true) {
    const ssize_t got = read(source.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ThrowStorageError("read", from);
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    digest.Add(buffer.data(), size);
    if (copy) WriteAll(*copy, buffer.data(), size, to);
    result.bytes += size;
  }
  if (copy) Sync(*copy, to);
  result.sha256 = digest.Finish();
  return result;
}

std::uint64_t FreeBytes(const path& path) {
  std::error_code error;
  const auto space = std::filesystem::space(path, error);
  return error ? 0 : space.available;
}

}  // namespace monitor::agent
