#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace monitor::service {

/// The part of JSON Schema that the OpenAPI document uses: type, required, properties, items, enum,
/// pattern, additionalProperties, oneOf, $ref, minimum, maxItems. Returns the first violation with
/// its place, or "". A keyword it does not know is a violation, too.
[[nodiscard]] std::string Violation(const nlohmann::json& value, const nlohmann::json& schema,
                                    const nlohmann::json& document, const std::string& place = "$");

}  // namespace monitor::service
