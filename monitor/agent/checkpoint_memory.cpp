#include "monitor/agent/checkpoint_memory.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;

struct Head {
  std::string origin;
  std::uint64_t size = 0;
  std::string root;
};

std::optional<std::string> TakeLine(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string line(text.substr(0, end));
  text.remove_prefix(end + 1);
  return line;
}

std::optional<Head> Parse(std::string_view note) {
  const auto origin = TakeLine(note);
  const auto size = TakeLine(note);
  const auto root = TakeLine(note);
  if (!origin || !size || !root || origin->empty() || root->empty()) return std::nullopt;
  Head head{*origin, 0, *root};
  const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), head.size);
  if (error != std::errc() || end != size->data() + size->size()) return std::nullopt;
  return head;
}

std::filesystem::path Beside(std::filesystem::path file, const char* ending) {
  file += ending;
  return file;
}

CheckpointVerdict Compare(const Head& kept, const Head& shown) {
  if (kept.origin != shown.origin) return CheckpointVerdict::kRewritten;
  if (shown.size < kept.size) return CheckpointVerdict::kRolledBack;
  if (shown.size == kept.size && shown.root != kept.root) return CheckpointVerdict::kRewritten;
  return CheckpointVerdict::kConsistent;
}

}  // namespace

CheckpointVerdict RememberCheckpoint(const std::filesystem::path& file, const std::string& note) {
  const auto shown = Parse(note);
  if (!shown) return CheckpointVerdict::kUnreadable;
  if (!std::filesystem::exists(file)) {
    WriteFileDurably(file, note);
    return CheckpointVerdict::kConsistent;
  }
  const bool too_long = std::filesystem::file_size(file) > kMaxNoteBytes;
  const auto kept = too_long ? std::nullopt : Parse(ReadFile(file, kMaxNoteBytes));
  if (!kept) {
    RenameDurably(file, Beside(file, ".damaged"));
    WriteFileDurably(file, note);
    return CheckpointVerdict::kKeptDamaged;
  }
  const CheckpointVerdict verdict = Compare(*kept, *shown);
  const auto bad = Beside(file, ".bad");
  if (std::filesystem::exists(bad)) return verdict;  // the first contradiction is kept as it was
  if (verdict != CheckpointVerdict::kConsistent) {
    WriteFileDurably(bad, note);
  } else if (shown->size > kept->size) {
    WriteFileDurably(file, note);
  }
  return verdict;
}

bool HasCheckpointEvidence(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::exists(Beside(file, ".bad"), error) ||
         std::filesystem::exists(Beside(file, ".damaged"), error);
}

}  // namespace monitor::agent
