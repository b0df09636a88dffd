#include "monitor/service/blobs.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace monitor::service {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Refuse(const std::string& what) {
  throw BlobError(what + ": " + std::strerror(errno) + "; check the disk of the data folder.");
}

/// A rename is durable only once its folder is.
void SyncFolder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) Refuse("Cannot open " + folder.string());
  const int failed = fsync(descriptor);
  close(descriptor);
  if (failed != 0) Refuse("Cannot sync " + folder.string());
}

std::string Hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

}  // namespace

struct BlobStore::Upload::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (descriptor >= 0) close(descriptor);
    if (!temporary.empty()) unlink(temporary.c_str());
    EVP_MD_CTX_free(hash);
  }

  std::string digest;
  fs::path temporary;
  fs::path target;
  int descriptor = -1;
  EVP_MD_CTX* hash = nullptr;
};

BlobStore::BlobStore(fs::path dir) : dir_(std::move(dir)) {
  std::error_code error;
  fs::remove_all(dir_ / "tmp", error);  // what a crash left half written
  fs::create_directories(dir_ / "tmp", error);
  if (error) throw BlobError("Cannot make " + (dir_ / "tmp").string() + ": " + error.message());
}

bool BlobStore::IsDigest(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

fs::path BlobStore::PathOf(std::string_view digest) const {
  return dir_ / std::string(digest.substr(0, 2)) / std::string(digest.substr(2, 2)) /
         std::string(digest);
}

bool BlobStore::Has(std::string_view digest) const {
  std::error_code error;
  return IsDigest(digest) && fs::is_regular_file(PathOf(digest), error);
}

BlobStore::Upload BlobStore::Begin(std::string_view digest) const {
  static std::atomic<std::uint64_t> counter = 0;
  auto state = std::make_unique<Upload::State>();
  state->digest = digest;
  state->target = PathOf(digest);
  state->temporary = dir_ / "tmp" /
                     (std::string(digest.substr(0, 16)) + "-" + std::to_string(getpid()) + "-" +
                      std::to_string(counter++));
  state->descriptor = open(state->temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (state->descriptor < 0) Refuse("Cannot write " + state->temporary.string());
  state->hash = EVP_MD_CTX_new();
  if (state->hash == nullptr || EVP_DigestInit_ex(state->hash, EVP_sha256(), nullptr) != 1) {
    throw BlobError("Cannot compute SHA-256; check the OpenSSL installation.");
  }
  return Upload(std::move(state));
}

BlobStore::Upload::Upload(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobStore::Upload::~Upload() = default;

void BlobStore::Upload::Write(std::string_view bytes) {
  EVP_DigestUpdate(state_->hash, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = write(state_->descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Refuse("Cannot write " + state_->temporary.string());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool BlobStore::Upload::Commit() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->hash, digest.data(), &size);
  if (Hex(digest.data(), size) != state_->digest) return false;
  if (fsync(state_->descriptor) != 0) Refuse("Cannot sync " + state_->temporary.string());
  std::error_code error;
  const fs::path inner = state_->target.parent_path();
  fs::create_directories(inner, error);
  if (error) throw BlobError("Cannot make " + inner.string() + ": " + error.message());
  fs::rename(state_->temporary, state_->target, error);
  if (error) throw BlobError("Cannot store " + state_->target.string() + ": " + error.message());
  state_->temporary.clear();
  SyncFolder(inner);
  SyncFolder(inner.parent_path());
  SyncFolder(inner.parent_path().parent_path());
  return true;
}

std::string SniffMediaType(const fs::path& file) {
  std::array<char, 8> head{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), head.size());
  const std::string_view begin(head.data(), static_cast<std::size_t>(stream.gcount()));
  if (begin.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (begin.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (begin.starts_with("<svg xml")) return "image/svg+xml";
  if (begin.starts_with(std::string_view("II*\0", 4)) ||
      begin.starts_with(std::string_view("MM\0*", 4))) {
    return "image/tiff";
  }
  return "application/octet-stream";
}

}  // namespace monitor::service
