#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/field_scan.h"

namespace qc_metrics {

/// Pixel noise of blocks of 16 x 16 pixels, from second differences along the rows.
class NoiseBlocks {
 public:
  explicit NoiseBlocks(cv::Size image);

  void Add(int y, const float* row);

  /// The line through the median variances of up to 8 groups of equally bright blocks. Never below
  /// `least_variance_adu2`, the part that rounding alone makes.
  [[nodiscard]] NoiseLine Fit(double least_variance_adu2) const;

 private:
  struct Block {
    double level = 0.0, square = 0.0;
    int triples = 0;
  };

  int columns_;
  std::vector<Block> blocks_;
};

}  // namespace qc_metrics
