// Where beads may be, on stacks whose light is written out.

#include "qc_metrics/psf_detection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace qc_metrics {
namespace {

Stack Painted(cv::Size size, int planes, const std::function<double(int, int, int)>& value) {
  Stack stack;
  for (int z = 0; z < planes; ++z) {
    cv::Mat plane(size, CV_32F);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x)
        plane.at<float>(y, x) = static_cast<float>(value(x, y, z));
    }
    stack.planes.push_back(plane);
  }
  return stack;
}

/// Falls from 60 above 100 by 10 a pixel towards lower and by 8 towards higher places, to the 100.
double Tent(int d) { return 100.0 + std::max(0.0, 60.0 - (d < 0 ? -10.0 : 8.0) * d); }

// The half level, 130, is 3 px to the left and 3.75 px to the right; without the slopes none is.
TEST(HalfWidths, AreTheMeanOfBothSidesAlongTheirAxis) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Stack stack = Painted({30, 28}, 26, [&](int x, int y, int z) {
      return Tent(std::array{x, y, z}[axis] - 12);
    });
    const auto widths = HalfWidths(stack, {12, 12, 12}, 100.0, 9.0);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(widths[i], i == axis ? 3.375 : 0.0, 1e-6) << axis << " " << i;
    }
  }
}

TEST(HalfWidths, TakeTheOneSideThatIsThere) {
  const auto along_x = [](int from) {
    return Painted({30, 20}, 9, [=](int x, int, int) { return Tent(x - from); });
  };
  EXPECT_NEAR(HalfWidths(along_x(2), {2, 9, 4}, 100.0, 9.0)[0], 3.75, 1e-6);
  EXPECT_NEAR(HalfWidths(along_x(27), {27, 9, 4}, 100.0, 9.0)[0], 3.0, 1e-6);
  EXPECT_NEAR(HalfWidths(along_x(3), {3, 9, 4}, 100.0, 9.0)[0], 3.375, 1e-6);  // to the first voxel
  EXPECT_NEAR(HalfWidths(along_x(25), {25, 9, 4}, 100.0, 9.0)[0], 3.375, 1e-6);  // to the last
  // Within the reach the left side ends at 3 px, the right one at 4.
  EXPECT_NEAR(HalfWidths(along_x(15), {15, 9, 4}, 100.0, 3.0)[0], 3.0, 1e-6);
  EXPECT_EQ(HalfWidths(along_x(15), {15, 9, 4}, 100.0, 2.9)[0], 0.0);
  // Along z the whole stack is within reach.
  const Stack deep = Painted({12, 12}, 26, [](int, int, int z) { return Tent(z - 12); });
  EXPECT_NEAR(HalfWidths(deep, {5, 5, 12}, 100.0, 2.0)[2], 3.375, 1e-6);
}

// A ridge of 9 on the line itself is 3 in the mean of three lines (the half level is then 131.5,
// 3.15 px away on the left), 4.5 in that of two at the border, and 9 / 4 of 2 x 2 in a corner.
TEST(HalfWidths, AreReadFromTheMeanOfNineLinesOrWhatTheStackHasOfThem) {
  const auto left_of = [](int y0, int z0, const std::function<bool(int, int)>& on) {
    const Stack stack = Painted({30, 20}, 9, [&](int x, int y, int z) {
      return (x <= 15 ? Tent(x - 15) : 160.0) + (on(y, z) ? 9.0 : 0.0);
    });
    return HalfWidths(stack, {15, y0, z0}, 100.0, 9.0)[0];
  };
  const auto expected = [](double mean) { return (60.0 + mean) / 20.0; };
  EXPECT_NEAR(left_of(9, 4, [](int y, int) { return y == 9; }), expected(3.0), 1e-6);
  EXPECT_NEAR(left_of(9, 4, [](int, int z) { return z == 3; }), expected(3.0), 1e-6);
  EXPECT_NEAR(left_of(9, 4, [](int y, int z) { return y == 10 && z == 5; }), expected(1.0), 1e-6);
  EXPECT_NEAR(left_of(0, 4, [](int y, int) { return y == 0; }), expected(4.5), 1e-6);
  EXPECT_NEAR(left_of(19, 4, [](int y, int) { return y == 18; }), expected(4.5), 1e-6);
  EXPECT_NEAR(left_of(0, 8, [](int y, int z) { return y == 1 && z == 7; }), expected(2.25), 1e-6);
}

constexpr PsfSettings kSettings{.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2};

struct Spot {
  int x, y, z;
  double height;
};

/// Gaussian spots of a sigma of 1.5 px on a background, with noise.
Stack Spots(cv::Size size, int planes, const std::vector<Spot>& spots, double noise_sd,
            const std::function<double(int, int)>& background) {
  Stack stack = Painted(size, planes, [&](int x, int y, int z) {
    double value = background(x, y);
    for (const Spot& s : spots) {
      const double r2 = (x - s.x) * (x - s.x) + (y - s.y) * (y - s.y) + (z - s.z) * (z - s.z);
      value += r2 < 100.0 ? s.height * std::exp(-0.5 * r2 / 2.25) : 0.0;
    }
    return value;
  });
  cv::RNG rng(7);
  for (cv::Mat& plane : stack.planes) {
    cv::Mat noise(plane.size(), CV_32F);
    rng.fill(noise, cv::RNG::NORMAL, 0.0, noise_sd);
    plane += noise;
  }
  return stack;
}

Detection Detect(const Stack& stack, const PsfSettings& settings = kSettings) {
  return DetectBeads(stack, std::get<cv::Mat>(ProjectMaximum(stack)), settings);
}

// 1500 runs hold 12000 differences: 4 standard errors of their SD are 2.6 %. A half width of
// 1.77 px is read off straight lines between voxels, which cost up to .05 px.
TEST(DetectBeads, SaysWhereHowHighAndHowWide) {
  const std::vector<Spot> spots = {{40, 30, 7, 900.0}, {100, 44, 5, 1500.0}, {70, 75, 9, 600.0}};
  const Detection found = Detect(Spots({130, 110}, 16, spots, 3.0, [](int, int) { return 250.0; }));
  ASSERT_EQ(found.candidates.size(), 3U);
  const std::array<std::size_t, 3> order = {1, 0, 2};  // brightest first
  for (std::size_t i = 0; i < 3; ++i) {
    const Candidate& one = found.candidates[i];
    const Spot& spot = spots[order[i]];
    EXPECT_EQ(one.voxel, (std::array<int, 3>{spot.x, spot.y, spot.z}));
    EXPECT_NEAR(one.height_adu, spot.height, 13.0);
    EXPECT_FALSE(one.hot_pixel);
    for (const double width : one.half_width_px) EXPECT_NEAR(width, 1.77, 0.06);
  }
  EXPECT_NEAR(found.background.level_adu, 250.0, 0.2);
  EXPECT_NEAR(found.background.sd_adu, 3.0, 0.08);
  EXPECT_EQ(found.left_out, 0);
}

// Blocks of 64 px: one surface through the medians of 4 x 3 of them. Faint spots in every block
// of a bright, sloping background are found, and nothing else is.
TEST(DetectBeads, FaintSpotsOnASlopeAreFoundInEveryBlock) {
  std::vector<Spot> spots;
  for (int y = 16; y < 192; y += 32) {
    for (int x = 16; x < 256; x += 32) spots.push_back({x, y, 4, 60.0});
  }
  for (const auto& [along_x, along_y] :
       {std::pair{0.0, 0.0}, {0.3, 0.0}, {0.0, -0.3}, {-0.2, 0.2}}) {
    const Detection found = Detect(Spots({256, 192}, 8, spots, 1.0, [&](int x, int y) {
      return 1000.0 + along_x * x + along_y * y;
    }));
    EXPECT_EQ(found.candidates.size(), spots.size()) << along_x << " " << along_y;
    for (const Spot& spot : spots) {
      EXPECT_TRUE(std::any_of(found.candidates.begin(), found.candidates.end(),
                              [&](const auto& c) {
                                return std::abs(c.voxel[0] - spot.x) <= 1 &&
                                       std::abs(c.voxel[1] - spot.y) <= 1;
                              }))
          << spot.x << " " << spot.y;
    }
  }
}

// A pixel whose four neighbours hold less than a fifth of it each is hot; hot ones are clipped from
// the noise too.
TEST(DetectBeads, APixelWithoutNeighboursIsHot) {
  Stack stack = Spots({130, 110}, 8, {}, 3.0, [](int, int) { return 100.0; });
  const auto paint = [&](int x, int y, float height, float beside) {
    cv::Mat& plane = stack.planes[3];
    plane.at<float>(y, x) = 100.0F + height;
    plane.at<float>(y, x - 1) = plane.at<float>(y, x + 1) = 100.0F + beside;
    plane.at<float>(y - 1, x) = plane.at<float>(y + 1, x) = 100.0F + beside;
  };
  paint(30, 40, 2000.0F, 380.0F);
  paint(90, 60, 1900.0F, 400.0F);
  const Detection found = Detect(stack);
  ASSERT_EQ(found.candidates.size(), 2U);
  EXPECT_TRUE(found.candidates[0].voxel == (std::array<int, 3>{30, 40, 3}) ||
              found.candidates[1].voxel == (std::array<int, 3>{30, 40, 3}));
  for (const Candidate& one : found.candidates) {
    EXPECT_EQ(one.hot_pixel, one.voxel[0] == 30);
    EXPECT_EQ(one.half_width_px[0] > 0.0, one.voxel[0] != 30);
  }
  for (int i = 0; i < 600; ++i) {
    stack.planes[static_cast<std::size_t>(i % 8)].at<float>(i * 37 % 110, i * 71 % 130) = 600.0F;
  }
  EXPECT_NEAR(Detect(stack).background.sd_adu, 3.0, 0.12);
}

// The list ends at 5000 candidates; without noise 2 % of the highest is what stands out.
TEST(DetectBeads, CountsWhatItLeavesOut) {
  Stack stack{std::vector<cv::Mat>(5, cv::Mat(860, 860, CV_8U, cv::Scalar(10)))};
  cv::Mat lit(860, 860, CV_8U, cv::Scalar(10));
  int points = 0;
  for (int y = 6; y < 860; y += 12) {
    for (int x = 6; x < 860; x += 12, ++points) lit.at<std::uint8_t>(y, x) = 200;
  }
  stack.planes[2] = lit;
  const Detection found = Detect(stack);
  EXPECT_EQ(found.candidates.size(), 5000U);
  EXPECT_EQ(found.left_out, points - 5000);
}

// A weaker maximum within .6 of a brighter bead's full width is its noise: a bead of a sigma of 4
// px with two bright pixels 5 px apart is one, two spots of a sigma of 1.5 px that are 8 px apart
// stay.
TEST(DetectBeads, ASecondMaximumInsideABeadIsNone) {
  const auto wide = [](int x, int y, int z) {
    const double r2 = (x - 40.5) * (x - 40.5) + (y - 40) * (y - 40) + (z - 4) * (z - 4);
    const double knob = z == 4 && y == 40 ? (x == 38 ? 1000.0 : x == 43 ? 950.0 : 0.0) : 0.0;
    return 100.0 + 900.0 * std::exp(-r2 / 32.0) + knob;
  };
  const Detection one = Detect(Painted({80, 80}, 9, wide));
  ASSERT_EQ(one.candidates.size(), 1U);
  EXPECT_EQ(one.candidates[0].voxel, (std::array<int, 3>{38, 40, 4}));
  const Detection two = Detect(Spots({80, 80}, 9, {{36, 40, 4, 900.0}, {44, 40, 4, 800.0}}, 1.0,
                                     [](int, int) { return 100.0; }));
  EXPECT_EQ(two.candidates.size(), 2U);
}

}  // namespace
}  // namespace qc_metrics
