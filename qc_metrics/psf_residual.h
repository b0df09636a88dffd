#pragma once

#include <Eigen/Core>
#include <span>

#include "qc_metrics/psf_gaussian_fit.h"

namespace qc_metrics {

/// A fitted bead with the voxels of its last window.
struct FittedBead {
  Window window;
  GaussianFit fit;
};

/// Fourth cumulant that the fit left over along a direction, over the variance squared.
///
/// Two beads at +-d/2 leave -2 (d/2)^4 / (sigma^2 + d^2/4)^2; one elongated bead leaves 0.
[[nodiscard]] Estimate ExcessKurtosis(const FittedBead& bead, const NoiseLine& noise,
                                      const PixelBox& box, const Eigen::Vector3d& direction_px);

/// Pooled score test of the 25 Hermite modes of degree 3 and 4 against Gaussian light.
///
/// Method    each mode's score with what the 14 parameters can absorb projected out, summed over
///           beads with a common coefficient relative to the peak; chi2 = h' H^-1 h. `mismatch`
///           when chi2 exceeds 25 + 75 and a mode exceeds 1 % of the peak: on Gaussian scenes chi2
///           is 25 +- 7, on optical ones thousands.
[[nodiscard]] ModelMismatch TestModel(std::span<const FittedBead* const> beads,
                                      const NoiseLine& noise, const PixelBox& box);

}  // namespace qc_metrics
