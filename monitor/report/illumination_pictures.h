#pragma once

#include <optional>
#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/illumination.h"

namespace monitor::report {

/// Heat map of the smooth surface with 10 % iso-intensity lines, centre and peak (field_map), what
/// the surface does not explain (field_residual) and profiles through the centre and along both
/// diagonals (field_profiles). `pixel_um` absent: no scale bar, said in the caption.
[[nodiscard]] std::vector<Picture> IlluminationPictures(const qc_metrics::Illumination& field,
                                                        cv::Size size_px,
                                                        std::optional<double> pixel_um);

}  // namespace monitor::report
