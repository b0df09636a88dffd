// The surface on light whose logarithm is a quadratic: it follows that exactly, and its peak is
// known.

#include "qc_metrics/smooth_surface.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qc_metrics {
namespace {

const cv::Size kSize{60, 48};
constexpr double kOffset = 120.0;

/// ln of the light: 7.6 at the peak, the second derivatives as given.
struct Dome {
  double x, y;
  double xx = -8e-4, xy = 3e-4, yy = -6e-4;

  [[nodiscard]] double At(double px, double py) const {
    const double u = px - x, v = py - y;
    return 7.6 + 0.5 * xx * u * u + xy * u * v + 0.5 * yy * v * v;
  }
};

BinnedImage Binned(const Dome& dome, double noise_sd = 0.0, std::uint64_t seed = 1) {
  BinnedImage binned{kSize, 1, cv::Mat(kSize, CV_64F), cv::Mat(kSize, CV_64F, cv::Scalar(4.0))};
  cv::Mat noise = cv::Mat::zeros(kSize, CV_64F);
  cv::RNG rng(seed);
  if (noise_sd > 0.0) rng.fill(noise, cv::RNG::NORMAL, 0.0, noise_sd);
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      binned.mean.at<double>(y, x) = kOffset + std::exp(dome.At(x, y)) + noise.at<double>(y, x);
    }
  }
  return binned;
}

SmoothSurface FitOf(const BinnedImage& binned) {
  return std::get<SmoothSurface>(SmoothSurface::Fit(binned, kOffset));
}

// The rounds end where a change is small against the noise of one bin, 1e-3 of its light here: a
// tenth of that, over 20 px for a slope, squared for a bend.
TEST(SmoothSurface, FollowsAQuadraticWithItsDerivatives) {
  const Dome dome{31.3, 20.7};
  const SmoothSurface surface = FitOf(Binned(dome));
  for (const auto& [x, y] : {std::pair{-0.5, -0.5}, {59.5, 47.5}, {12.3, 40.1}, {30.0, 21.0}}) {
    const auto jet = surface.LogAt(x, y);
    const double u = x - dome.x, v = y - dome.y;
    EXPECT_NEAR(jet.value, dome.At(x, y), 1e-4);
    EXPECT_NEAR(jet.dx, dome.xx * u + dome.xy * v, 5e-5);
    EXPECT_NEAR(jet.dy, dome.xy * u + dome.yy * v, 5e-5);
    EXPECT_NEAR(jet.dxx, dome.xx, 2e-5);
    EXPECT_NEAR(jet.dxy, dome.xy, 2e-5);
    EXPECT_NEAR(jet.dyy, dome.yy, 2e-5);
    EXPECT_NEAR(surface.At(x, y), kOffset + std::exp(dome.At(x, y)), 0.2);
  }
  EXPECT_NEAR(surface.bins().at<double>(40, 12), kOffset + std::exp(dome.At(12, 40)), 0.2);
  EXPECT_EQ(cv::countNonZero(surface.dust()), 0);
}

// Up to .05 px from the border, which lies half a pixel beyond the last centres.
TEST(SmoothSurface, FindsAPeakThatIsInside) {
  for (const auto& [x, y] : {std::pair{31.3, 20.7},
                             {59.43, 20.7},
                             {-0.44, 30.2},
                             {20.2, 47.44},
                             {33.8, -0.43},
                             {59.45, 47.45},
                             {-0.45, -0.45}}) {
    const auto peak = FitOf(Binned({x, y})).FindPeak();
    EXPECT_NEAR(peak.at_px.x, x, 0.01);
    EXPECT_NEAR(peak.at_px.y, y, 0.01);
    EXPECT_NEAR(peak.value, kOffset + std::exp(7.6), 0.01);
    EXPECT_FALSE(peak.on_border);
    EXPECT_TRUE(peak.covariance_px2.has_value());
  }
}

// Beyond a border the light is brightest on it, where the slope along it vanishes.
TEST(SmoothSurface, APeakBeyondTheBorderIsOnIt) {
  for (const auto& [x, y] : {std::pair{66.0, 20.0}, {-8.0, 20.0}, {25.0, 55.0}, {25.0, -9.0}}) {
    const Dome dome{x, y};
    const auto peak = FitOf(Binned(dome)).FindPeak();
    double at_x = std::clamp(x, -0.5, 59.5), at_y = std::clamp(y, -0.5, 47.5);
    if (at_x != x) at_y = y - dome.xy * (at_x - x) / dome.yy;
    if (at_y != std::clamp(at_y, -0.5, 47.5) || at_y == 47.5 || at_y == -0.5) {
      at_x = x - dome.xy * (at_y - y) / dome.xx;
    }
    EXPECT_NEAR(peak.at_px.x, at_x, 0.01) << x << " " << y;
    EXPECT_NEAR(peak.at_px.y, at_y, 0.01) << x << " " << y;
    EXPECT_TRUE(peak.on_border);
    EXPECT_FALSE(peak.covariance_px2.has_value());
  }
  // Brightest in a corner.
  const auto corner = FitOf(Binned({75.0, 62.0})).FindPeak();
  EXPECT_NEAR(corner.at_px.x, 59.5, 1e-9);
  EXPECT_NEAR(corner.at_px.y, 47.5, 1e-9);
}

// 60 fields: an SD is known to 9 %, and half of what the covariance counts is no noise (the
// header).
TEST(SmoothSurface, ThePeaksCovarianceIsThatOfTheNoise) {
  const Dome dome{31.3, 20.7};
  double xx = 0.0, xy = 0.0, yy = 0.0, said_xx = 0.0, said_xy = 0.0, said_yy = 0.0;
  constexpr int kFields = 60;
  for (std::uint64_t seed = 1; seed <= kFields; ++seed) {
    BinnedImage binned = Binned(dome, 40.0, seed);
    binned.variance.setTo(1600.0);
    const auto surface = FitOf(binned);
    const auto peak = surface.FindPeak();
    const double u = peak.at_px.x - dome.x, v = peak.at_px.y - dome.y;
    xx += u * u / kFields;
    xy += u * v / kFields;
    yy += v * v / kFields;
    ASSERT_TRUE(peak.covariance_px2.has_value());
    said_xx += (*peak.covariance_px2)[0] / kFields;
    said_xy += (*peak.covariance_px2)[1] / kFields;
    said_yy += (*peak.covariance_px2)[2] / kFields;
    EXPECT_NEAR(surface.dispersion(), 1.0, 0.15);
  }
  EXPECT_GT(std::sqrt(xx / said_xx), 0.65);
  EXPECT_LT(std::sqrt(xx / said_xx), 1.3);
  EXPECT_GT(std::sqrt(yy / said_yy), 0.65);
  EXPECT_LT(std::sqrt(yy / said_yy), 1.3);
  EXPECT_NEAR(said_xy / std::sqrt(said_xx * said_yy), xy / std::sqrt(xx * yy), 0.3);
}

}  // namespace
}  // namespace qc_metrics
