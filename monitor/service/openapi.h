#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "monitor/service/router.h"

namespace monitor::service {

/// The OpenAPI 3.1 document. Paths come from the very table that routes requests, schemas from
/// openapi_schemas.json, so that the description cannot name what is not there.
[[nodiscard]] nlohmann::json OpenApiDocument(const std::vector<Route>& routes);

}  // namespace monitor::service
