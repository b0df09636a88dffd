#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "monitor/report/picture.h"

namespace monitor::report {

/// One self-contained HTML page of a measurement: pictures, quantities with uncertainties, objects
/// by reason, findings, setup with its sources, files with their digests. No script, nothing from
/// elsewhere; prints well. `document` is etalon.measurement/1.
[[nodiscard]] std::string HtmlReport(const nlohmann::json& document,
                                     const std::vector<Picture>& pictures);

}  // namespace monitor::report
