#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/field_kernels.h"
#include "qc_metrics/field_scan.h"

namespace qc_metrics {

/// Pixel noise of blocks of 16 x 16 pixels, from all second differences along the rows.
class NoiseBlocks {
 public:
  static constexpr int kBlockPx = 16;

  explicit NoiseBlocks(cv::Size image);

  /// Sums over `rows` rows from row `y` on, which must all lie in one row of blocks.
  void Add(int y, int rows, const ColumnSums& sums);

  /// The line through the median variances of up to 8 groups of equally bright blocks. Never below
  /// `least_variance_adu2`, the part that rounding alone makes.
  [[nodiscard]] PixelNoise Fit(double least_variance_adu2) const;

 private:
  struct Block {
    double level = 0.0, square = 0.0;
    int rows = 0;
  };

  int columns_;
  std::vector<Block> blocks_;
};

}  // namespace qc_metrics
