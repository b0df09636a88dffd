#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace monitor::service {

/// The disk refused: full, gone, not ours.
struct BlobError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Raw files and pictures, each under its SHA-256: blobs/aa/bb/aabb....
///
/// A blob is there whole or not at all: it is hashed while it streams into a temporary file, which
/// is synced and renamed into place. Storing it twice stores it once.
/// Threads  every member may be called from any thread.
/// Errors   BlobError when the disk refuses.
class BlobStore {
 public:
  explicit BlobStore(std::filesystem::path dir);

  [[nodiscard]] static bool IsDigest(std::string_view text);  ///< 64 lower-case hex digits
  [[nodiscard]] bool Has(std::string_view digest) const;
  [[nodiscard]] std::filesystem::path PathOf(std::string_view digest) const;

  /// One blob on its way in; without Commit it leaves nothing behind.
  class Upload {
   public:
    ~Upload();
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    void Write(std::string_view bytes);
    /// False when the bytes are not those of the digest; then nothing is kept.
    [[nodiscard]] bool Commit();

   private:
    friend class BlobStore;
    struct State;
    explicit Upload(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  [[nodiscard]] Upload Begin(std::string_view digest) const;

 private:
  std::filesystem::path dir_;
};

/// The media type of a stored file by its first bytes; octet-stream for what is not known to be
/// harmless in a browser.
[[nodiscard]] std::string SniffMediaType(const std::filesystem::path& file);

}  // namespace monitor::service
