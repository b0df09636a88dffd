#pragma once

#include <array>
#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/psf_field_map.h"

namespace monitor::report {

/// Heat maps over the field: the smooth surface of each map with every kept bead as a dot in the
/// colour of its own value, one scale for both: psf_map_lateral, _axial, _asymmetry, _focus.
/// `field_um`: width and height of the field; the scale bar is drawn by it. The two widths, and the
/// asymmetry, are drawn over at least 5 % of their level, so that an even field looks even; the
/// focus over at least 0.2 um.
[[nodiscard]] std::vector<Picture> FieldMapPictures(const std::vector<qc_metrics::FieldMap>& maps,
                                                    const std::array<double, 2>& field_um);

}  // namespace monitor::report
