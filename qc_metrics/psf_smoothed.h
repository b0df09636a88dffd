#pragma once

#include <functional>
#include <opencv2/core.hpp>
#include <vector>

namespace qc_metrics {

/// A maximum projection, smoothed, less a surface through the medians of its blocks, which a few
/// beads do not move.
///
/// It is made strip by strip whenever it is looked at, so that it takes no memory a pixel.
class SmoothedMaximum {
 public:
  /// A part of it: whole rows.
  struct Strip {
    cv::Mat values;     ///< CV_32F
    int first_row = 0;  ///< of the image: row 0 of `values`
    cv::Range own;      ///< rows of the image that are in no other strip; the rest are neighbours
  };

  /// `maximum` must outlive this. The full width expected of a bead sets the smoothing (a Gaussian
  /// of sigma .3 of it, at least .8 px) and the size of the blocks.
  SmoothedMaximum(const cv::Mat& maximum, double width_px);

  /// Robust standard deviation of its values.
  [[nodiscard]] double sd() const { return sd_; }

  /// All strips from the top, each with `margin` rows of its neighbours where there are any.
  void ForEachStrip(int margin, const std::function<void(const Strip&)>& visit) const;

 private:
  /// Pixels of one axis between the centres of blocks; beyond the outer ones they count as there.
  struct Between {
    std::vector<int> starts;    ///< first pixel at or behind each block's centre, 0 for the first
    std::vector<float> shares;  ///< of the next block, for each pixel

    Between(int blocks, int pixels);
    [[nodiscard]] int EndOf(std::size_t block) const;
  };

  [[nodiscard]] cv::Range RowsOf(int block) const;
  [[nodiscard]] cv::Mat Smoothed(cv::Range rows) const;
  [[nodiscard]] std::vector<float> SurfaceRow(int y) const;
  void FindMedians();

  cv::Mat maximum_;
  double sigma_px_;
  cv::Mat medians_;  ///< CV_32F, one element a block
  Between across_, down_;
  double sd_ = 0.0;
};

}  // namespace qc_metrics
