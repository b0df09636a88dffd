#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// One quantity over the kept beads of a field.
struct FieldMedian {
  double median = 0.0;
  double robust_sd = 0.0;  ///< 1.4826 MAD from 5 beads on, the plain SD below; 0 for one bead
  double u = 0.0;          ///< of the median; 0: unknown
  bool from_replicates = false;
  std::int64_t n = 0;
};

/// Median, spread and standard uncertainty.
///
/// Method    u is the larger of what the fits say, 1.2533 sqrt(sum u_i^2) / n, and what the beads
///           say, 1.2533 SD / sqrt(n); 1.2533 = sqrt(pi / 2) is the price of the median (1 below
///           three values, where the median is the mean).
[[nodiscard]] FieldMedian Summarise(std::span<const Estimate> values);

/// What a person must know about a channel's result, in a fixed order.
[[nodiscard]] std::vector<Finding> PsfFindings(const PsfField& field, const PsfSettings& settings,
                                               int channel);

}  // namespace qc_metrics
