#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "sop/shape.h"

namespace sop {

/// The shape of the body of a register event, or nullptr for any other type.
///
/// Types  facility_described, instrument_registered, configuration_registered,
///        artefact_registered, profile_described, procedure_approved, limit_set_approved,
///        assignment_made, repeat_study_recorded, scale_recorded, hold_placed, hold_released,
///        measurement_reviewed, account_created, account_changed, account_closed, role_defined,
///        role_granted, role_revoked.
[[nodiscard]] const Shape* RegisterShape(std::string_view type);

/// Why `body` may not be recorded as an event of `type`: its shape first, then what its members
/// mean together. Members with a default may be absent. Whether what it refers to exists is for
/// those who know the register.
[[nodiscard]] std::optional<Fault> RegisterFault(std::string_view type, const nlohmann::json& body);

}  // namespace sop
