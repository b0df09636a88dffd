// The variance as a line of the mean: from camera keys, from differences, from residuals.

#include "qc_metrics/psf_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

Stack Painted(int type, const std::function<double(int, int, int)>& value) {
  Stack stack;
  for (int z = 0; z < 31; ++z) {
    cv::Mat plane(32, 33, CV_64F);
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 33; ++x) plane.at<double>(y, x) = value(x, y, z);
    }
    plane.convertTo(stack.planes.emplace_back(), type);
  }
  return stack;
}

Stack Flat(int type) {
  return Painted(type, [](int, int, int) { return 100.0; });
}

PsfSettings Settings() {
  return {.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2};
}

Detection Found(const std::vector<Candidate>& candidates, double sd_adu = 3.0) {
  return {.candidates = candidates, .background = {.level_adu = 100.0, .sd_adu = sd_adu}};
}

// .5 e- a count, 2 e- of read noise, an offset of 80: 1 / gain = 2, (2 / .5)^2 = 16.
TEST(StartNoise, FollowsTheCameraKeys) {
  PsfSettings settings = Settings();
  settings.gain_e_per_adu = 0.5;
  settings.read_noise_e = 2.0;
  settings.camera_offset_adu = 80.0;
  const NoiseLine whole = StartNoise(Flat(CV_16U), settings, Found({}));
  EXPECT_EQ(whole.per_adu, 2.0);
  EXPECT_NEAR(whole.at_zero, 16.0 + 1.0 / 12.0 - 160.0, 1e-12);
  EXPECT_FALSE(whole.estimated);
  EXPECT_NEAR(StartNoise(Flat(CV_32F), settings, Found({})).at_zero, 16.0 - 160.0, 1e-12);
  // With the gain alone the line goes through the background's 9 at 100.
  for (const bool offset : {true, false}) {
    PsfSettings part = settings;
    (offset ? part.camera_offset_adu : part.read_noise_e).reset();
    const NoiseLine noise = StartNoise(Flat(CV_16U), part, Found({}));
    EXPECT_EQ(noise.per_adu, 2.0);
    EXPECT_NEAR(noise.at_zero, 9.0 - 200.0, 1e-12);
    EXPECT_TRUE(noise.estimated);
  }
  const NoiseLine none = StartNoise(Flat(CV_16U), Settings(), Found({}));
  EXPECT_EQ(none.per_adu, 0.0);
  EXPECT_NEAR(none.at_zero, 9.0, 1e-12);
}

TEST(StartNoise, HasAFloor) {
  const auto floor = [](int type, double sd, const std::vector<Candidate>& candidates) {
    return StartNoise(Flat(type), Settings(), Found(candidates, sd)).floor;
  };
  EXPECT_NEAR(floor(CV_16U, 3.0, {}), 2.7, 1e-12);
  EXPECT_NEAR(floor(CV_16U, 0.1, {}), 1.0 / 12.0, 1e-12);
  EXPECT_NEAR(floor(CV_32F, 0.1, {}), 0.003, 1e-12);
  EXPECT_NEAR(floor(CV_32F, 0.0, {}), 1e-10, 1e-16);
  EXPECT_NEAR(floor(CV_32F, 0.0, {{.voxel = {9, 9, 9}, .height_adu = 2e3}}), 4e-4, 1e-10);
}

TEST(WithSlope, TurnsTheLineAboutTheBackground) {
  const NoiseLine line =
      WithSlope({.at_zero = 1.0, .per_adu = 1.0, .floor = 0.5, .estimated = true}, 0.25,
                {.level_adu = 80.0, .sd_adu = 5.0});
  EXPECT_EQ(line.per_adu, 0.25);
  EXPECT_EQ(line.at_zero, 25.0 - 20.0);
  EXPECT_EQ(line.floor, 0.5);
}

/// Values that alternate by +-20 about 600 + 10 |d| in x, y and z: no second difference along all
/// three axes but that of the alternation, 64 x 20.
double Alternating(int x, int y, int z, const std::array<int, 3>& about) {
  const int d = std::abs(x - about[0]) + std::abs(y - about[1]) + std::abs(z - about[2]);
  return 600.0 + 10.0 * d + ((x + y + z) % 2 == 0 ? 20.0 : -20.0);
}

/// What the sums over a box of these are: the weights' squares sum to 216, alternating to 8.
double SlopeOf(const std::array<int, 3>& low, const std::array<int, 3>& high,
               const std::array<int, 3>& about) {
  double excess = 0.0, signal = 0.0;
  for (int z = low[2]; z <= high[2]; ++z) {
    for (int y = low[1]; y <= high[1]; ++y) {
      for (int x = low[0]; x <= high[0]; ++x) {
        double mean = 0.0;
        for (int c = 0; c < 27; ++c) {
          const std::array<int, 3> step = {c % 3 - 1, c / 3 % 3 - 1, c / 9 - 1};
          double weight = 1.0;
          for (const int s : step) weight *= s == 0 ? 4.0 : 1.0;
          mean += weight / 216.0 * Alternating(x + step[0], y + step[1], z + step[2], about);
        }
        excess += 1280.0 * 1280.0 / 216.0 - 9.0;
        signal += mean - 100.0;
      }
    }
  }
  return excess / signal;
}

// 1.5 half widths to each side, rounded down, within 1 and 6 voxels and one voxel inside the stack.
TEST(StartNoise, TheSlopeIsTheExcessOfDifferencesOverTheSignal) {
  struct Case {
    std::array<int, 3> voxel;
    std::array<double, 3> half;
    std::array<int, 3> low, high;
  };
  for (const Case& c : {Case{{16, 15, 14}, {2.0, 1.0, 2.9}, {13, 14, 10}, {19, 16, 18}},
                        Case{{16, 15, 14}, {0.3, 9.0, 4.7}, {15, 9, 8}, {17, 21, 20}},
                        Case{{2, 29, 1}, {3.0, 3.0, 3.0}, {1, 25, 1}, {6, 30, 5}},
                        Case{{30, 2, 29}, {3.0, 3.0, 3.0}, {26, 1, 25}, {31, 6, 29}}}) {
    const Stack stack =
        Painted(CV_16U, [&](int x, int y, int z) { return Alternating(x, y, z, c.voxel); });
    const Candidate one{.voxel = c.voxel, .height_adu = 500.0, .half_width_px = c.half};
    const NoiseLine noise = StartNoise(stack, Settings(), Found({one}));
    const double slope = SlopeOf(c.low, c.high, c.voxel);
    EXPECT_NEAR(noise.per_adu, slope, 1e-9 * slope);
    EXPECT_NEAR(noise.at_zero, 9.0 - 100.0 * slope, 1e-6);
  }
}

// The mean over beads up to twice their median; hot pixels and beads at an end have no say.
TEST(StartNoise, PairsAndDirtAreLeftOutOfTheSlope) {
  const std::array<int, 6> centres = {4, 9, 14, 19, 24, 28};
  const auto amplitude = [&](int x) {
    for (std::size_t i = 0; i < centres.size(); ++i) {
      if (std::abs(x - centres[i]) <= 2) return std::array{20, 21, 22, 34, 20, 20}[i];
    }
    return 0;
  };
  const Stack stack = Painted(CV_16U, [&](int x, int y, int z) {
    return 1100.0 + amplitude(x) * ((x + y + z) % 2 == 0 ? 1 : -1);
  });
  std::vector<Candidate> all;
  for (const int x : centres) {
    all.push_back({.voxel = {x, 15, 14}, .height_adu = 500.0, .half_width_px = {0.7, 3.0, 3.0}});
  }
  all[4].hot_pixel = true;
  all[5].half_width_px[2] = 0.0;
  const NoiseLine noise = StartNoise(stack, Settings(), Found(all));
  double expected = 0.0;
  for (const double a : {20.0, 21.0, 22.0}) {  // 34^2 is beyond twice 22^2
    expected += (4096.0 * a * a / 216.0 - 9.0) / 1000.0 / 3.0;
  }
  EXPECT_NEAR(noise.per_adu / expected, 1.0, 1e-3);  // the alternation's mean is 1e-4 of the signal
}

/// Residuals of the variance 9 + .4 x signal about a plain of 1000 on 100, `voxels` of them; ten
/// parameters take their part.
TEST(SlopeFromResiduals, IsThatOfTheResidualsForTheFreedomLeft) {
  for (const auto& [voxels, freedom] :
       {std::pair{50, 50.0 / 40.0}, {12, 4.0}, {200, 200.0 / 190.0}}) {
    GaussianFit fit;
    fit.theta =
        MakeParameters({0.0, 0.0, 0.0}, {1e9, 1e9, 1e9, 0.0, 0.0, 0.0}, 1000.0, 100.0, {0, 0, 0});
    Window window;
    window.rows = {{0, 0, 0, voxels, 0}};
    window.voxels = voxels;
    for (int i = 0; i < voxels; ++i) {
      window.values.push_back(
          static_cast<float>(1100.0 + (i % 2 == 0 ? 1.0 : -1.0) * std::sqrt(9.0 + 400.0)));
    }
    const Background background{.level_adu = 100.0, .sd_adu = 3.0};
    const NoiseLine start{.at_zero = 9.0, .per_adu = 0.2, .floor = 1.0};
    EXPECT_NEAR(SlopeFromResiduals(window, fit, start, {0.0, 0.0}, background), 0.4 * freedom,
                1e-4);
    // Less noise than the background has is no negative slope; nor is there one without signal.
    std::fill(window.values.begin(), window.values.end(), 1100.0F);
    EXPECT_EQ(SlopeFromResiduals(window, fit, start, {0.0, 0.0}, background), 0.0);
    EXPECT_EQ(SlopeFromResiduals(window, fit, start, {0.0, 0.0}, {.level_adu = 1200.0}), 0.0);
  }
}

/// The slope that a field of `side` x `side` beads with a halo ends with, over that of differences.
double SlopeKeptOfAHalo(int side) {
  Stack stack;
  cv::RNG rng(5);
  const auto off = [](int at) { return (at % 80) - 39.7; };
  for (int z = 0; z < 41; ++z) {
    cv::Mat plane(80 * side, 80 * side, CV_32F);
    for (int y = 0; y < plane.rows; ++y) {
      for (int x = 0; x < plane.cols; ++x) {
        const double r2 = off(x) * off(x) + off(y) * off(y) + (z - 20.1) * (z - 20.1);
        const double light = 2000.0 * (0.8 * std::exp(-r2 / 18.0) + 0.2 * std::exp(-r2 / 72.0));
        plane.at<float>(y, x) =
            static_cast<float>(100.0 + light + std::sqrt(4.0 + 0.2 * light) * rng.gaussian(1.0));
      }
    }
    stack.planes.push_back(plane);
  }
  const auto maximum = std::get<cv::Mat>(ProjectMaximum(stack));
  const NoiseLine start = StartNoise(stack, Settings(), DetectBeads(stack, maximum, Settings()));
  EXPECT_NEAR(start.per_adu, 0.2, 0.1 / side);  // two standard errors
  const auto field = std::get<PsfField>(LocateBeads(stack, Settings()));
  EXPECT_EQ(field.Kept(), side * side);
  return field.noise.per_adu / start.per_adu;
}

// What a Gaussian leaves of a halo is structure, a multiple of the noise. Differences of neighbours
// do not see it, and residuals may raise the slope by three of the differences' standard errors
// only: a quarter each, over the root of the beads.
TEST(StartNoise, StructureRaisesTheSlopeByThreeStandardErrorsAtMost) {
  EXPECT_NEAR(SlopeKeptOfAHalo(1), 1.75, 1e-6);
  EXPECT_NEAR(SlopeKeptOfAHalo(2), 1.375, 1e-6);
}

}  // namespace
}  // namespace qc_metrics
