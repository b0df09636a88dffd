#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sop/journal/verify.h"
#include "sop/store/store.h"

namespace monitor::cli {

/// Makes the read tables again from the journal's events, in a database of its own that goes with
/// this object, and holds those of the record against them.
class ReadTableCheck {
 public:
  ReadTableCheck();
  ~ReadTableCheck();
  ReadTableCheck(const ReadTableCheck&) = delete;
  ReadTableCheck& operator=(const ReadTableCheck&) = delete;

  /// The next event, in order. Nothing more is taken once one could not be carried over.
  void Add(const sop::journal::StoredEvent& row, const sop::journal::Event& event);

  /// "read_tables_altered: row lsm-1, 3 of instrument is not what the journal gives.", ...; at most
  /// 20, and empty when the tables are those of the journal.
  [[nodiscard]] std::vector<std::string> Compare(const sop::store::Reader& record) const;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<sop::store::Store> store_;
  std::unique_ptr<sop::store::Transaction> tables_;
  std::string failure_;
};

}  // namespace monitor::cli
