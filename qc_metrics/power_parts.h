#pragma once

#include <cstddef>
#include <vector>

#include "qc_metrics/power_trace.h"

namespace qc_metrics {

/// A trace without its outliers, averaged in bins of `samples_a_bin` where it is long.
struct BinnedTrace {
  std::vector<double> times_s;
  std::vector<double> power_mw;
  std::vector<int> gaps;  ///< as of FitSeries()
  std::size_t samples_a_bin = 1;
};

/// A model and the number of columns that it took.
struct PartsFit {
  TraceModel model;  ///< its noise is that of a bin; no outliers, no uncertainty of noise and mean
  std::size_t columns = 0;
};

/// The straight line alone.
[[nodiscard]] PartsFit FitLine(const BinnedTrace& trace);

/// Drift, settling and steps, found as TakeApart() says; at least 60 bins.
[[nodiscard]] PartsFit FindParts(const BinnedTrace& trace, double band);

}  // namespace qc_metrics
