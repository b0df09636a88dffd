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
  FamilyEvidence evidence{};
  std::vector<ShapedBead> learners;  ///< beads that it was learned from, fitted
  double chi2_per_dof = 0.0;         ///< pooled; beyond 1.1 the noise was raised by it
};

/// Learns the shape: beads and shape in turn, windows frozen at 3 sigma of the core and then at 3.5
/// of the half maximum; functions of all families up to degree 6, then of the families that are
/// active up to degree 12 (round) and 10 (others); the size of each family by evidence. The
/// brightest 16 beads start.
///
/// Input     beads of StartShaped, brightest first; those that fail on the way, or whose chi2 per
///           degree of freedom exceeds 1.3 times the median, are left out of the rest.
/// Errors    nothing when none remains.
[[nodiscard]] std::optional<LearnedShape> LearnShape(const FitContext& context,
                                                     std::vector<ShapedBead> beads);

/// Fits one bead against the final shape in both windows.
/// Errors    false when it does not hold.
[[nodiscard]] bool FitToShape(const FitContext& context, const LearnedShape& shape,
                              ShapedBead& bead);

}  // namespace qc_metrics
