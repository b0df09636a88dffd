#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace monitor::cli {

/// One file of a backup, by its path below the backup's folder.
struct BackedUpFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// What a backup holds: manifest.json beside it, schema etalon.backup/1.
struct BackupManifest {
  std::string made_at;
  std::string verifier_key;  ///< the log's public key
  std::string checkpoint;    ///< the signed note that covers every event of the backup
  bool with_blobs = true;
  std::vector<BackedUpFile> files;
};

[[nodiscard]] nlohmann::json ToJson(const BackupManifest& manifest);
/// Errors  std::runtime_error: unreadable, or another form.
[[nodiscard]] BackupManifest ReadManifest(const std::filesystem::path& file);

/// Copies regular files of `from` below `to`, synced, and adds them to `files` under `prefix`.
/// Folders whose name is `skip` are left out.
void CopyTree(const std::filesystem::path& from, const std::filesystem::path& to,
              const std::string& prefix, std::string_view skip, std::vector<BackedUpFile>& files);

/// Copies what the manifest names and refuses what does not have its digest.
/// Errors  std::runtime_error naming the file.
void CopyChecked(const std::filesystem::path& from, const std::filesystem::path& to,
                 const BackupManifest& manifest);

/// A folder that appears under its name only once it is complete.
class FolderInTheMaking {
 public:
  /// Errors  std::runtime_error when `wanted` is there and not empty, or cannot be made.
  explicit FolderInTheMaking(std::filesystem::path wanted);
  ~FolderInTheMaking();
  FolderInTheMaking(const FolderInTheMaking&) = delete;
  FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return partial_; }
  void Complete();

 private:
  std::filesystem::path wanted_;
  std::filesystem::path partial_;
};

}  // namespace monitor::cli
