#include "monitor/agent/spool.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/file_name.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxSourceBytes = 64 * 1024;
constexpr std::uint64_t kMaxReceiptBytes = std::uint64_t{1} << 20;
constexpr std::size_t kNumberDigits = 12;

std::size_t CountEntries(const fs::path& dir) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(dir), fs::directory_iterator()));
}

std::string SourceText(const FileState& source) {
  return nlohmann::json{
      {"path", EncodeName(source.path)}, {"size", source.size}, {"mtime_ns", source.mtime_ns}}
      .dump();
}

/// Nothing when it is not there or not ours; one damaged entry must not keep the agent from
/// starting.
std::optional<FileState> ReadSource(const fs::path& folder) try {
  const auto json = nlohmann::json::parse(ReadFile(folder / "source.json", kMaxSourceBytes));
  return FileState{DecodeName(json.value("path", "")), json.value("size", std::uint64_t{0}),
                   json.value("mtime_ns", std::int64_t{0})};
} catch (const std::exception&) {
  return std::nullopt;
}

fs::path Unused(const fs::path& wanted) {
  fs::path free = wanted;
  std::error_code error;
  for (int i = 2; fs::exists(fs::symlink_status(free, error)); ++i) {
    free = wanted;
    free += "-" + std::to_string(i);
  }
  return free;
}

void Rename(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) ThrowStorageError("rename to", to);
}

}  // namespace

Spool::Spool(fs::path dir) : dir_(std::move(dir)) {
  fs::remove_all(dir_ / "work");
  for (const char* part : {"work", "pending", "sent", "refused", "lost"}) {
    fs::create_directories(dir_ / part);
  }
  SyncDirectory(dir_);
  ContinueNumbers();
  LoadPending();
  sent_ = CountEntries(dir_ / "sent");
  refused_ = CountEntries(dir_ / "refused");
  for (const auto& item : fs::directory_iterator(dir_ / "lost")) lost_.insert(item.path().stem());
  for (const auto& [id, entry] : pending_) lost_.erase(entry.key);
}

void Spool::ContinueNumbers() {
  // A refused entry keeps its number, so that a later one is never taken for it.
  for (const char* part : {"pending", "refused"}) {
    for (const auto& item : fs::directory_iterator(dir_ / part)) {
      const std::string id = item.path().filename().string();
      std::uint64_t number = 0;
      const char* end = id.data() + std::min(id.size(), kNumberDigits);
      if (std::from_chars(id.data(), end, number).ec == std::errc()) {
        next_number_ = std::max(next_number_, number + 1);
      }
    }
  }
}

void Spool::LoadPending() {
  for (const auto& item : fs::directory_iterator(dir_ / "pending")) {
    const std::string id = item.path().filename().string();
    const auto source = ReadSource(item.path());
    if (id.size() <= kNumberDigits + 1 || !source) {
      log::Log(log::Severity::kError, "spool_entry_unreadable", {{"entry", EncodeName(id)}});
      continue;
    }
    pending_[id] = SpoolEntry{id, id.substr(kNumberDigits + 1), item.path(), *source};
  }
}

fs::path Spool::NewWorkFolder() {
  const std::scoped_lock lock(mutex_);
  fs::path folder = dir_ / "work" / std::to_string(next_work_++);
  fs::create_directories(folder / "blobs");
  return folder;
}

SpoolEntry Spool::Add(const fs::path& work_folder, const std::string& key,
                      const FileState& source) {
  WriteFileDurably(work_folder / "source.json", SourceText(source));
  SyncDirectory(work_folder / "blobs");
  const std::scoped_lock lock(mutex_);
  char number[kNumberDigits + 1];
  std::snprintf(number, sizeof number, "%012llu", static_cast<unsigned long long>(next_number_++));
  SpoolEntry entry{std::string(number) + "-" + key, key, {}, source};
  entry.folder = dir_ / "pending" / entry.id;
  Rename(work_folder, entry.folder);
  // Known before anything else can fail: measured again, it would be there twice.
  unreleased_[entry.id] = entry;
  lost_.erase(key);
  SyncDirectory(dir_ / "pending");
  return entry;
}

void Spool::Release(const SpoolEntry& entry) {
  const std::scoped_lock lock(mutex_);
  unreleased_.erase(entry.id);
  pending_[entry.id] = entry;
}

void Spool::ReleaseKey(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(unreleased_.begin(), unreleased_.end(),
                                  [&](const auto& item) { return item.second.key == key; });
  if (found == unreleased_.end()) return;
  SyncDirectory(dir_ / "pending");
  pending_.insert(unreleased_.extract(found));
}

void Spool::Drop(const fs::path& work_folder) const {
  std::error_code ignored;  // the next start clears work/
  fs::remove_all(work_folder, ignored);
}

std::vector<SpoolEntry> Spool::Pending(std::size_t limit) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SpoolEntry> entries;
  for (const auto& [id, entry] : pending_) {
    if (entries.size() == limit) break;
    entries.push_back(entry);
  }
  return entries;
}

bool Spool::Knows(const std::string& key) const {
  const std::scoped_lock lock(mutex_);
  const auto has_key = [&](const auto& item) { return item.second.key == key; };
  return std::any_of(pending_.begin(), pending_.end(), has_key) ||
         std::any_of(unreleased_.begin(), unreleased_.end(), has_key) ||
         fs::exists(dir_ / "sent" / (key + ".json"));
}

void Spool::MarkSent(const SpoolEntry& entry, const nlohmann::json& receipt) {
  const fs::path file = dir_ / "sent" / (entry.key + ".json");
  const bool again = fs::exists(file);
  WriteFileDurably(file, receipt.dump());
  {
    const std::scoped_lock lock(mutex_);
    if (!again) ++sent_;
  }
  fs::remove(dir_ / "lost" / (entry.key + ".json"));
  Remove(entry);
}

std::vector<std::string> Spool::MarkLost(
    const std::function<bool(const nlohmann::json&)>& is_lost) {
  std::vector<fs::path> receipts;
  for (const auto& item : fs::directory_iterator(dir_ / "sent")) receipts.push_back(item.path());
  std::vector<std::string> keys;
  for (const fs::path& file : receipts) {
    const auto receipt = nlohmann::json::parse(ReadFile(file, kMaxReceiptBytes), nullptr,
                                               /*allow_exceptions=*/false);
    if (!receipt.is_object() || !is_lost(receipt)) continue;
    keys.push_back(file.stem());
    const std::scoped_lock lock(mutex_);
    Rename(file, dir_ / "lost" / file.filename());
    lost_.insert(keys.back());
    --sent_;
  }
  SyncDirectory(dir_ / "lost");
  SyncDirectory(dir_ / "sent");
  return keys;
}

bool Spool::Lost(const std::string& key) const {
  const std::scoped_lock lock(mutex_);
  return lost_.contains(key);
}

void Spool::Remove(const SpoolEntry& entry) {
  // Out of pending/ in one step, then deleted at leisure: half an entry is never seen there.
  const fs::path grave = NewWorkFolder() / "sent";
  Rename(entry.folder, grave);
  {
    const std::scoped_lock lock(mutex_);
    pending_.erase(entry.id);  // it is gone, also when the next line fails
  }
  SyncDirectory(dir_ / "pending");
  Drop(grave.parent_path());
}

void Spool::MarkRefused(const SpoolEntry& entry, const nlohmann::json& problem) {
  WriteFileDurably(entry.folder / "problem.json", problem.dump(2));
  Rename(entry.folder, Unused(dir_ / "refused" / entry.id));
  {
    const std::scoped_lock lock(mutex_);
    pending_.erase(entry.id);
    ++refused_;
  }
  SyncDirectory(dir_ / "refused");
  SyncDirectory(dir_ / "pending");
}

Spool::Counts Spool::Count() const {
  const std::scoped_lock lock(mutex_);
  return {pending_.size() + unreleased_.size(), sent_, refused_, lost_.size()};
}

}  // namespace monitor::agent
