#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace qc_metrics {

/// What one bead says: where it lies from the centre of the image, and how far it moved.
struct Displacement {
  std::array<double, 2> place_um{};  ///< x, y from the centre of the image
  std::array<double, 3> shift_um{};  ///< x, y, z
  std::array<double, 3> u_um{};      ///< standard uncertainty of each, > 0
};

/// shift(x, y) = shift_um + gradient[0] x + gradient[1] y, each axis on its own.
struct AffineFit {
  std::array<double, 3> shift_um{};                 ///< at the centre of the image
  std::array<std::array<double, 3>, 2> gradient{};  ///< um per um along x, along y
  /// Covariance of one axis' three coefficients (shift, along x, along y).
  std::array<std::array<std::array<double, 3>, 3>, 3> covariance{};
  std::array<double, 3> excess_um{};  ///< scatter of the beads beyond their own uncertainties
  std::array<double, 3> residual_rms_um{};
  std::array<double, 3> residual_freedom{};        ///< fewer than beads - 3 where these differ in u
  std::vector<std::array<double, 3>> residual_um;  ///< of every bead, outliers too
  std::vector<bool> outlier;
  int beads = 0;  ///< without outliers

  /// RMS residual over some axes together, and its standard uncertainty: how another field of as
  /// many beads, as unsure as these, would differ; 0 where three beads leave nothing over.
  struct Residual {
    double rms_um = 0.0, u_um = 0.0;
  };
  [[nodiscard]] Residual ResidualOver(std::initializer_list<std::size_t> axes) const;

  [[nodiscard]] std::array<double, 3> ShiftAt(const std::array<double, 2>& place_um) const;
};

/// Robust affine fit.
///
/// Input     displacements; `least_spread_um` is how far, RMS, the beads must spread across their
///           narrowest direction, so that a line of beads is not taken for a field.
/// Method    from 5 beads on least median of squares over triples of beads finds the start; then
///           weighted least squares with weights 1 / (u^2 + e^2). The excess e of each axis makes
///           chi2 equal to its degrees of freedom (Mandel and Paule 1970), 0 where it is below.
///           Beads beyond 5 standard deviations (squared and summed over the axes) are outliers.
///           Below 5 beads none is.
/// Errors    nothing with fewer than 3 beads, or beads that lie on a line.
/// Uncertainty  covariance of the weighted fit: the larger of what the beads' fits and what their
///           scatter say.
/// Source    Rousseeuw 1984 (least median of squares); Mandel and Paule, Anal. Chem. 42, 1194.
[[nodiscard]] std::optional<AffineFit> FitAffine(std::span<const Displacement> beads,
                                                 double least_spread_um);

}  // namespace qc_metrics
