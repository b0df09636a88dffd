#pragma once

#include <array>
#include <complex>
#include <vector>

namespace monitor::simulation {

/// Light of one focal plane as azimuthal harmonics on a radial grid:
/// I(r, theta) = sum over q of Re((q ? 2 : 1) h_q(r) exp(i q theta)).
struct RadialPlane {
  double step_um = 0.0;                 ///< r = index x step
  std::vector<std::vector<double>> re;  ///< [q][index]
  std::vector<std::vector<double>> im;

  [[nodiscard]] double ReachUm() const;
  /// Value at x, y (um) from the optical axis; 0 beyond the grid. 6-point Lagrange along r.
  [[nodiscard]] double At(double x_um, double y_um) const;
};

/// Nodes and weights of n-point Gauss-Legendre quadrature on [-1, 1].
struct Quadrature {
  std::vector<double> node, weight;
};
[[nodiscard]] Quadrature GaussLegendre(int n);

/// Grid points and weights of 6-point Lagrange interpolation.
struct Taps {
  std::array<int, 6> index;
  std::array<double, 6> weight;
};

/// Taps at `place` (in grid steps) of a grid that has all integers. On a radial grid an index < 0
/// stands for the other side of the axis, where the harmonic q is (-1)^q times its value here.
[[nodiscard]] Taps LagrangeTaps(double place);

/// A linear map between functions of r that belong to the harmonic q, banded about the diagonal.
class BandedOperator {
 public:
  BandedOperator(int count, int q);

  /// Adds `weight` x (mean over a disk of `radius`, in grid steps). The grid is taken as 0 beyond
  /// its end.
  void AddDisk(double radius, double weight);

  /// Adds another operator of the same size and harmonic, times `weight`.
  void Add(const BandedOperator& other, double weight);

  [[nodiscard]] std::vector<double> Apply(const std::vector<double>& in) const;
  /// out += this x in
  void AddTo(const std::vector<double>& in, std::vector<double>& out) const;

 private:
  void AddPoint(int row, double r, double cosine_q, double weight);
  void Widen(int half);

  int count_, q_;
  int half_ = 0;  ///< entries on each side of the diagonal
  std::vector<double> band_;
};

/// |sum over m of u_m exp(i m theta)|^2 as harmonics; `field` holds m = -orders .. orders.
/// Harmonics below 1e-6 of the largest value are left out.
[[nodiscard]] RadialPlane SquaredModulus(
    const std::vector<std::vector<std::complex<double>>>& field, int orders, double step_um);

/// The product of two planes of the same grid, harmonic by harmonic (a convolution over q).
[[nodiscard]] RadialPlane Product(const RadialPlane& a, const RadialPlane& b);

}  // namespace monitor::simulation
