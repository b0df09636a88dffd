#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sop/journal/event.h"
#include "sop/store/store.h"

namespace monitor::cli {

/// Checks the time stamps that the journal keeps (checkpoint_anchored): the note that was stamped
/// must be the record's own of that size, and, where the authority's root is given, the stamp must
/// hold.
class AnchorCheck {
 public:
  /// `reader` outlives the check; `ca_file` is a PEM file, empty where stamps are not to be
  /// checked.
  AnchorCheck(const sop::store::Reader& reader, std::string ca_file)
      : reader_(reader), ca_file_(std::move(ca_file)) {}

  void Add(std::uint64_t index, const sop::journal::Event& event);

  struct Newest {
    std::uint64_t events = 0;  ///< that the stamped checkpoint covers
    std::string time;
    std::string authority;
  };
  struct Result {
    std::vector<std::string> findings;
    std::optional<Newest> verified;  ///< the last stamp that holds
    std::size_t unchecked = 0;       ///< stamps that no root was given for
  };
  [[nodiscard]] const Result& result() const { return result_; }

 private:
  const sop::store::Reader& reader_;
  std::string ca_file_;
  Result result_;
};

}  // namespace monitor::cli
