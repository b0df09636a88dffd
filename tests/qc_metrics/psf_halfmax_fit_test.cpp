// One bead against a frozen shape: windows, limits of a step, and where the fit ends.

#include "qc_metrics/psf_halfmax_fit.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <functional>

namespace qc_metrics {
namespace {

const Shape kTilted = {2.4, 2.1, 4.0, 0.5, 0.7, -0.4};
const std::array<double, 3> kCentre = {30.3, 28.7, 20.4};

Stack Painted(const std::function<double(const Eigen::Vector3d&)>& value) {
  Stack stack;
  for (int z = 0; z < 41; ++z) {
    cv::Mat plane(58, 60, CV_32F);
    for (int y = 0; y < 58; ++y) {
      for (int x = 0; x < 60; ++x)
        plane.at<float>(y, x) = static_cast<float>(value(Eigen::Vector3d(x, y, z)));
    }
    stack.planes.push_back(plane);
  }
  return stack;
}

/// 800 ADU of tilted Gaussian light on 100.
Stack Bead() {
  const Eigen::Matrix3d precision = ToMatrix(kTilted).inverse();
  return Painted([&](const Eigen::Vector3d& at) {
    const Eigen::Vector3d d = at - Eigen::Vector3d(kCentre[0], kCentre[1], kCentre[2]);
    return 100.0 + 800.0 * std::exp(-0.5 * d.dot(precision * d));
  });
}

FitContext Of(const Stack& stack) {
  return {.stack = stack,
          .box = {0.0, 0.0},
          .noise = {.at_zero = 4.0, .floor = 1.0},
          .voxel_um = {0.1, 0.11, 0.25},
          .background = {.level_adu = 100.0, .sd_adu = 2.0}};
}

/// Its core, which took 90 ADU for the background.
FittedBead CoreAt(const std::array<double, 3>& centre, const Shape& shape = kTilted) {
  FittedBead fitted;
  fitted.core_origin = {28, 30, 19};
  fitted.core = MakeParameters(centre, shape, 810.0, 90.0, fitted.core_origin);
  return fitted;
}

int VoxelsOf(const Stack& stack, const std::array<double, 3>& centre, const Shape& shape,
             double radius) {
  return EllipsoidWindow(stack, centre, shape, radius)->voxels;
}

TEST(StartShaped, StandsWhereTheCoreDoesOnItsFarBackground) {
  const Stack stack = Bead();
  const auto bead = StartShaped(Of(stack), CoreAt(kCentre));
  ASSERT_TRUE(bead.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(bead->origin[i] + bead->light.centre_px[static_cast<Eigen::Index>(i)], kCentre[i],
                1e-9);
    EXPECT_EQ(bead->origin[i], std::lround(kCentre[i]));
  }
  EXPECT_NEAR(bead->light.background_adu, 100.0, 1e-3);
  EXPECT_EQ(bead->light.background_adu, bead->background.value);
  EXPECT_NEAR(bead->light.amplitude_adu, 810.0 + 90.0 - 100.0, 1e-3);
  EXPECT_NEAR((bead->light.map * bead->light.map - ToMatrix(kTilted).inverse()).norm(), 0.0, 1e-9);
  EXPECT_NEAR((bead->light.map - bead->light.map.transpose()).norm(), 0.0, 1e-12);
  EXPECT_EQ(bead->count, VoxelsOf(stack, kCentre, kTilted, 3.0));
  FittedBead hot = CoreAt(kCentre);
  hot.hot_columns = {{31, 27}};
  Window without = *EllipsoidWindow(stack, kCentre, kTilted, 3.0);
  RemoveColumn(without, 31 - without.origin[0], 27 - without.origin[1]);
  EXPECT_LT(without.voxels, bead->count);
  EXPECT_EQ(StartShaped(Of(stack), hot)->count, without.voxels);
}

// A core that is moved out of the stack leaves fewer and fewer voxels.
TEST(StartShaped, NeedsSixtyVoxels) {
  const Stack stack = Bead();
  int least = 1000, most_refused = 0;
  for (double x = -4.0; x < 0.0; x += 0.01) {
    const std::array<double, 3> centre = {x, 28.7, 20.4};
    const int voxels = VoxelsOf(stack, centre, kTilted, 3.0);
    if (StartShaped(Of(stack), CoreAt(centre))) {
      least = std::min(least, voxels);
    } else {
      most_refused = std::max(most_refused, voxels);
    }
  }
  EXPECT_GE(least, 60);
  EXPECT_LT(most_refused, 60);
  EXPECT_LE(least - most_refused, 3);  // both sides were met
}

// 3.5 widths; the window is the map's ellipsoid, scaled by the geometric mean of three ratios.
TEST(Rewindow, IsInUnitsOfTheWidthsThatWereFound) {
  const Stack stack = Bead();
  const FitContext context = Of(stack);
  auto bead = StartShaped(context, CoreAt(kCentre));
  const Eigen::Matrix3d precision = ToMatrix(kTilted).inverse();
  for (const auto& times : {std::array{1.0, 1.0, 1.0}, {1.3, 1.0, 1.0}, {1.1, 0.8, 1.4}}) {
    std::array<double, 3> fwhm{};
    for (std::size_t i = 0; i < 3; ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      fwhm[i] = times[i] * 2.3548200450309493 / std::sqrt(precision(k, k)) * context.voxel_um[i];
    }
    const double scale = std::cbrt(times[0] * times[1] * times[2]);
    Shape wanted = kTilted;
    for (double& element : wanted) element *= scale * scale;
    ASSERT_TRUE(Rewindow(context, fwhm, *bead));
    EXPECT_EQ(bead->count, VoxelsOf(stack, kCentre, wanted, 3.5));
    EXPECT_NEAR(bead->origin[1] + bead->light.centre_px[1], kCentre[1], 1e-9);
  }
}

// Of a window of more than 8000 voxels every second is taken.
TEST(Rewindow, ThinsALargeWindow) {
  const Stack stack = Bead();
  const Shape ball = {16.0, 16.0, 9.0, 0.0, 0.0, 0.0};
  auto bead = StartShaped(Of(stack), CoreAt(kCentre, ball));
  ASSERT_TRUE(bead.has_value());
  const int whole = VoxelsOf(stack, kCentre, ball, 3.5);
  ASSERT_GT(whole, 8000);
  constexpr double kWidth = 2.3548200450309493;
  ASSERT_TRUE(
      Rewindow(Of(stack), {4.0 * kWidth * 0.1, 4.0 * kWidth * 0.11, 3.0 * kWidth * 0.25}, *bead));
  EXPECT_EQ(bead->count, (whole + 1) / 2);
}

const NoiseLine kNoise{.at_zero = 4.0, .floor = 1.0};

/// Voxels of Gaussian light without noise, at the light itself.
ShapedBead Exact(const MappedBead& light, double radius = 4.0) {
  const Stack stack = Painted([&](const Eigen::Vector3d& at) {
    const Eigen::Vector3d u =
        light.map * (at - Eigen::Vector3d(30.0, 28.0, 20.0) - light.centre_px);
    return light.background_adu + light.amplitude_adu * std::exp(-0.5 * u.squaredNorm());
  });
  const Shape shape = ToShape((light.map.transpose() * light.map).inverse());
  const auto window = EllipsoidWindow(stack, {30.0, 28.0, 20.0}, shape, radius);
  ShapedBead bead;
  bead.light = light;
  bead.voxels = PackWindow(*window, 100000);
  bead.count = window->voxels;
  return bead;
}

MappedBead Light(const Eigen::Matrix3d& map, const Eigen::Vector3d& centre = {0.2, -0.3, 0.1}) {
  return {.centre_px = centre, .map = map, .amplitude_adu = 1000.0, .background_adu = 100.0};
}

const ShapeTable kGaussian = TableOf({{}, {}});

TEST(FitShaped, FindsAHundredthOfASigma) {
  Eigen::Matrix3d map;
  map << 0.60, 0.05, 0.02, 0.05, 0.55, -0.04, 0.02, -0.04, 0.45;
  const ShapedBead truth = Exact(Light(map));
  for (const MapKind kind : {MapKind::kSymmetric, MapKind::kFree}) {
    ShapedBead bead = truth;
    bead.light.centre_px += Eigen::Vector3d(0.9, -0.6, 0.5);
    bead.light.amplitude_adu *= 0.4;
    bead.light.map *= 1.3;
    ASSERT_TRUE(FitShaped(kGaussian, kNoise, kind, 30, bead));
    EXPECT_NEAR(bead.light.amplitude_adu, 1000.0, 0.3);
    EXPECT_NEAR((bead.light.centre_px - truth.light.centre_px).norm(), 0.0, 5e-4);
    EXPECT_NEAR((bead.light.map - map).norm(), 0.0, 3e-4);
    EXPECT_LT(bead.ChiSquarePerDof(), 1e-3);
    EXPECT_GT(bead.information(1, 1), 0.0);
  }
}

TEST(FitShaped, ASymmetricMapStaysOne) {
  Eigen::Matrix3d map;
  map << 0.60, 0.15, 0.02, 0.03, 0.55, -0.04, 0.00, 0.07, 0.45;
  const ShapedBead truth = Exact(Light(map));
  ShapedBead free = truth, symmetric = truth;
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 5, free));
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kSymmetric, 5, symmetric));
  EXPECT_NEAR((free.light.map - map).norm(), 0.0, 1e-4);
  const Eigen::Matrix3d& found = symmetric.light.map;
  EXPECT_NEAR((found - found.transpose()).norm(), 0.0, 1e-12);
  EXPECT_NEAR((found * found - map.transpose() * map).norm(), 0.0, 1e-4);
}

// The longest steps are .5 of ln A, .7 voxels and a strain of .35; the largest ratio scales all.
TEST(FitShaped, NoStepIsLongerThanItsLimit) {
  const Eigen::Matrix3d round = 0.4 * Eigen::Matrix3d::Identity();
  const ShapedBead truth = Exact(Light(round, Eigen::Vector3d::Zero()));
  ShapedBead low = truth;
  low.light.amplitude_adu *= std::exp(-2.0);
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 1, low));
  EXPECT_NEAR(low.light.amplitude_adu, 1000.0 * std::exp(-1.5), 1e-6);
  EXPECT_LT(low.light.centre_px.norm(), 1e-3);
  ShapedBead aside = truth;
  aside.light.centre_px[1] = -2.0;
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 1, aside));
  EXPECT_NEAR(aside.light.centre_px[1], -1.3, 1e-9);
  ShapedBead sheared = truth;
  Eigen::Matrix3d shear = Eigen::Matrix3d::Identity();
  shear(0, 1) = shear(1, 0) = 0.6;
  sheared.light.map = shear * round;
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 1, sheared));
  const Eigen::Matrix3d factor = sheared.light.map * (shear * round).inverse();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(0.5 * (factor + factor.transpose()));
  const Eigen::Matrix3d strain = solver.eigenvectors() *
                                 solver.eigenvalues().array().log().matrix().asDiagonal() *
                                 solver.eigenvectors().transpose();
  EXPECT_NEAR(strain.cwiseAbs().maxCoeff(), 0.35, 1e-9);
  ShapedBead near = truth;  // a short step is whole: half a thousandth is left of .03
  near.light.amplitude_adu *= std::exp(-0.03);
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 1, near));
  EXPECT_NEAR(near.light.amplitude_adu, 1000.0, 0.6);
  ShapedBead none = truth;
  none.light.amplitude_adu = 5.0;
  ASSERT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 0, none));
  EXPECT_EQ(none.light.amplitude_adu, 5.0);
}

TEST(FitShaped, ACentreBeyondThreeUnitsOfTheOriginHasRunAway) {
  const Eigen::Matrix3d round = 0.5 * Eigen::Matrix3d::Identity();
  for (int axis = 0; axis < 3; ++axis) {
    Eigen::Vector3d centre = Eigen::Vector3d::Zero();
    centre[axis] = 2.95 / 0.5;
    ShapedBead inside = Exact(Light(round, centre), 6.0);
    EXPECT_TRUE(FitShaped(kGaussian, kNoise, MapKind::kFree, 3, inside));
    centre[axis] = -3.05 / 0.5;
    ShapedBead outside = Exact(Light(round, centre), 6.0);
    EXPECT_FALSE(FitShaped(kGaussian, kNoise, MapKind::kFree, 3, outside));
  }
}

TEST(FitShaped, NeedsVoxels) {
  ShapedBead bead;
  EXPECT_FALSE(FitShaped(kGaussian, kNoise, MapKind::kFree, 3, bead));
}

TEST(ShapedBead, ChiSquareIsPerDegreeOfFreedom) {
  ShapedBead bead;
  bead.chi2 = 120.0;
  bead.count = 70;
  EXPECT_EQ(bead.ChiSquarePerDof(), 2.0);
  bead.count = 8;
  EXPECT_EQ(bead.ChiSquarePerDof(), 120.0);
}

}  // namespace
}  // namespace qc_metrics
