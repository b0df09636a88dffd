#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace qc_metrics {

/// A value at a place of the field: x and y in parts of its width and height from the centre,
/// -0.5 .. 0.5, x right, y down.
struct FieldPoint {
  double x = 0.0, y = 0.0;
  double value = 0.0;
};

/// value = terms[0] + terms[1] x + terms[2] y + terms[3] (x^2 + y^2) 2: level, change from the left
/// border to the right one, from the top to the bottom, and from the centre to a corner.
struct FieldFit {
  static constexpr std::size_t kTerms = 4;
  std::array<double, kTerms> terms{};
  std::array<double, kTerms> u{};  ///< standard uncertainties; 0 for a term that was not fitted
  double covariance_xy = 0.0;      ///< of the two tilts
  int fitted_terms = 3;            ///< 4 with the bowl
  int points = 0;
  double residual_sd = 0.0;  ///< robust

  [[nodiscard]] double At(double x, double y) const;
};

/// Fits a smooth surface of low order to values scattered over a field.
///
/// Input     at least 6 points that are not on one line (their narrowest direction has an SD of at
///           least 0.08 of the field); with 12 or more the bowl is fitted too.
/// Method    least squares, then Tukey's biweight (c = 4.685 robust SDs) until it stands: a bead of
///           dirt does not tilt the field.
/// Errors    nothing when the input is too small.
/// Uncertainty  Huber's covariance of the M-estimate, from the residuals, times 1 + 25 / dof^2 in
/// the
///           standard uncertainty: pulls over 3000 fields of 6 to 100 points then have an SD of .8
///           to 1.1.
/// Source    Huber and Ronchetti, Robust Statistics (2009), 7.6; c for 95 % efficiency.
[[nodiscard]] std::optional<FieldFit> FitField(std::span<const FieldPoint> points);

}  // namespace qc_metrics
