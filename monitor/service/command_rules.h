#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "sop/shape.h"

namespace monitor::service {

/// Errors  Problem 422 `unknown_field` with the nearest known word, `missing_field` or
///         `wrong_value`, naming the path.
void CheckShape(const sop::Shape& shape, const nlohmann::json& value, const std::string& path);

/// Checks the body of `type` by the register's rules and writes its defaults out, so that the event
/// says what holds.
/// Errors  as CheckShape; Problem 422 `repeat_study_too_small`; 400 `unknown_command` for an
///         unknown type.
[[nodiscard]] nlohmann::json NormaliseCommand(std::string_view type, nlohmann::json body);

}  // namespace monitor::service
