// Spots and lines drawn without noise: places, sizes, and what is left out, at the limits.

#include "qc_metrics/grid_spots.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/grid_lines.h"

namespace qc_metrics {
namespace {

struct Dot {
  double x, y, height, sigma;
};

cv::Mat Draw(cv::Size size, double background, const std::vector<Dot>& dots) {
  cv::Mat image(size, CV_32F);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      double value = background;
      for (const Dot& d : dots) {
        const double r2 = (x - d.x) * (x - d.x) + (y - d.y) * (y - d.y);
        value += d.height * std::exp(-0.5 * r2 / (d.sigma * d.sigma));
      }
      image.at<float>(y, x) = static_cast<float>(value);
    }
  }
  return image;
}

std::vector<Dot> Grid(int columns, int rows, double step, double height, double sigma) {
  std::vector<Dot> dots;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < columns; ++i) {
      dots.push_back({20.3 + step * i, 25.6 + step * j, height, sigma});
    }
  }
  return dots;
}

TEST(PrepareGrid, TellsSizeAndPolarity) {
  for (const double sigma : {1.5, 3.0}) {
    for (const double height : {500.0, -500.0}) {
      const cv::Mat image = Draw({260, 200}, 1000.0, Grid(8, 6, 30.0, height, sigma));
      const GridImage grid = PrepareGrid(image);
      EXPECT_EQ(grid.polarity, height > 0.0 ? Polarity::kBright : Polarity::kDark);
      EXPECT_NEAR(grid.sigma_px, sigma, 0.15 * sigma);
      EXPECT_NEAR(static_cast<double>(grid.signal.at<float>(40, 65)), 0.0, 2.0);
      double high = 0.0;
      cv::minMaxLoc(grid.signal, nullptr, &high);
      EXPECT_GT(high, 450.0);
    }
  }
}

// The background is a slope of half a dot's height over the image: it is off the signal.
TEST(PrepareGrid, TakesASlowBackgroundOff) {
  cv::Mat image = Draw({260, 200}, 1000.0, Grid(8, 6, 30.0, 400.0, 2.0));
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) image.at<float>(y, x) += 0.8F * static_cast<float>(x);
  }
  const GridImage grid = PrepareGrid(image);
  // Between dots, away from the border where the outermost blocks go on level.
  for (const int x : {65, 125, 185}) {
    EXPECT_NEAR(static_cast<double>(grid.signal.at<float>(100, x)), 0.0, 6.0) << x;
  }
}

// Wide dots, which cover more of one block than of the next, on a level background: it stays level
// to a fiftieth of their height (a twentieth where all pixels of a block count).
TEST(PrepareGrid, FeaturesDoNotShowInTheBackground) {
  const cv::Mat image = Draw({360, 360}, 1000.0, Grid(9, 9, 35.0, 1500.0, 5.0));
  const GridImage grid = PrepareGrid(image);
  cv::Mat background = image - grid.signal;
  double lowest = 0.0, highest = 0.0;
  cv::minMaxLoc(background, &lowest, &highest);
  EXPECT_GT(lowest, 1000.0 - 1.0);
  EXPECT_LT(highest - lowest, 30.0);
}

// Below 80 px there is one block: a band that fills less than half of it is no background, though
// it would fill most of a block of half the size.
TEST(PrepareGrid, ASmallImageHasOneBackground) {
  for (const bool across : {true, false}) {
    cv::Mat image(70, 70, CV_32F, cv::Scalar(100.0));
    image(across ? cv::Rect(0, 0, 70, 30) : cv::Rect(0, 0, 30, 70)).setTo(600.0);
    const GridImage grid = PrepareGrid(image);
    EXPECT_EQ(grid.polarity, Polarity::kBright);
    EXPECT_EQ(grid.signal.at<float>(15, 15), 500.0F);
    EXPECT_EQ(grid.signal.at<float>(60, 60), 0.0F);
  }
}

// The size is that of the features in the middle 512 px: bright small ones outside do not count.
TEST(PrepareGrid, TheSizeIsThatOfTheMiddle) {
  const auto size_with = [](int first, int last) {
    cv::Mat image(512, 800, CV_32F);
    for (int y = 0; y < image.rows; ++y) {
      for (int x = 0; x < image.cols; ++x) {
        const double r2 = std::pow(x % 40 - 20, 2) + std::pow(y % 40 - 20, 2);
        const bool wide = x >= first && x < last;
        const double light = wide ? 200.0 * std::exp(-r2 / 50.0) : 3000.0 * std::exp(-r2 / 4.5);
        image.at<float>(y, x) = static_cast<float>(1000.0 + light);
      }
    }
    return PrepareGrid(image).sigma_px;
  };
  EXPECT_NEAR(size_with(120, 680), size_with(0, 800), 0.1);
}

TEST(PrepareGrid, NoiseIsThatOfOnePixel) {
  const cv::Mat image(300, 300, CV_32F, cv::Scalar(1000.0));
  cv::Mat noise(image.size(), CV_32F);
  cv::RNG rng(4);
  rng.fill(noise, cv::RNG::NORMAL, 0.0, 7.0);
  EXPECT_NEAR(PrepareGrid(image + noise).noise, 7.0, 0.3);
}

TEST(FindGridSpots, CentresOnTheDotsAndTellsTheirHeight) {
  const auto dots = Grid(8, 6, 30.0, 500.0, 2.0);
  GridImage grid;
  grid.signal = Draw({260, 200}, 0.0, dots);
  grid.sigma_px = 2.0;
  const auto spots = FindGridSpots(grid);
  ASSERT_EQ(spots.size(), dots.size());
  // Mean of exp(-r^2 / 2 sigma^2) under the weight (1 - r^2 / 9 sigma^2)^4, t = r^2 / 9 sigma^2.
  double under_weight = 0.0;
  for (int i = 0; i < 1000; ++i) {
    const double t = (i + 0.5) / 1000.0;
    under_weight += 5.0 * std::pow(1.0 - t, 4) * std::exp(-4.5 * t) / 1000.0;
  }
  for (const Dot& dot : dots) {
    double nearest = 99.0, height = 0.0;
    for (const GridSpot& s : spots) {
      const double away = std::hypot(s.x_px - dot.x, s.y_px - dot.y);
      if (away >= nearest) continue;
      nearest = away;
      height = s.height;
    }
    EXPECT_LT(nearest, 2e-3);
    EXPECT_NEAR(height, 500.0 * under_weight, 5.0);
  }
}

// Crossings of lines, whose arms leave the window: wherever between the pixels they lie, they are
// found there, to what pixels without area make of the sharp ridge between the arms (.005 px). A
// weight that is cut off at the window's rim is off by .02 px.
TEST(FindGridSpots, CrossingsDoNotFollowThePixels) {
  for (const double phase : {0.0, 0.2, 0.4, 0.5, 0.6, 0.8}) {
    GridImage grid;
    grid.signal = cv::Mat(120, 120, CV_32F);
    for (int y = 0; y < 120; ++y) {
      for (int x = 0; x < 120; ++x) {
        const double dx = (x - 60.0 - phase) / 2.0, dy = (y - 60.3) / 2.0;
        grid.signal.at<float>(y, x) =
            static_cast<float>(1000.0 * std::exp(-0.5 * std::min(dx * dx, dy * dy)));
      }
    }
    grid.sigma_px = 2.25;
    const auto spots = FindGridSpots(grid);
    ASSERT_FALSE(spots.empty());
    EXPECT_NEAR(spots.front().x_px, 60.0 + phase, 0.006);
    EXPECT_NEAR(spots.front().y_px, 60.3, 0.006);
  }
}

TEST(FindGridSpots, LeavesOutWhatIsFaintOrAtTheBorder) {
  auto dots = Grid(6, 6, 30.0, 500.0, 2.0);
  dots[7].height = 85.0;                     // below a fifth of the strong ones
  dots[8].height = 120.0;                    // and above
  dots.push_back({5.0, 100.0, 500.0, 2.0});  // the window of 3 sigma does not fit
  dots.push_back({100.0, 193.5, 500.0, 2.0});
  GridImage grid;
  grid.signal = Draw({200, 200}, 0.0, dots);
  grid.sigma_px = 2.0;
  EXPECT_EQ(FindGridSpots(grid).size(), 35U);
  grid.noise = 250.0;  // 8 SDs of the smoothed image, by 4 pi sigma^2 pixels, are 282: more
  EXPECT_TRUE(FindGridSpots(grid).empty());
  grid.noise = 200.0;  // 226, and a dot smoothed by its own size keeps half of its height: 250
  EXPECT_EQ(FindGridSpots(grid).size(), 34U);
}

GridImage Lines(cv::Size size, double step, double slope, double sigma, bool upright) {
  GridImage grid;
  grid.signal.create(size, CV_32F);
  grid.sigma_px = sigma;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const double along = upright ? x : y, across = upright ? y : x;
      const double place = (along - 13.4 - slope * across) / step;
      const double off = (place - std::round(place)) * step / std::sqrt(1.0 + slope * slope);
      grid.signal.at<float>(y, x) =
          static_cast<float>(300.0 * std::exp(-0.5 * off * off / (sigma * sigma)));
    }
  }
  return grid;
}

TEST(FindParallelLines, TellsAxisSlopeStepAndEveryCrossing) {
  for (const bool upright : {true, false}) {
    for (const double slope : {0.0, 0.06, -0.11}) {
      const GridImage grid = Lines({240, 200}, 22.0, slope, 2.0, upright);
      const auto lines = FindParallelLines(grid);
      ASSERT_TRUE(lines.has_value()) << slope;
      EXPECT_EQ(lines->axis, upright ? LineAxis::kX : LineAxis::kY);
      EXPECT_NEAR(lines->slope, slope, 5e-3);  // gradients of 3 x 3 pixels see x and y longer
      EXPECT_NEAR(lines->step_px, 22.0, 0.05);
      EXPECT_GT(lines->crossings.size(), 16U * 6U);
      const LineCrossing& first = lines->crossings.front();
      const double zero = first.along - 22.0 * first.line - slope * first.across;
      EXPECT_NEAR(std::remainder(zero - 13.4, 22.0), 0.0, 0.05);
      for (const LineCrossing& c : lines->crossings) {
        EXPECT_NEAR(c.along, zero + 22.0 * c.line + slope * c.across, 0.05);
      }
    }
  }
}

// 16 strips of a height that 16 does not divide: their middles.
TEST(FindParallelLines, StripsCoverTheImage) {
  const auto lines = FindParallelLines(Lines({200, 150}, 20.0, 0.0, 2.0, true));
  ASSERT_TRUE(lines.has_value());
  std::vector<double> middles;
  for (const LineCrossing& c : lines->crossings) {
    if (middles.empty() || c.across != middles.back()) middles.push_back(c.across);
  }
  ASSERT_EQ(middles.size(), 16U);
  for (int s = 0; s < 16; ++s) {
    const int begin = s * 150 / 16, end = (s + 1) * 150 / 16;
    EXPECT_EQ(middles[static_cast<std::size_t>(s)], 0.5 * (begin + end - 1));
  }
}

// Lines between two pixels have two equal maxima and are one line.
TEST(FindParallelLines, ALineBetweenTwoPixelsIsOne) {
  GridImage grid;
  grid.signal.create(160, 200, CV_32F);
  grid.sigma_px = 2.0;
  for (int y = 0; y < 160; ++y) {
    for (int x = 0; x < 200; ++x) {
      const double off = std::remainder(x - 19.5, 20.0);
      grid.signal.at<float>(y, x) = static_cast<float>(300.0 * std::exp(-0.5 * off * off / 4.0));
    }
  }
  const auto lines = FindParallelLines(grid);
  ASSERT_TRUE(lines.has_value());
  EXPECT_EQ(lines->crossings.size(), 16U * 9U);  // the one at 199.5 is not whole
  EXPECT_NEAR(lines->step_px, 20.0, 1e-3);
}

// Three of five distances are 24 px: the commonest, though not the mean nor the largest.
TEST(FindParallelLines, StepIsTheCommonestDistance) {
  GridImage grid;
  grid.signal = cv::Mat::zeros(160, 200, CV_32F);
  grid.sigma_px = 2.0;
  for (const double at : {20.0, 44.0, 68.0, 92.0, 121.0, 150.0}) {
    for (int y = 0; y < 160; ++y) {
      for (int x = 0; x < 200; ++x) {
        grid.signal.at<float>(y, x) +=
            static_cast<float>(300.0 * std::exp(-0.5 * (x - at) * (x - at) / 4.0));
      }
    }
  }
  const auto lines = FindParallelLines(grid);
  ASSERT_TRUE(lines.has_value());
  EXPECT_NEAR(lines->step_px, 24.0, 0.01);
}

TEST(FindParallelLines, ADotGridHasNoCommonDirection) {
  GridImage grid;
  grid.signal = Draw({260, 200}, 0.0, Grid(8, 6, 30.0, 500.0, 2.0));
  grid.sigma_px = 2.0;
  EXPECT_FALSE(FindParallelLines(grid).has_value());
  grid.signal = cv::Mat::zeros(100, 100, CV_32F);
  EXPECT_FALSE(FindParallelLines(grid).has_value());
  EXPECT_FALSE(FindParallelLines(Lines({60, 100}, 40.0, 0.0, 2.0, true)).has_value());  // 2 lines
}

}  // namespace
}  // namespace qc_metrics
