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

// No direction is favoured, nor the side that has more segments: 60 x 16 px are 12 of 5 px by 4 of
// 4 px.
TEST(SmoothSurface, ATransposedImageHasTheTransposedSurface) {
  const cv::Size size{60, 16};
  BinnedImage binned{size, 1, cv::Mat(size, CV_64F), cv::Mat(size, CV_64F, cv::Scalar(1600.0))};
  cv::RNG rng(3);
  rng.fill(binned.mean, cv::RNG::NORMAL, 0.0, 40.0);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      binned.mean.at<double>(y, x) +=
          kOffset +
          2000.0 * std::exp(0.3 * std::sin(0.13 * x) + 0.2 * std::cos(0.2 * y + 0.05 * x));
    }
  }
  const BinnedImage turned{{16, 60}, 1, binned.mean.t(), binned.variance.t()};
  const cv::Mat bins = FitOf(binned).bins();
  EXPECT_LT(cv::norm(FitOf(turned).bins(), bins.t(), cv::NORM_INF), 1e-5);
}

/// Level light, each second bin 1 SD above and the others 1 SD below it: the robust SD is 1.4826
/// SDs. One bin is `sds` of those off.
int DustAround(cv::Point at, double sds) {
  BinnedImage binned{kSize, 1, cv::Mat(kSize, CV_64F), cv::Mat(kSize, CV_64F, cv::Scalar(4.0))};
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      binned.mean.at<double>(y, x) = kOffset + 2000.0 + ((x + y) % 2 == 0 ? 2.0 : -2.0);
    }
  }
  binned.mean.at<double>(at) = kOffset + 2000.0 + sds * 1.4826 * 2.0;
  return cv::countNonZero(FitOf(binned).dust());
}

// Tukey's biweight ends at 4.685 SDs; from 8 on the eight neighbours are dust too, as far as there
// are any. One bin draws the surface by less than a hundredth of what it is off.
TEST(SmoothSurface, DustBeginsWhereTukeysWeightEnds) {
  for (const double sign : {1.0, -1.0}) {
    EXPECT_EQ(DustAround({30, 20}, sign * 4.6), 0);
    EXPECT_EQ(DustAround({30, 20}, sign * 4.77), 1);
    EXPECT_EQ(DustAround({30, 20}, sign * 7.9), 1);
    EXPECT_EQ(DustAround({30, 20}, sign * 8.15), 9);
  }
  EXPECT_EQ(DustAround({30, 0}, 9.0), 6);
  EXPECT_EQ(DustAround({30, 47}, 9.0), 6);
  EXPECT_EQ(DustAround({0, 20}, 9.0), 6);
  EXPECT_EQ(DustAround({59, 20}, 9.0), 6);
  EXPECT_EQ(DustAround({59, 47}, 9.0), 0);  // vignetting, if anything
}

// More than 64 bins a side enter the equations in groups of two, the last of an odd number alone.
TEST(SmoothSurface, FollowsAQuadraticThroughGroupsOfBins) {
  for (const cv::Size size : {cv::Size(131, 97), cv::Size(128, 60), cv::Size(40, 66)}) {
    const Dome dome{0.55 * size.width, 0.4 * size.height, -2e-4, 1e-4, -3e-4};
    BinnedImage binned{size, 1, cv::Mat(size, CV_64F), cv::Mat(size, CV_64F, cv::Scalar(4.0))};
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        binned.mean.at<double>(y, x) = kOffset + std::exp(dome.At(x, y));
      }
    }
    const SmoothSurface surface = FitOf(binned);
    for (const auto& [x, y] : {std::pair{-0.5, -0.5},
                               {size.width - 0.5, size.height - 0.5},
                               {12.3, 40.1},
                               {size.width - 1.0, 3.0}}) {
      EXPECT_NEAR(surface.LogAt(x, y).value, dome.At(x, y), 1e-4) << size << " " << x << " " << y;
    }
  }
}

}  // namespace
}  // namespace qc_metrics
