#pragma once

#include <array>
#include <span>
#include <vector>

#include "qc_metrics/psf_halfmax_fit.h"
#include "qc_metrics/psf_shape_evidence.h"

namespace qc_metrics {

/// The shape that the beads of a channel share, learned from them.
struct LearnedShape {
  LightShape light;
  ShapeTable table;
  Eigen::MatrixXd covariance;  ///< posterior of the coefficients
  std::array<ClassEvidence, kParityClasses> evidence{};
  int beads = 0;              ///< that it was learned from
  double chi2_per_dof = 0.0;  ///< pooled
};

/// Learns the shape: beads and shape in turn, windows frozen at 3 sigma of the core and then at 3.5
/// of the half maximum, Hermite functions up to degree 6 and then 10 for the parity classes that
/// are active; the smoothness of each class by evidence.
///
/// Input     beads of StartShaped; those that fail on the way are left out of the rest.
/// Errors    nothing when none remains.
[[nodiscard]] std::optional<LearnedShape> LearnShape(const FitContext& context,
                                                     std::vector<ShapedBead> beads);

/// Fits one bead against the final shape in both windows.
/// Errors    false when it does not hold.
[[nodiscard]] bool FitToShape(const FitContext& context, const LearnedShape& shape,
                              ShapedBead& bead);

}  // namespace qc_metrics
