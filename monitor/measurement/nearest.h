#pragma once

#include <span>
#include <string>
#include <string_view>

namespace monitor::measurement {

/// The word of `known` with the fewest edits to `word`, for "did you mean"; empty when none is
/// near (more than a third of the longer word's letters differ, but three edits always pass
/// between long words).
[[nodiscard]] std::string NearestWord(std::string_view word,
                                      std::span<const std::string_view> known);

}  // namespace monitor::measurement
