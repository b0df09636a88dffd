#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::service {

/// One command that a facility file asks for, with the line that asks for it.
struct FacilityRow {
  std::string type;  ///< "instrument_registered"
  nlohmann::json body;
  std::int64_t line = 0;
  [[nodiscard]] std::string Where() const { return "line " + std::to_string(line) + ": "; }
};

/// Reads a facility file into commands, in an order in which each finds what it refers to.
///
/// Strict: an unknown table or key is a Problem 422 `facility_file` that names the line and the
/// nearest known word. The `file` of a procedure is read below `base_dir`, at most 100,000 bytes.
[[nodiscard]] std::vector<FacilityRow> ReadFacilityFile(std::string_view toml_text,
                                                        std::string_view base_dir);

}  // namespace monitor::service
