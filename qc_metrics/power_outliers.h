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
///         deviations that are not zero, at least half of the smallest step that the meter shows)
///         beyond SignificantSigmas(n) + 0.5; runs of more than three are a change of level, not
///         outliers. The first and the last three samples are not judged: nothing tells there what
///         the power comes back to.
/// Output  one flag a sample.
[[nodiscard]] std::vector<char> FindOutliers(std::span<const double> values);

/// The same from residuals about a model, for all samples.
[[nodiscard]] std::vector<char> FindOutlyingResiduals(std::span<const double> residuals, double sd);

}  // namespace qc_metrics
