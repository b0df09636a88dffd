#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qc_metrics {

/// Columns of a linear model, each as long as the data.
using DesignColumns = std::vector<std::vector<double>>;

/// Noise of a first-order autoregression.
struct SeriesNoise {
  double sd = 0.0;    ///< of one sample about the model
  double lag1 = 0.0;  ///< correlation of neighbours, in [0, 0.97]
};

/// A linear model fitted to a series whose noise is a first-order autoregression.
struct SeriesFit {
  std::vector<double> coefficients;
  std::vector<std::vector<double>> covariance;
  SeriesNoise noise;
  std::vector<double> residuals;  ///< data - model, in the data's unit
};

/// Fits `columns` to `values` by generalised least squares; the noise by restricted maximum
/// likelihood, which takes account of what the columns explain.
///
/// Input   the first column is 1 throughout. `gaps[i]`: how many sampling intervals lie between
/// sample i - 1 and i (1; more where
///         samples are left out); `gaps[0]` is not used.
/// Method  the likelihood is searched over lag-1 correlations of 0 to .97; with fewer than 8
/// samples
///         the correlation is taken as 0. The columns are made orthonormal first.
/// Accuracy  without correlation 11 digits on NIST's Longley, 7 on Filip (tests).
/// Errors  none: more columns than samples give a fit without noise.
/// Source  Patterson and Thompson, Biometrika 58 (1971) 545 (restricted likelihood; not re-read).
[[nodiscard]] SeriesFit FitSeries(const DesignColumns& columns, std::span<const double> values,
                                  std::span<const int> gaps);

/// The same noise from differences of neighbours and of second neighbours, by trimmed variances: a
/// level that changes now and then, or drifts, does not reach it.
[[nodiscard]] SeriesNoise NoiseOfDifferences(std::span<const double> values);

/// What a further column would explain beyond a model, for noise that is known.
///
/// Keeps the model's whitened columns orthonormal, so that a candidate costs one pass.
class SeriesScan {
 public:
  SeriesScan(const DesignColumns& columns, std::span<const double> values,
             std::span<const int> gaps, const SeriesNoise& noise);

  /// Significance in standard deviations of a step that begins at each sample; 0 for the first
  /// sample and where the model already is what the step would be.
  [[nodiscard]] std::vector<double> StepSigmas() const;

  /// The same of one column.
  [[nodiscard]] double Sigmas(std::span<const double> column) const;

 private:
  [[nodiscard]] std::vector<double> Whitened(std::span<const double> column) const;

  std::vector<double> before_;  // factor of the sample before
  std::vector<double> scale_;   // 1 / innovation SD
  std::vector<std::vector<double>> basis_;
  std::vector<double> residual_;
};

}  // namespace qc_metrics
