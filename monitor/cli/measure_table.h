#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace monitor::cli {

/// A measurement document as people read it on a terminal: values with "± U_est (k = 2, estimate
/// only)", unit and definition; rejected objects by reason; findings.
[[nodiscard]] std::string MeasureTable(const nlohmann::json& document);

/// The findings alone, one a line.
[[nodiscard]] std::string FindingLines(const nlohmann::json& document);

}  // namespace monitor::cli
