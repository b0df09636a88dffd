#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qc_metrics {

/// Symmetric positive definite matrix of small bandwidth: the lower band, row by row.
///
/// Row i holds the elements (i, i - bandwidth) .. (i, i); those left of column 0 are unused.
struct BandedMatrix {
  std::size_t size = 0;
  std::size_t bandwidth = 0;
  std::vector<double> band;

  BandedMatrix() = default;
  BandedMatrix(std::size_t n, std::size_t width)
      : size(n), bandwidth(width), band(n * (width + 1), 0.0) {}

  /// Pointer p to row i such that p[j] is the element (i, j), j in [i - bandwidth, i].
  [[nodiscard]] double& At(std::size_t i, std::size_t j) {
    return band[i * (bandwidth + 1) + bandwidth + j - i];
  }
  [[nodiscard]] double At(std::size_t i, std::size_t j) const {
    return band[i * (bandwidth + 1) + bandwidth + j - i];
  }
};

/// Replaces `matrix` by its Cholesky factor L; false when it is not positive definite.
[[nodiscard]] bool FactorInPlace(BandedMatrix& matrix);

/// Solves L L^T x = b in place, for a factor made by FactorInPlace.
void SolveInPlace(const BandedMatrix& factor, std::span<double> b);

/// log |L L^T|.
[[nodiscard]] double LogDeterminant(const BandedMatrix& factor);

}  // namespace qc_metrics
