#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace monitor::measurement {

/// The idempotent key of a submission: hex SHA-256 of the RFC 8785 JSON
/// `{"algorithm":["etalon/VERSION", sorted distinct definition ids...],"configuration":..,
///   "instrument":..,"procedure":..,"raw":[sha256 in input order],"setup":{key:value,...}}`.
/// Measuring the same bytes in the same way gives the same key, whoever does it and whenever.
///
/// Errors  std::invalid_argument when `document` is no etalon.measurement/1, or an input has no
///         digest; sop::journal::CanonicalJsonError.
[[nodiscard]] std::string SubmissionKey(const nlohmann::json& document, std::string_view instrument,
                                        std::string_view configuration, std::string_view procedure);

}  // namespace monitor::measurement
