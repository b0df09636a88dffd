#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace monitor::service {

/// What the public may know of one instrument: the worst verdict among what is in scope, with its
/// dates. `verdicts` is the "verdicts" list of an instrument.
struct PublicState {
  std::string verdict = "unknown";
  std::string valid_until;  ///< RFC 3339; empty: none
};
[[nodiscard]] PublicState Summarise(const nlohmann::json& verdicts);

/// "In spec", "Out of spec", ... as all pages say it.
[[nodiscard]] std::string_view WordOf(std::string_view verdict);

/// A badge with word, shape and colour, and the date on which it was true: a copy that grows old
/// shows its age. `checked` and `valid_until` are dates "2026-11-22"; valid_until may be empty.
[[nodiscard]] std::string BadgeSvg(std::string_view name, std::string_view verdict,
                                   std::string_view checked, std::string_view valid_until);

}  // namespace monitor::service
