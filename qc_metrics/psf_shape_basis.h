#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

#include "qc_metrics/psf_shape.h"

namespace qc_metrics {

/// Families of shape functions that share one prior variance: the eight parity classes, and of the
/// two that are even in x and in y the part that is round about z, which is nearly all the light
/// of a lens. What is left of those two are its lobes of cos 2 phi, cos 4 phi and so on.
inline constexpr int kRoundEven = kParityClasses;     ///< round, even in z
inline constexpr int kRoundOdd = kParityClasses + 1;  ///< round, odd in z
inline constexpr int kShapeFamilies = kParityClasses + 2;

/// Functions of a pooled shape as sums of modes of one lateral degree i + j and one k.
struct ShapeBasis {
  std::vector<Mode> modes;
  Eigen::MatrixXd functions;  ///< modes x functions, columns of unit length
  std::vector<int> families;  ///< of the functions
  std::vector<int> degrees;
};

/// How a pixel's area changes light along x and y, in the u of the light that the pixels see: light
/// that was Gaussian is Gaussian in u with and without it. Light is round before the area blurs it.
struct PixelView {
  std::array<double, 2> stretch = {1.0, 1.0};  ///< coordinates of the sharp light over u
  std::array<double, 2> box = {0.0, 0.0};      ///< width of the area, in u
};

/// The view of a bead whose blurred light has the given map columns (u per pixel, along x and y).
[[nodiscard]] PixelView ViewOf(const std::array<double, 2>& u_per_pixel,
                               const std::array<double, 2>& box_px);

/// Functions of degree 3 up to `highest[family]`.
///
/// Method    of the p + 1 modes i + j = 2 p with i, j even one sum is a function of the radius
///           alone, Laguerre's polynomial of degree p: weights C(p, i/2) sqrt(i! j!). It is blurred
///           by the pixel's area and written in the modes again, without their degrees below 3; the
///           others of the p + 1 are orthogonal to the sum, unblurred.
[[nodiscard]] ShapeBasis MakeBasis(const std::array<int, kShapeFamilies>& highest,
                                   const PixelView& view);

/// Every mode a function of its own, its family the parity class.
[[nodiscard]] ShapeBasis PlainBasis(std::vector<Mode> modes);

}  // namespace qc_metrics
