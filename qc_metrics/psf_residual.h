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

/// Fourth cumulant that the fit left over along a direction, over the variance squared.
///
/// Two beads at +-d/2 leave -2 (d/2)^4 / (sigma^2 + d^2/4)^2; one elongated bead leaves 0.
[[nodiscard]] Estimate ExcessKurtosis(const FittedBead& bead, const NoiseLine& noise,
                                      const PixelBox& box, const Eigen::Vector3d& direction_px);

/// Tests whether the light of beads is Gaussian.
///
/// Method    74 Hermite modes of degree 3 to 6 against the residuals of the Gaussian fits, with
/// what
///           each fit's 14 parameters can absorb projected out; the gain of log evidence of each
///           parity class must stay below 5. On Gaussian scenes it stays below 3, on optical ones
///           it is thousands, also for one bead.
[[nodiscard]] ModelMismatch TestModel(std::span<const FittedBead* const> beads,
                                      const NoiseLine& noise, const PixelBox& box);

}  // namespace qc_metrics
