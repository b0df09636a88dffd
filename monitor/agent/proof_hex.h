#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "sop/journal/merkle.h"

namespace monitor::agent {

/// A proof as the API writes it, an array of lower-case hex digests; nothing for any other form.
[[nodiscard]] std::optional<std::vector<sop::journal::Digest>> ReadProof(
    const nlohmann::json& proof);

}  // namespace monitor::agent
