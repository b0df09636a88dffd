#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <opencv2/core.hpp>
#include <vector>

namespace qc_metrics {

/// Gaussian smoothing with sigma 2 px of an image that is handed in row by row, without a copy of
/// it: its extremes over all pixels, and each fourth row of it.
///
/// The kernel is sampled on pixel centres, cut at 4 sigma and normalised; beyond the border the
/// image is mirrored, border pixels included (cba|abc). Rows are smoothed along x, then along y;
/// the second step is skipped for a run of columns whose largest and smallest values, smoothed
/// along y, say that no extreme of the image is there: the kernel is positive, so that the bound is
/// safe but for the rounding of floats, whose room is left.
class GaussianRows {
 public:
  static constexpr double kSigmaPx = 2.0;
  static constexpr int kRadius = 8;
  static constexpr int kRowStep = 4;

  using Consumer = std::function<void(int y, const float* smoothed)>;

  /// `consumer` is called for rows 0, 4, 8 ..., in order. Both sides must be > kRadius.
  GaussianRows(cv::Size image, Consumer consumer);

  /// Rows 0, 1, ... height - 1, in order. Before and behind the row there is room for kRadius
  /// values, which are overwritten with the mirrored image.
  void Add(int y, float* row);

  /// Over all pixels, once all rows are in.
  [[nodiscard]] float lowest() const { return lowest_; }
  [[nodiscard]] float highest() const { return highest_; }

 private:
  static constexpr int kTaps = 2 * kRadius + 1;
  static constexpr int kHandedOn = 4;   // rows at a time
  static constexpr int kStripPx = 256;  // columns at a time
  static constexpr int kRing = 32;      // rows kept; at least kTaps + kRowStep * (kHandedOn - 1)

  using Taps = std::array<const float*, kTaps>;

  [[nodiscard]] Taps RowsAround(int y, const cv::Mat& ring) const;
  void Emit(int y);
  void FindExtremes(int y);
  void HandOn(int first, int count);
  void Smooth(const Taps& rows, int from, int columns, float* out);

  cv::Size image_;
  Consumer consumer_;
  std::array<float, kRadius + 1> weight_{};
  std::size_t runs_;
  cv::Mat ring_, out_;            // CV_32F
  cv::Mat ring_low_, ring_high_;  // one element a run
  std::vector<float> low_, high_;
  float lowest_, highest_;
  int next_ = 0;     // row to hand on next
  int waiting_ = 0;  // rows that are due, but not handed on
};

}  // namespace qc_metrics
