#pragma once

#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/detector.h"

namespace monitor::report {

/// Photon-transfer curve with fit and residuals (photon_transfer), the dark level of each pixel
/// with hot pixels marked (dark_map) and its distribution (dark_histogram); each where there is
/// one.
[[nodiscard]] std::vector<Picture> DetectorPictures(const qc_metrics::Detector& detector);

}  // namespace monitor::report
