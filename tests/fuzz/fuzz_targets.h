#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fuzz {

/// One parser fed with hostile bytes. It may refuse them in its own words (ReadError, UsageError);
/// anything else it throws, and whatever the sanitizers see, ends the run.
struct Target {
  std::string_view name;  ///< also of its folder of seeds
  void (*feed)(std::string_view bytes);
};

[[nodiscard]] std::span<const Target> Targets();

}  // namespace fuzz
