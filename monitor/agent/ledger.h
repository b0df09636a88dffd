#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

namespace monitor::agent {

/// What tells one state of a file from another without reading it. Inode numbers are left out on
/// purpose: some shares make them up anew at each mount.
struct FileState {
  std::string path;  ///< absolute; bytes as the file system has them
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool operator==(const FileState&) const = default;
};

/// The durable memory of which file states have become spool entries, so that a restart neither
/// measures 20,000 files again nor forgets one.
///
/// One JSON line a record, appended with fsync; a torn last line (power cut) is dropped; the file
/// is rewritten when most of its lines are superseded. Names are kept as hex where they are not
/// UTF-8. Threads  one.
class Ledger {
 public:
  explicit Ledger(std::filesystem::path file);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// The submission key made from exactly this state of the file.
  [[nodiscard]] std::optional<std::string> KeyOf(const FileState& state) const;
  /// Durable when it returns. Errors  StorageError.
  void Record(const FileState& state, const std::string& key);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::string key;
  };
  std::size_t Load();
  void Compact();
  void OpenForAppend();
  [[nodiscard]] static std::string Line(const std::string& path, const Row& row);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::unordered_map<std::string, Row> rows_;
};

}  // namespace monitor::agent
