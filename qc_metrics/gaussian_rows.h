#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <opencv2/core.hpp>
#include <vector>

namespace qc_metrics {

/// Gaussian smoothing with sigma 2 px of an image that is handed in row by row, without a copy of
/// it: 17 rows are kept.
///
/// The kernel is sampled on pixel centres, cut at 4 sigma and normalised; beyond the border the
/// image is mirrored, border pixels included (cba|abc).
class GaussianRows {
 public:
  static constexpr double kSigmaPx = 2.0;
  static constexpr int kRadius = 8;

  using Consumer = std::function<void(int y, const float* smoothed)>;

  /// `consumer` is called once for every row, in order. Both sides must be > kRadius.
  GaussianRows(cv::Size image, Consumer consumer);

  /// Rows 0, 1, ... height - 1, in order.
  void Add(int y, const float* row);

 private:
  static constexpr int kRing = 32;
  static constexpr int kBatch = 8;      // rows written together, so that the cache serves them all
  static constexpr int kChunkPx = 256;  // columns whose 24 input rows fit the first-level cache

  [[nodiscard]] const float* RingRow(int y) const;
  void Emit(int count);

  cv::Size image_;
  Consumer consumer_;
  std::array<float, kRadius + 1> weight_{};
  std::size_t stride_;  // not a power of two, or all rows would share one set of the cache
  std::vector<float> padded_, ring_, out_;
  int next_ = 0;  // row to hand on next
};

}  // namespace qc_metrics
