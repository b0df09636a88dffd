#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::cli {

/// What the journal says that the folder blobs/ holds, and whether it does.
///
/// The journal keeps a file's digest, not the file: without this, a lost or exchanged raw file
/// would go unnoticed in a record that is whole.
class BlobCheck {
 public:
  /// Files of whole records below this number are all read; of others a random sample this large.
  static constexpr std::size_t kSample = 2000;

  /// Takes note of what a journal line says is kept: archived raw files and every picture. A line
  /// that cannot be read names nothing; the journal's own check tells of it.
  void Note(std::int64_t index, std::string_view line);

  struct Result {
    std::vector<std::string> findings;  ///< "raw_missing at event 7: ..."; empty when all is well
    std::string summary;                ///< what was checked, one sentence; empty without any file
  };
  /// `folder` is the record's blobs/; it need not exist. `all` reads every file whatever it costs.
  [[nodiscard]] Result Check(const std::filesystem::path& folder, bool all) const;

 private:
  struct Kept {
    std::int64_t index;
    std::string kind;  ///< "raw" or "picture"
    std::string name;
  };
  std::map<std::string, Kept> kept_;  ///< by digest; the first event that names it
};

}  // namespace monitor::cli
