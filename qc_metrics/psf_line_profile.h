#pragma once

#include <optional>
#include <span>

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// Fits y = a + (b - a) exp(-(x - c)^2 / (2 d^2)) to a line by least squares.
///
/// Input     at least 5 values, voxel `first_voxel` on, `voxel_um` apart; `peak` indexes the
///           brightest.
/// Method    Levenberg-Marquardt from the half-height width; FWHM = 2 sqrt(2 ln 2) |d|.
/// Uncertainty  residual variance times the inverse normal matrix.
/// Errors    nothing when it does not converge to a finite width above 0.2 voxels.
/// Source    MetroloJ (Matthews and Cordelieres 2010), as MetroloJ_QC still defines it.
[[nodiscard]] std::optional<LineBead> FitLine(std::span<const float> values, int first_voxel,
                                              std::size_t peak, double voxel_um);

/// Fitted value of a line at `position_um`.
[[nodiscard]] double LineValue(const LineBead& line, double position_um);

}  // namespace qc_metrics
