#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qc_metrics {

/// Significance that one sample of `n` needs so that a trace of normal noise shows a false one in a
/// hundred traces at most; at least 5.
[[nodiscard]] double SignificantSigmas(std::size_t n);

/// Samples that jump away and come back within three samples.
///
/// Method  deviation from the median of seven samples over its own robust SD (1.4826 median of the
///         deviations that are not zero, which none of a meter's digits can bring below itself)
///         beyond SignificantSigmas(n) + 0.5; runs of more than three are a change of level, not
///         outliers. The first and the last three samples are not judged: nothing tells there what
///         the power comes back to.
/// Output  one flag a sample.
[[nodiscard]] std::vector<char> FindOutliers(std::span<const double> values);

/// `outliers` with those added that only a model can tell: among the first and the last three
/// samples, and within three of another outlier, residuals beyond the same bound of `sd`.
[[nodiscard]] std::vector<char> AddOutlyingEnds(std::span<const double> residuals, double sd,
                                                std::vector<char> outliers);

/// The smallest difference of neighbours that is not zero, 0 where there is none: the meter's
/// digit, if it shows few.
[[nodiscard]] double SmallestChange(std::span<const double> values);

}  // namespace qc_metrics
