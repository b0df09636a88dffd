#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_window.h"

namespace qc_metrics {

/// Exponents of x, y, z of the ten monomials of the log light, then of the four of the background.
struct Powers {
  int x, y, z;
};
inline constexpr std::array<Powers, 14> kPowers = {{{0, 0, 0},
                                                    {1, 0, 0},
                                                    {0, 1, 0},
                                                    {0, 0, 1},
                                                    {2, 0, 0},
                                                    {0, 2, 0},
                                                    {0, 0, 2},
                                                    {1, 1, 0},
                                                    {1, 0, 1},
                                                    {0, 1, 1},
                                                    {0, 0, 0},
                                                    {1, 0, 0},
                                                    {0, 1, 0},
                                                    {0, 0, 1}}};

/// Pixels that the box blurs: 1 where one stored number integrates over the pixel's width.
struct PixelBox {
  double x = 1.0;
  double y = 1.0;
};

[[nodiscard]] inline double VarianceAt(const NoiseLine& noise, double mean) {
  const double variance = noise.at_zero + noise.per_adu * mean;
  return variance > noise.floor ? variance : noise.floor;
}

/// 14 parameters: log light q = t0 + t1 x + t2 y + t3 z + t4 xx + t5 yy + t6 zz + t7 xy + t8 xz +
/// t9 yz, and background t10 + t11 x + t12 y + t13 z, all relative to the window's origin.
using Parameters = Eigen::Matrix<double, 14, 1>;
using Information = Eigen::Matrix<double, 14, 14>;

/// Fitted value at x, y, z relative to the origin.
[[nodiscard]] double ModelAt(const Parameters& theta, const PixelBox& box, double x, double y,
                             double z);

/// Fitted values of all voxels of a window, in its order.
[[nodiscard]] std::vector<double> ModelValues(const Window& window, const Parameters& theta,
                                              const PixelBox& box);

/// Sums over a window of the 14 derivatives, weighted by the inverse of the model's variance.
struct GaussianSums {
  Information information;
  Parameters score;
  double chi2 = 0.0;
};

/// Method    the log light is a quadratic, so that the information is moments up to order 4: sums
///           along each row, four voxels side by side, folded row by row and slice by slice.
[[nodiscard]] GaussianSums SumGaussian(const Window& window, const Parameters& theta,
                                       const NoiseLine& noise, const PixelBox& box);

}  // namespace qc_metrics
