#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sop {

/// Why the body of a register event may not be recorded: one sentence that names the member and
/// what is expected, or nothing. Unknown members and unknown types are faults.
///
/// Types   instrument_registered, configuration_registered, profile_described, procedure_approved,
///         limit_set_approved, assignment_made, repeat_study_recorded, scale_recorded, hold_placed,
///         hold_released, measurement_reviewed.
/// Bounds  ids [a-z0-9][a-z0-9._-]{0,63} in any case, text 100,000 bytes, lists 1,000 rows.
[[nodiscard]] std::optional<std::string> Fault(std::string_view type, const nlohmann::json& body);

}  // namespace sop
