// The peers' definitions on an image whose every region is known.

#include "qc_metrics/field_peers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>

namespace qc_metrics {
namespace {

FieldScan Scan() {
  FieldScan scan;
  scan.min_adu = 90.0;
  scan.max_adu = 800.0;
  scan.smoothed_min_adu = 150.0;
  scan.smoothed_max_adu = 600.0;
  scan.darkest_adu = 120.0;
  scan.brightest_adu = 700.0;
  scan.bright_zone_px = {49.5 + 6.0, 39.5 - 8.0};
  return scan;
}

TEST(FieldPeers, EachDefinitionByHand) {
  cv::Mat image(80, 100, CV_16U, cv::Scalar(400));
  // Corners 100 200 300 400, edge middles 500 600 700 800: mean 450, sample variance 60000.
  image.at<std::uint16_t>(0, 0) = 100;
  image.at<std::uint16_t>(0, 99) = 200;
  image.at<std::uint16_t>(79, 0) = 300;
  image.at<std::uint16_t>(79, 99) = 400;
  image.at<std::uint16_t>(0, 50) = 500;
  image.at<std::uint16_t>(79, 50) = 600;
  image.at<std::uint16_t>(40, 0) = 700;
  image.at<std::uint16_t>(40, 99) = 800;
  const FieldPeers peers = MeasureFieldPeers(image, Scan());
  EXPECT_NEAR(peers.minmax_smoothed, 0.25, 1e-12);
  EXPECT_NEAR(peers.minmax_raw, 90.0 / 800.0, 1e-12);
  EXPECT_NEAR(peers.azimuth8, 1.0 - std::sqrt(60000.0) / 800.0, 1e-12);
  EXPECT_NEAR(peers.five_percent, 1.0 - 580.0 / 820.0, 1e-12);
  // 10 px from the centre, of half a diagonal of sqrt(80^2 + 100^2) / 2.
  EXPECT_NEAR(peers.metroloj_centring, 1.0 - 20.0 / std::hypot(100.0, 80.0), 1e-12);
}

// Squares of a tenth of the mean side, 9 px; the ones in the middle reach over what is left.
TEST(FieldPeers, RegionsReachTheBorderAndMeetInTheMiddle) {
  cv::Mat image(80, 100, CV_16U, cv::Scalar(0));
  for (int j = 0; j < 3; ++j) {
    for (int i = 0; i < 3; ++i) {
      const int x = i == 0 ? 0 : i == 1 ? 45 : 91;
      const int y = j == 0 ? 0 : j == 1 ? 35 : 71;
      image(cv::Rect(x, y, i == 1 ? 10 : 9, j == 1 ? 10 : 9)).setTo(80 * (3 * j + i + 1));
    }
  }
  const FieldPeers peers = MeasureFieldPeers(image, Scan());
  for (std::size_t k = 0; k < 9; ++k) {
    EXPECT_NEAR(peers.region_ratio[k], 0.1 * static_cast<double>(k + 1), 1e-12) << k;
  }
}

// One bright pixel in any corner of a region is a part in all its pixels, and in no other region.
TEST(FieldPeers, EveryPixelOfARegionCounts) {
  const std::array<int, 6> columns = {0, 8, 45, 54, 91, 99}, rows = {0, 8, 35, 44, 71, 79};
  for (std::size_t j = 0; j < 6; ++j) {
    for (std::size_t i = 0; i < 6; ++i) {
      cv::Mat image(80, 100, CV_16U, cv::Scalar(0));
      image.at<std::uint16_t>(rows[j], columns[i]) = 810;
      const FieldPeers peers = MeasureFieldPeers(image, Scan());
      const double pixels = (i / 2 == 1 ? 10.0 : 9.0) * (j / 2 == 1 ? 10.0 : 9.0);
      for (std::size_t k = 0; k < 9; ++k) {
        EXPECT_NEAR(peers.region_ratio[k], k == 3 * (j / 2) + i / 2 ? 810.0 / pixels / 800.0 : 0.0,
                    1e-12);
      }
    }
  }
}

}  // namespace
}  // namespace qc_metrics
