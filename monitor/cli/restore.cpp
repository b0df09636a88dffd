#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "monitor/agent/durable_file.h"
#include "monitor/cli/backup_manifest.h"
#include "monitor/cli/commands.h"
#include "monitor/service/data_folder.h"
#include "monitor/service/record.h"
#include "sop/journal/checkpoint.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using sop::journal::Checkpoint;

constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;

struct RestoreOptions {
  std::string backup;
  std::string data;
  std::string log_key;
  std::string last_checkpoint;
  std::string blobs;
  std::string reason;
};

sop::journal::LogKey ReadKey(const std::string& file) {
  std::string text = agent::ReadFile(file, kMaxNoteBytes);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto key = sop::journal::DecodeLogKey(text);
  if (!key) throw std::runtime_error(file + " is not a log's signing key");
  return std::move(*key);
}

Checkpoint Open(const std::string& note, const sop::journal::LogKey& key, const std::string& what) {
  const auto checkpoint = sop::journal::OpenCheckpoint(note, key.VerifierKey());
  if (!checkpoint) throw std::runtime_error(what + " is not signed by the key that was given");
  return *checkpoint;
}

/// The whole record that was copied, against its own key and, where they can be compared, the last
/// checkpoint.
void VerifyCopy(const fs::path& folder, const std::string& verifier_key,
                const std::string& checkpoint_file) {
  std::vector<std::string> words = {"etalon verify", folder.string(), "--log-key", verifier_key};
  if (!checkpoint_file.empty()) {
    words.insert(words.end(), {"--checkpoint", checkpoint_file});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  constexpr int kUnanchored = 3;
  const int code = RunVerify(static_cast<int>(arguments.size()), arguments.data());
  if (code != 0 && code != kUnanchored) {
    throw std::runtime_error("the backup does not verify; nothing was restored");
  }
}

void Report(const Checkpoint& restored, const nlohmann::json& opened,
            const std::optional<Checkpoint>& last) {
  std::cout << "restored " << restored.tree_size << " events; event " << restored.tree_size
            << " opens log epoch " << opened.at("epoch") << '\n';
  if (!last) {
    std::cout << "What was recorded after the backup is lost, and how much is not known here: give "
                 "--last-checkpoint, or ask the agents (etalon_agent_witness_lost_events).\n";
  } else if (last->tree_size > restored.tree_size) {
    std::cout << "LOST: " << last->tree_size - restored.tree_size << " events, "
              << restored.tree_size << " to " << last->tree_size - 1
              << ". Agents send again what they still hold; the rest must be recorded anew.\n";
  } else {
    std::cout << "Nothing that the given checkpoint covers is lost.\n";
  }
}

int Restore(const RestoreOptions& options) {
  const fs::path backup(options.backup);
  const BackupManifest manifest = ReadManifest(backup / "manifest.json");
  const sop::journal::LogKey key = ReadKey(options.log_key);
  const Checkpoint restored = Open(manifest.checkpoint, key, "the backup's checkpoint");
  std::optional<Checkpoint> last;
  std::string note;
  if (!options.last_checkpoint.empty()) {
    note = agent::ReadFile(options.last_checkpoint, kMaxNoteBytes);
    last = Open(note, key, options.last_checkpoint);
  }
  FolderInTheMaking folder(options.data);
  CopyChecked(backup, folder.path(), manifest);
  if (!options.blobs.empty()) {
    std::vector<BackedUpFile> copied;
    CopyTree(options.blobs, folder.path() / "blobs", "", "tmp", copied);
  }
  service::WriteSecret((folder.path() / "log.key").string(), EncodeLogKey(key) + "\n");
  const bool comparable =
      last && last->epoch == restored.epoch && last->tree_size <= restored.tree_size;
  VerifyCopy(folder.path(), key.VerifierKey(), comparable ? options.last_checkpoint : "");
  nlohmann::json opened;
  {
    service::QualityRecord record(
        {.data_dir = folder.path().string(), .log_origin = {}, .clock = [] {
           return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
         }});
    opened = record.OpenEpoch(options.reason, note);
  }
  folder.Complete();
  Report(restored, opened, last);
  return 0;
}

}  // namespace

int RunRestore(int argc, char** argv) {
  RestoreOptions options;
  CLI::App app("Puts a backup into a new data folder and opens a new log epoch there.",
               "etalon restore");
  app.add_option("backup", options.backup, "Folder of the backup")->required();
  app.add_option("--data", options.data, "New folder of the record")->required();
  app.add_option("--log-key", options.log_key, "File of the log's signing key")->required();
  app.add_option("--reason", options.reason, "Why; stays in the record")->required();
  app.add_option("--last-checkpoint", options.last_checkpoint,
                 "The newest checkpoint known of the lost record, from an agent's spool");
  app.add_option("--blobs", options.blobs,
                 "Folder of raw files and pictures, for a backup made without them");
  try {
    app.parse(argc, argv);
    return Restore(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "etalon restore: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace monitor::cli
