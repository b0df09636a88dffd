#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/event.h"

namespace monitor::cli {

/// What the journal says that the folder blobs/ holds, and whether it does.
///
/// The journal keeps a file's digest, not the file: without this, a lost or exchanged raw file
/// would go unnoticed in a record that is whole. Memory is that of the sample.
class BlobCheck {
 public:
  /// Files of whole records below this number are all read; of others a random sample this large.
  static constexpr std::size_t kSample = 2000;

  /// `folder` is the record's blobs/; it need not exist. `all` reads every file whatever it costs.
  BlobCheck(std::filesystem::path folder, bool all);

  /// Looks for what an event says is kept: archived raw files and every picture.
  void Note(std::int64_t index, const sop::journal::Event& event);

  struct Result {
    std::vector<std::string> findings;  ///< "raw_missing at event 7: ...", at most kShown
    std::size_t unnamed = 0;            ///< findings beyond these
    std::string summary;                ///< what was checked, one sentence; empty without any file
  };
  static constexpr std::size_t kShown = 20;
  /// Reads the sample.
  [[nodiscard]] Result Finish();

 private:
  struct Kept {
    std::int64_t index;
    std::string kind;  ///< "raw" or "picture"
    std::string name;
    std::string digest;
  };
  void Look(Kept kept);
  void Read(const Kept& kept);
  void Report(const Kept& kept, const char* what, const std::string& sentence);

  std::filesystem::path folder_;
  bool there_;
  bool all_;
  std::size_t named_ = 0;  ///< files that events name
  std::size_t present_ = 0;
  std::size_t read_ = 0;
  std::vector<Kept> sample_;
  std::mt19937_64 random_{std::random_device()()};  ///< a choice that nobody can foresee
  Result result_;
};

}  // namespace monitor::cli
