#pragma once

#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/sectioning.h"

namespace monitor::report {

/// Axial profile with its Gaussian and the residuals (axial_profile), and where each tile's plane
/// lies (axial_tiles).
[[nodiscard]] std::vector<Picture> SectioningPictures(const qc_metrics::Sectioning& found,
                                                      double z_step_um);

}  // namespace monitor::report
