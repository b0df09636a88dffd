#include "monitor/agent/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/file_name.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

constexpr std::uint64_t kMaxLedgerBytes = std::uint64_t{4} << 30;
constexpr std::size_t kSlackLines = 1000;  ///< superseded lines that are not worth a rewrite

}  // namespace

Ledger::Ledger(std::filesystem::path file) : file_(std::move(file)) {
  const std::size_t lines = Load();
  if (lines > 2 * rows_.size() + kSlackLines) Compact();
  OpenForAppend();
}

Ledger::~Ledger() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::size_t Ledger::Load() {
  if (!std::filesystem::exists(file_)) return 0;
  const std::string bytes = ReadFile(file_, kMaxLedgerBytes);
  std::size_t lines = 0;
  std::size_t begin = 0;
  std::size_t whole = 0;
  for (std::size_t end; (end = bytes.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto json =
        nlohmann::json::parse(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                              bytes.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    ++lines;
    whole = end + 1;
    if (!json.is_object()) {
      log::Log(log::Severity::kWarning, "ledger_line_unreadable", {{"line", lines}});
      continue;  // at worst one file is measured again, and its key is the same
    }
    rows_[DecodeName(json.value("path", ""))] =
        Row{json.value("size", std::uint64_t{0}), json.value("mtime_ns", std::int64_t{0}),
            json.value("key", "")};
  }
  if (whole != bytes.size()) std::filesystem::resize_file(file_, whole);
  return lines;
}

std::string Ledger::Line(const std::string& path, const Row& row) {
  const nlohmann::json json = {
      {"path", EncodeName(path)}, {"size", row.size}, {"mtime_ns", row.mtime_ns}, {"key", row.key}};
  return json.dump() + "\n";
}

void Ledger::Compact() {
  std::string bytes;
  for (const auto& [path, row] : rows_) bytes += Line(path, row);
  WriteFileDurably(file_, bytes);
}

void Ledger::OpenForAppend() {
  descriptor_ = open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor_ < 0) ThrowStorageError("open", file_);
  SyncDirectory(file_.parent_path());
}

std::optional<std::string> Ledger::KeyOf(const FileState& state) const {
  const auto found = rows_.find(state.path);
  if (found == rows_.end()) return std::nullopt;
  const Row& row = found->second;
  if (row.size != state.size || row.mtime_ns != state.mtime_ns) return std::nullopt;
  return row.key;
}

void Ledger::Record(const FileState& state, const std::string& key) {
  Row row{state.size, state.mtime_ns, key};
  const std::string line = Line(state.path, row);
  // A line that was written in part (disk full) must not swallow the next one.
  const off_t before = lseek(descriptor_, 0, SEEK_END);
  const ssize_t written = write(descriptor_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()) || fdatasync(descriptor_) != 0) {
    const int reason = errno;
    if (ftruncate(descriptor_, before) != 0) { /* the torn line is dropped at the next start */
    }
    errno = reason;
    ThrowStorageError("append to", file_);
  }
  rows_[state.path] = std::move(row);
}

}  // namespace monitor::agent
