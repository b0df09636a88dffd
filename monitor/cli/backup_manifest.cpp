#include "monitor/cli/backup_manifest.h"

#include <algorithm>
#include <stdexcept>

#include "monitor/agent/durable_file.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSchema = "etalon.backup/1";
constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{1} << 30;

/// Below the folder, whatever the manifest says.
bool IsInside(const fs::path& path) {
  return path.is_relative() && std::none_of(path.begin(), path.end(), [](const fs::path& part) {
           return part == ".." || part.empty();
         });
}

BackedUpFile FileOf(const json& row) {
  BackedUpFile file{row.at("path"), row.at("bytes"), row.at("sha256")};
  if (!IsInside(file.path)) throw std::runtime_error(file.path + " is no path within a backup");
  return file;
}

}  // namespace

json ToJson(const BackupManifest& manifest) {
  json files = json::array();
  for (const BackedUpFile& file : manifest.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return {{"schema", kSchema},
          {"made_at", manifest.made_at},
          {"verifier_key", manifest.verifier_key},
          {"checkpoint", manifest.checkpoint},
          {"blobs", manifest.with_blobs ? "included" : "referenced"},
          {"files", std::move(files)}};
}

BackupManifest ReadManifest(const fs::path& file) {
  try {
    const json text = json::parse(agent::ReadFile(file, kMaxManifestBytes));
    if (text.at("schema") != kSchema) throw std::runtime_error("its schema is another one");
    BackupManifest manifest{text.at("made_at"),
                            text.at("verifier_key"),
                            text.at("checkpoint"),
                            text.at("blobs") == "included",
                            {}};
    for (const json& row : text.at("files")) manifest.files.push_back(FileOf(row));
    return manifest;
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + " is no manifest of a backup: " + error.what());
  }
}

void CopyTree(const fs::path& from, const fs::path& to, const std::string& prefix,
              std::string_view skip, std::vector<BackedUpFile>& files) {
  if (!fs::exists(from)) return;
  for (fs::recursive_directory_iterator item(from), end; item != end; ++item) {
    if (item->is_directory() && item->path().filename() == skip) item.disable_recursion_pending();
    if (!item->is_regular_file()) continue;
    const fs::path below = fs::relative(item->path(), from);
    fs::create_directories((to / below).parent_path());
    const agent::FileDigest digest = agent::DigestAndCopy(item->path(), to / below);
    files.push_back({prefix + below.generic_string(), digest.bytes, digest.sha256});
  }
}

void CopyChecked(const fs::path& from, const fs::path& to, const BackupManifest& manifest) {
  for (const BackedUpFile& file : manifest.files) {
    fs::create_directories((to / file.path).parent_path());
    const agent::FileDigest digest = agent::DigestAndCopy(from / file.path, to / file.path);
    if (digest.sha256 == file.sha256 && digest.bytes == file.bytes) continue;
    throw std::runtime_error("the backup is damaged: " + file.path +
                             " is not what its manifest says; use another backup");
  }
}

FolderInTheMaking::FolderInTheMaking(fs::path wanted)
    : wanted_(std::move(wanted)), partial_(wanted_) {
  if (fs::exists(wanted_) && !(fs::is_directory(wanted_) && fs::is_empty(wanted_))) {
    throw std::runtime_error(wanted_.string() + " is there already; name a new folder");
  }
  partial_ += ".partial";
  if (!fs::create_directories(partial_)) {
    throw std::runtime_error(partial_.string() +
                             " is left from an earlier attempt; remove it and try again");
  }
}

FolderInTheMaking::~FolderInTheMaking() {
  std::error_code ignored;  // after Complete there is nothing of that name
  fs::remove_all(partial_, ignored);
}

void FolderInTheMaking::Complete() {
  agent::SyncDirectory(partial_);
  fs::rename(partial_, wanted_);
  agent::SyncDirectory(fs::absolute(wanted_).parent_path());
}

}  // namespace monitor::cli
