#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

namespace qc_metrics {

/// Highest degree of a Hermite function that a pooled shape may hold.
inline constexpr int kMaxShapeDegree = 12;
/// Parity classes of functions of three variables.
inline constexpr int kParityClasses = 8;

/// One basis function psi_i(ux) psi_j(uy) psi_k(uz); psi_n is the Hermite function of degree n
/// scaled to psi_0(0) = 1.
struct Mode {
  int i, j, k;

  [[nodiscard]] int Degree() const { return i + j + k; }
  /// Bit 0: odd in x, bit 1: odd in y, bit 2: odd in z.
  [[nodiscard]] int ParityClass() const { return i % 2 + 2 * (j % 2) + 4 * (k % 2); }
};

/// All modes of degree `lowest` up to `highest[parity class]`, ordered by i, then j, then k.
[[nodiscard]] std::vector<Mode> MakeModes(int lowest,
                                          const std::array<int, kParityClasses>& highest);

/// Light of one bead in its own coordinates u: psi_000 + sum of coefficient * mode.
///
/// psi_000 is a Gaussian, and its derivatives with respect to height, place and the six numbers of
/// its shape are the functions of degree 0 to 2: those belong to each bead, degrees 3 and up to the
/// shape that all beads share.
struct LightShape {
  std::vector<Mode> modes;
  Eigen::VectorXd coefficients;
};

/// Recurrence of the Hermite functions without their factor exp(-u^2 / 2):
/// h_0 = 1, h_1 = up_0 u, h_{n+1} = up_n u h_n - down_n h_{n-1};
/// d psi_n / du = (lower_n h_{n-1} - raise_n h_{n+1}) exp(-u^2 / 2).
struct HermiteTable {
  std::array<float, kMaxShapeDegree + 2> up{}, down{}, lower{}, raise{};
};
[[nodiscard]] const HermiteTable& Hermites();

/// h_0 .. h_highest at u.
void HermiteValues(double u, int highest, double* h);

/// The same shape laid out for evaluation: columns of equal i, j, each a run of k.
struct ShapeTable {
  struct Column {
    int i, j, first, last;
  };
  std::vector<Column> columns;
  std::vector<int> k;
  std::vector<float> coefficients;
  int highest = 0;  ///< of any one index
};
[[nodiscard]] ShapeTable TableOf(const LightShape& shape);

}  // namespace qc_metrics
