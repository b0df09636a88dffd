#pragma once

#include <array>
#include <optional>

#include "qc_metrics/psf_gaussian_model.h"

namespace qc_metrics {

/// Which parameters move.
enum class Free { kLightOnly, kLightAndBackground };

/// When a fit ends: after so many steps, or once half the squared length of a step, in standard
/// deviations, falls below `tolerance`.
struct FitLimits {
  int steps = 30;
  double tolerance = 1e-5;
};

/// State of a fit.
struct GaussianFit {
  Parameters theta = Parameters::Zero();
  Information information = Information::Zero();
  std::array<int, 3> origin{};
  double chi2 = 0.0;
  int voxels = 0;
  int steps = 0;
  bool converged = false;
};

/// Parameters of a Gaussian of the given place and (pixel-blurred) shape about `origin`.
[[nodiscard]] Parameters MakeParameters(const std::array<double, 3>& centre_px,
                                        const Shape& shape_px2, double amplitude, double background,
                                        const std::array<int, 3>& origin);

/// The same light about another origin.
[[nodiscard]] Parameters MoveOrigin(const Parameters& theta, const std::array<int, 3>& from,
                                    const std::array<int, 3>& to);

/// Negative half of the quadratic part; positive definite for a bead.
[[nodiscard]] Eigen::Matrix3d Precision(const Parameters& theta);

/// Centre relative to the origin, where the quadratic part is definite.
[[nodiscard]] Eigen::Vector3d Centre(const Parameters& theta);

/// Fisher scoring of the Poisson + read noise likelihood over a frozen window.
///
/// Method    variance = noise.at_zero + noise.per_adu * mean, of the model. The log light is a
///           quadratic, so the Fisher matrix is moments up to order 4: running sums along each row,
///           folded once a row. The pixel box is a factor 1 + k4/24 (h^4 - 6 P h^2 + 3 P^2), h the
///           slope of q, k4 = -1/120: its fourth cumulant; the second is taken off the shape later.
[[nodiscard]] GaussianFit FitGaussian(const Window& window, const Parameters& start,
                                      const NoiseLine& noise, const PixelBox& box, Free free,
                                      const FitLimits& limits);

/// Turns a converged fit into widths with uncertainties; nothing when the shape is not a bead's.
[[nodiscard]] std::optional<GaussianBead> DescribeFit(const GaussianFit& fit, const Window& window,
                                                      const NoiseLine& noise, const PixelBox& box,
                                                      const std::array<double, 3>& voxel_um);

}  // namespace qc_metrics
