#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "monitor/agent/durable_file.h"
#include "monitor/cli/backup_manifest.h"
#include "monitor/cli/commands.h"
#include "monitor/service/time_text.h"
#include "sop/journal/event.h"
#include "sop/store/store.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
  std::string data;
  std::string to;
  bool without_blobs = false;
  bool with_log_key = false;
};

/// The database as it is at one moment, while a service may be writing to it.
void CopyDatabase(const BackupOptions& options, const fs::path& to, BackupManifest& manifest) {
  const fs::path file = fs::path(options.data) / "etalon.db";
  if (!fs::exists(file)) {
    throw std::runtime_error(options.data + " holds no record (etalon.db is missing)");
  }
  sop::store::Store(file.string(), sop::store::Access::kReadOnly)
      .CopyTo((to / "etalon.db").string());
  agent::SyncFile(to / "etalon.db");
  const sop::store::Store copy((to / "etalon.db").string(), sop::store::Access::kReadOnly);
  const auto tables = copy.Read();
  const auto checkpoint = tables->LastCheckpoint();
  if (!checkpoint || checkpoint->tree_size != tables->EventCount()) {
    throw std::runtime_error("the record has events without a checkpoint; run etalon verify");
  }
  manifest.checkpoint = checkpoint->note;
  manifest.verifier_key =
      sop::journal::ParseEvent(tables->Event(0).value().line).body.at("verifier_key");
  const agent::FileDigest digest = agent::DigestAndCopy(to / "etalon.db", {});
  manifest.files.push_back({"etalon.db", digest.bytes, digest.sha256});
}

int Backup(const BackupOptions& options) {
  FolderInTheMaking folder(options.to);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  BackupManifest manifest{service::TimeText(now), {}, {}, !options.without_blobs, {}};
  CopyDatabase(options, folder.path(), manifest);
  // After the database: what its events name was archived before them.
  if (manifest.with_blobs) {
    CopyTree(fs::path(options.data) / "blobs", folder.path() / "blobs", "blobs/", "tmp",
             manifest.files);
  }
  if (options.with_log_key) {
    const agent::FileDigest digest =
        agent::DigestAndCopy(fs::path(options.data) / "log.key", folder.path() / "log.key");
    fs::permissions(folder.path() / "log.key", fs::perms::owner_read | fs::perms::owner_write);
    manifest.files.push_back({"log.key", digest.bytes, digest.sha256});
  }
  agent::WriteFileDurably(folder.path() / "manifest.json", ToJson(manifest).dump(2) + "\n");
  folder.Complete();
  std::cout << manifest.files.size() << " files in " << options.to << "; its checkpoint:\n"
            << manifest.checkpoint;
  if (!options.with_log_key) {
    std::cout << "The log's key is not in it: keep a copy of " << options.data
              << "/log.key in another place.\n";
  }
  return 0;
}

}  // namespace

int RunBackup(int argc, char** argv) {
  BackupOptions options;
  CLI::App app("Copies a record, also while it is being served, with a manifest of digests.",
               "etalon backup");
  app.add_option("--data", options.data, "Folder of the record")->required();
  app.add_option("--to", options.to, "New folder of the backup")->required();
  app.add_flag("--without-blobs", options.without_blobs,
               "Leave raw files and pictures out: they are backed up elsewhere");
  app.add_flag("--with-log-key", options.with_log_key,
               "Put the signing key into the backup: who holds it can write another past");
  try {
    app.parse(argc, argv);
    return Backup(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "etalon backup: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace monitor::cli
