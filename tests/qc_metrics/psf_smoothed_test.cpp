// The smoothed projection, made strip by strip, against the whole image smoothed at once.

#include "qc_metrics/psf_smoothed.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kNoise = 20.0;

/// A tilted plane with noise, as cameras store it.
cv::Mat Tilted(cv::Size size, double offset, double along_x, double along_y) {
  cv::Mat image(size, CV_32F);
  cv::RNG(11).fill(image, cv::RNG::NORMAL, offset, kNoise);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      image.at<float>(y, x) += static_cast<float>(along_x * x + along_y * y);
    }
  }
  image.convertTo(image, CV_16U);
  return image;
}

cv::Mat Whole(const SmoothedMaximum& smooth, cv::Size size) {
  cv::Mat whole(size, CV_32F, cv::Scalar(1e9));
  int next = 0;
  smooth.ForEachStrip(0, [&](const SmoothedMaximum::Strip& strip) {
    EXPECT_EQ(strip.own.start, next);
    EXPECT_EQ(strip.first_row, strip.own.start);
    EXPECT_EQ(strip.values.rows, strip.own.size());
    strip.values.copyTo(whole.rowRange(strip.own));
    next = strip.own.end;
  });
  EXPECT_EQ(next, size.height);
  return whole;
}

// 64 and 128 px a block: several strips, the last one longer, and one strip alone.
TEST(SmoothedMaximum, StripsAreThoseOfTheWholeImage) {
  for (const cv::Size size : {cv::Size(300, 331), cv::Size(70, 50), cv::Size(131, 640)}) {
    for (const double width_px : {2.0, 4.0, 8.0}) {
      const cv::Mat image = Tilted(size, 1000.0, 0.0, 0.0);
      const SmoothedMaximum smooth(image, width_px);
      const cv::Mat whole = Whole(smooth, size);
      for (const int margin : {1, 21, 1000}) {
        smooth.ForEachStrip(margin, [&](const SmoothedMaximum::Strip& strip) {
          EXPECT_EQ(strip.first_row, std::max(0, strip.own.start - margin));
          const cv::Range rows(strip.first_row, strip.first_row + strip.values.rows);
          EXPECT_EQ(rows.end, std::min(size.height, strip.own.end + margin));
          EXPECT_EQ(cv::norm(strip.values, whole.rowRange(rows), cv::NORM_INF), 0.0) << margin;
        });
      }
    }
  }
}

// What is subtracted is the plane: medians of 1024 of a block's smoothed pixels have a standard
// error of 1.25 x 7 ADU / sqrt(300 independent ones) = .5 ADU. Half a block from the border the
// surface ends level, which a tilt of .05 ADU a px makes 1.6 ADU there.
TEST(SmoothedMaximum, TheSurfaceFollowsATilt) {
  const cv::Size size(400, 384);
  const cv::Mat image = Tilted(size, 500.0, 0.05, -0.05);
  const double width_px = 10.0 / 3.0;  // sigma 1 px
  const SmoothedMaximum smooth(image, width_px);
  cv::Mat values;
  image.convertTo(values, CV_32F);
  cv::GaussianBlur(values, values, cv::Size(), 1.0, 1.0, cv::BORDER_REPLICATE);
  const cv::Mat surface = values - Whole(smooth, size);
  for (int y = 32; y < size.height - 32; ++y) {
    for (int x = 33; x < size.width - 33; ++x) {
      ASSERT_NEAR(static_cast<double>(surface.at<float>(y, x)), 500.0 + 0.05 * x - 0.05 * y, 2.0)
          << x << " " << y;
    }
  }
  // White noise through a Gaussian of sigma 1 px: 1 / (2 sqrt(pi)) of it; 16384 of 153600 pixels,
  // and the level rims, leave 3 %.
  EXPECT_NEAR(smooth.sd(), kNoise / (2.0 * std::sqrt(CV_PI)), 0.03 * kNoise / 3.5449);
}

TEST(SmoothedMaximum, WithoutNoiseThereIsNoDeviation) {
  const SmoothedMaximum smooth(cv::Mat(100, 90, CV_8U, cv::Scalar(7)), 3.0);
  EXPECT_EQ(smooth.sd(), 0.0);
  EXPECT_EQ(cv::norm(Whole(smooth, {90, 100}), cv::NORM_INF), 0.0);
}

}  // namespace
}  // namespace qc_metrics
