#include "monitor/agent/inbox.h"

#include <system_error>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/file_name.h"

namespace monitor::agent {
namespace {

constexpr std::uint64_t kMaxFileBytes = 64 << 20;

}  // namespace

Inbox::Inbox(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  written_ = ReadFile(file_, kMaxFileBytes);
  const auto stored = nlohmann::json::parse(written_, nullptr, false);
  if (!stored.is_object()) return;
  for (const auto& row : stored.value("entries", nlohmann::json::array())) {
    first_seen_[row.value("name", "")] = row.value("seen_at", "");
  }
}

void Inbox::BeginWatch(std::size_t watch) {
  former_.clear();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.watch != watch) {
      ++entry;
      continue;
    }
    former_.insert(*entry);
    entry = entries_.erase(entry);
  }
}

void Inbox::Put(std::size_t watch, const std::string& path, InboxReason reason,
                const std::vector<Candidate>& candidates, const std::string& now) {
  const std::string name = EncodeName(path);
  Entry entry{reason, {}, now, watch};
  for (const Candidate& candidate : candidates) entry.candidates.push_back(Describe(candidate));
  const auto before = former_.find(name);
  const auto stored = first_seen_.find(name);
  if (before != former_.end()) {
    entry.seen_at = before->second.seen_at;
  } else if (stored != first_seen_.end()) {
    entry.seen_at = stored->second;
  }
  entries_[name] = std::move(entry);
}

bool Inbox::Commit() {
  std::string text = Listing().dump();
  if (text == written_) return false;
  WriteFileDurably(file_, text);
  written_ = std::move(text);
  return true;
}

std::map<InboxReason, std::size_t> Inbox::Counts() const {
  std::map<InboxReason, std::size_t> counts;
  for (const auto& [name, entry] : entries_) ++counts[entry.reason];
  return counts;
}

bool Inbox::WaitsForRegister() const {
  for (const auto& [name, entry] : entries_) {
    if (entry.reason == InboxReason::kUnknownProcedure ||
        entry.reason == InboxReason::kUnknownConfiguration ||
        entry.reason == InboxReason::kRegisterNeverRead) {
      return true;
    }
  }
  return false;
}

nlohmann::json Inbox::Listing() const {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [name, entry] : entries_) {
    if (rows.size() == kMaxReported) break;
    rows.push_back({{"name", name},
                    {"reason", Name(entry.reason)},
                    {"candidates", entry.candidates},
                    {"seen_at", entry.seen_at}});
  }
  return {{"entries", rows}};
}

}  // namespace monitor::agent
