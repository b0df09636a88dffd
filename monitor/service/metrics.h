#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "monitor/service/request_meter.h"

namespace monitor::service {

/// What one scrape shows. Families are built from it anew each time, so that a removed instrument
/// vanishes.
struct MetricsInput {
  nlohmann::json snapshot;                       ///< QualityRecord::MetricsSnapshot()
  std::map<std::string, std::string> last_seen;  ///< agent → RFC 3339
  std::map<std::string, RequestMeter::Row, std::less<>> requests;
};

/// The text exposition page: base units, each value the JSON value times the catalogue's scale,
/// exact; labels bounded (instrument, configuration, channel, axis, definition, and what the
/// quantity is of); never a bead, a file or a person.
[[nodiscard]] std::string MetricsPage(const MetricsInput& input);

/// "etalon_psf_fwhm_meters", "upper_limit" → "etalon_psf_fwhm_upper_limit_meters".
[[nodiscard]] std::string WithInfix(std::string_view family, std::string_view infix);

}  // namespace monitor::service
