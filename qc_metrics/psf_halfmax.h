#pragma once

#include <span>
#include <vector>

#include "qc_metrics/psf_gates.h"

namespace qc_metrics {

/// Half-maximum widths of every kept bead, definition etalon.halfmax/1.
///
/// Method    light that passes the test for a Gaussian: the Gaussian fit's own widths. Else every
///           bead is an amplitude times one shape, pooled over the brightest 64 beads, seen through
///           the bead's own affine map; widths are read off the shape freed of the pixel's area.
///           A bead that the shape does not hold keeps its line profile with u = 3 %.
/// Source    DEFINITIONS.md, psf.fwhm.
[[nodiscard]] PooledLight MeasureHalfmax(const FitContext& context, const ModelMismatch& mismatch,
                                         std::vector<BeadWork>& work);

}  // namespace qc_metrics
