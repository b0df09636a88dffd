#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/checkpoint.h"

namespace monitor::agent {

/// One recovery as the log itself records it.
struct LogEpoch {
  std::uint64_t epoch = 0;
  std::uint64_t restored_size = 0;  ///< how many events the backup held
  std::string reason;
};

/// The answer to GET /api/v1/log/epochs, believed only as far as it is proven.
struct LogEpochs {
  sop::journal::Checkpoint checkpoint;  ///< signed by the log; the events are proven under it
  std::string note;
  std::vector<LogEpoch> epochs;  ///< in their order, up to the checkpoint's

  /// Events that a note of `epoch` has in common with the log as it is now.
  [[nodiscard]] std::uint64_t KeptOf(std::uint64_t epoch) const;
};

/// Checks signature, inclusion of each event and that the checkpoint's epoch is the last of them;
/// nothing when any of it does not hold.
[[nodiscard]] std::optional<LogEpochs> ReadLogEpochs(std::string_view answer,
                                                     const std::string& verifier_key);

}  // namespace monitor::agent
