#include "monitor/agent/checkpoint_memory.h"

#include <algorithm>
#include <system_error>

#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;
constexpr std::uint64_t kMaxEvidenceBytes = std::uint64_t{1} << 20;
constexpr const char* kRecoveredPrefix = "checkpoint.recovered.";

bool Exists(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

/// Empty for a file that is missing or no note by its length.
std::string ReadNote(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error || size > kMaxNoteBytes ? "" : ReadFile(file, kMaxNoteBytes);
}

std::vector<fs::path> FilesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    files.push_back(item->path());
  }
  std::sort(files.rbegin(), files.rend());
  return files;
}

}  // namespace

std::optional<std::string> CheckpointMemory::Key() const {
  std::string key = ReadNote(Path("log.verifier"));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  if (key.empty()) return std::nullopt;
  return key;
}

void CheckpointMemory::PinKey(const std::string& verifier_key) {
  WriteFileDurably(Path("log.verifier"), verifier_key + "\n");
}

std::string CheckpointMemory::Kept() const {
  const fs::path file = Path("checkpoint");
  if (!Exists(file)) return "";
  const std::string note = ReadNote(file);
  return note.empty() ? "damaged" : note;
}

void CheckpointMemory::Keep(const std::string& note, const std::string& day) {
  const fs::path of_the_day = Path("checkpoints") / day;
  if (!Exists(of_the_day)) {
    fs::create_directories(of_the_day.parent_path());
    WriteFileDurably(of_the_day, note);
  }
  WriteFileDurably(Path("checkpoint"), note);
}

void CheckpointMemory::PutAside() { RenameDurably(Path("checkpoint"), Path("checkpoint.damaged")); }

std::vector<std::string> CheckpointMemory::Notes() const {
  std::vector<std::string> notes;
  if (Exists(Path("checkpoint"))) notes.push_back(Kept());
  for (const fs::path& file : FilesOf(Path("checkpoints"))) notes.push_back(ReadNote(file));
  return notes;
}

std::optional<json> CheckpointMemory::Alarm() const {
  const fs::path file = Path("checkpoint.alarm");
  if (!Exists(file)) return std::nullopt;
  json evidence = json::parse(ReadFile(file, kMaxEvidenceBytes), nullptr, false);
  return evidence.is_object() ? evidence : json::object();
}

bool CheckpointMemory::HasDamaged() const { return Exists(Path("checkpoint.damaged")); }

bool CheckpointMemory::RaiseAlarm(const json& evidence) {
  if (Alarm()) return false;
  WriteFileDurably(Path("checkpoint.alarm"), evidence.dump(2) + "\n");
  return true;
}

void CheckpointMemory::Recovered(std::uint64_t epoch, json evidence) {
  const fs::path file = Path(kRecoveredPrefix + std::to_string(epoch));
  const auto alarm = Alarm();
  // A recovery explains a shorter log; another past or another key it does not.
  const bool explained = alarm && alarm->value("finding", "") == "rolled_back";
  if (explained) evidence["alarm_before"] = *alarm;
  if (!Exists(file)) WriteFileDurably(file, evidence.dump(2) + "\n");
  if (explained) fs::remove(Path("checkpoint.alarm"));
  SyncDirectory(folder_);
}

std::uint64_t CheckpointMemory::LostEvents() const {
  std::uint64_t lost = 0;
  for (const fs::path& file : FilesOf(folder_)) {
    if (!file.filename().string().starts_with(kRecoveredPrefix)) continue;
    const json evidence = json::parse(ReadFile(file, kMaxEvidenceBytes), nullptr, false);
    if (evidence.is_object()) lost += evidence.value("lost_events", std::uint64_t{0});
  }
  return lost;
}

}  // namespace monitor::agent
