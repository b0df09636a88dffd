#include "qc_metrics/spot_fit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qc_metrics {
namespace {

cv::Mat Drawn(int columns, int rows, const Spot& spot, double ripple = 0.0) {
  cv::Mat window(rows, columns, CV_64F);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const double u = (x - spot.x) / spot.sigma_x, v = (y - spot.y) / spot.sigma_y;
      window.at<double>(y, x) = spot.background + spot.height * std::exp(-0.5 * (u * u + v * v)) +
                                ripple * std::sin(12.9898 * (x * x + 31 * y * y + x * y));
    }
  }
  return window;
}

Spot Truth(double x, double y, double sigma_x, double sigma_y) {
  Spot spot;
  spot.x = x;
  spot.y = y;
  spot.sigma_x = sigma_x;
  spot.sigma_y = sigma_y;
  spot.height = 400.0;
  spot.background = 50.0;
  return spot;
}

TEST(FitSpot, FindsAnExactSpot) {
  const auto found = FitSpot(Drawn(15, 13, Truth(7.3, 5.6, 1.4, 2.1)), 7.0, 6.0, 1.5);
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->x, 7.3, 1e-6);
  EXPECT_NEAR(found->y, 5.6, 1e-6);
  EXPECT_NEAR(found->sigma_x, 1.4, 1e-6);
  EXPECT_NEAR(found->sigma_y, 2.1, 1e-6);
  EXPECT_NEAR(found->height, 400.0, 1e-4);
  EXPECT_NEAR(found->background, 50.0, 1e-4);
}

// A steady ripple of SD s over a spot of n sigma: u = s sigma / (height sqrt(pi sigma_x sigma_y))
// for each axis of a well sampled Gaussian on a background of its own.
TEST(FitSpot, UncertaintyOfThePlace) {
  const auto found = FitSpot(Drawn(25, 25, Truth(12.2, 11.8, 2.0, 2.0), 4.0), 12.0, 12.0, 2.0);
  ASSERT_TRUE(found.has_value());
  const double sd = 4.0 / std::sqrt(2.0);
  const double u = sd * 2.0 / (400.0 * std::sqrt(3.141592653589793 / 2.0 * 2.0 * 2.0));
  EXPECT_NEAR(found->u_x / u, 1.0, 0.3);  // the ripple's variance is told by the pixels themselves
  EXPECT_NEAR(found->u_y / u, 1.0, 0.3);
}

TEST(FitSpot, RefusesEachForItself) {
  // Too small a window, a centre outside of it, sigmas below .4 px and beyond half of the window.
  EXPECT_TRUE(FitSpot(Drawn(7, 7, Truth(3.1, 2.9, 1.0, 1.0)), 3.0, 3.0, 1.0).has_value());
  EXPECT_FALSE(FitSpot(Drawn(6, 7, Truth(3.1, 2.9, 1.0, 1.0)), 3.0, 3.0, 1.0).has_value());
  EXPECT_FALSE(FitSpot(Drawn(13, 13, Truth(-0.6, 6.0, 2.0, 2.0)), 1.0, 6.0, 2.0).has_value());
  EXPECT_FALSE(FitSpot(Drawn(13, 13, Truth(6.0, 12.6, 2.0, 2.0)), 6.0, 11.0, 2.0).has_value());
  EXPECT_TRUE(FitSpot(Drawn(13, 13, Truth(6.2, 6.1, 0.5, 0.5)), 6.0, 6.0, 0.6).has_value());
  EXPECT_FALSE(FitSpot(Drawn(13, 13, Truth(6.2, 6.1, 0.3, 2.0)), 6.0, 6.0, 0.6).has_value());
  EXPECT_FALSE(FitSpot(Drawn(13, 13, Truth(6.2, 6.1, 2.0, 0.3)), 6.0, 6.0, 0.6).has_value());
  EXPECT_FALSE(FitSpot(Drawn(13, 13, Truth(6.0, 6.0, 7.0, 2.0)), 6.0, 6.0, 3.0).has_value());
  EXPECT_FALSE(FitSpot(cv::Mat(13, 13, CV_64F, cv::Scalar(9.0)), 6.0, 6.0, 1.5).has_value());
}

}  // namespace
}  // namespace qc_metrics
