#pragma once

#include <vector>

namespace qc_metrics {

/// What is seen of values that are smeared by a known kernel.
struct SmearedCounts {
  std::vector<double> counts;  ///< seen in each bin
  std::vector<double> kernel;  ///< odd length, middle = where it was; sums to 1
  double below = 0.0;          ///< seen below the first bin
  double total = 0.0;          ///< seen in the bins, below and above
};

/// A place in bins: 0 is the lower edge of the first one.
struct SmearedMedian {
  double place = 0.0;
  double u = 0.0;
};

/// Median of the values before they were smeared.
///
/// Method    the density of the values is exp(polynomial), as in Efron's g-modelling, its
///           coefficients of largest likelihood of the counts for degrees 2 to 16. Results are
///           averaged over the degrees with Akaike's weights. Where the values are alike to within
///           a bin their mean stands for the median.
/// Uncertainty  of smearing the same values anew: the influence of a seen value on the result less
///           that of the value itself on the true median, and how the degrees differ (Burnham and
///           Anderson).
/// Source    Efron 2016, Empirical Bayes deconvolution estimates; Burnham, Anderson 2002.
[[nodiscard]] SmearedMedian MedianBehind(const SmearedCounts& seen);

}  // namespace qc_metrics
