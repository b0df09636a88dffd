#pragma once

#include <Eigen/Core>
#include <span>

#include "qc_metrics/psf_gaussian_fit.h"

namespace qc_metrics {

/// A fitted bead with the voxels of its last window, and where its core alone stands.
struct FittedBead {
  Window window;
  GaussianFit fit;
  Parameters core = Parameters::Zero();           ///< of the second window of 1.8 sigma
  std::array<int, 3> core_origin{};               ///< voxel that `core` counts from
  std::vector<std::array<int, 2>> hot_columns{};  ///< x, y in the stack, taken out of the window
};

/// Cumulants that a fit left over along a direction, over powers of the variance there.
///
/// Two beads of shares p and q that add the part s to the variance leave s^1.5 (q - p) / sqrt(p q)
/// and s^2 (1 / (p q) - 6), which is -2 s^2 for equals; one elongated bead leaves none.
struct Cumulants {
  Estimate third, fourth;
};
[[nodiscard]] Cumulants LeftOver(const FittedBead& bead, const NoiseLine& noise,
                                 const PixelBox& box, const Eigen::Vector3d& direction_px);

/// Tests whether the light of beads is Gaussian.
///
/// Method    74 Hermite modes of degree 3 to 6 against the residuals of the Gaussian fits, with
///           what each fit's 14 parameters can absorb projected out; the gain of log evidence of
///           each parity class must stay below 7. On Gaussian scenes it exceeds 5 once in some 200,
///           on optical ones it is thousands, also for one bead.
[[nodiscard]] ModelMismatch TestModel(std::span<const FittedBead* const> beads,
                                      const NoiseLine& noise, const PixelBox& box);

}  // namespace qc_metrics
