// Where half-maximum widths come from without a shape: the Gaussian fit, or the lines.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "qc_metrics/psf_halfmax.h"

namespace qc_metrics {
namespace {

const std::array<double, 3> kVoxelUm = {0.1, 0.12, 0.25};

Stack Empty() {
  Stack stack;
  for (int z = 0; z < 20; ++z) stack.planes.emplace_back(40, 40, CV_32F, cv::Scalar(100));
  return stack;
}

FitContext Of(const Stack& stack) {
  return {.stack = stack,
          .box = {1.0, 1.0},
          .noise = {.at_zero = 4.0, .floor = 1.0},
          .voxel_um = kVoxelUm,
          .background = {.level_adu = 100.0, .sd_adu = 2.0}};
}

/// A kept bead whose core has left the stack, so that no shape can be learned from it.
BeadWork Lost() {
  BeadWork work;
  work.candidate.half_width_px = {1.5, 1.0, 2.0};
  work.fitted.emplace();
  work.fitted->core =
      MakeParameters({-60.0, 20.0, 10.0}, {2.0, 2.0, 3.0, 0.0, 0.0, 0.0}, 500.0, 100.0, {0, 0, 0});
  work.bead.gaussian.emplace();
  work.bead.gaussian->amplitude_adu = 500.0;
  return work;
}

// 2 x 1.5 x .1 um along x and 2 x 1 x .12 along y.
TEST(MeasureHalfmax, WithoutAShapeOtherLightIsReadFromLines) {
  const Stack stack = Empty();
  std::vector<BeadWork> work = {Lost(), Lost(), Lost()};
  std::swap(work[1].candidate.half_width_px[0], work[1].candidate.half_width_px[1]);
  work[2].bead.rejected = RejectReason::kLowR2;
  ModelMismatch mismatch;
  mismatch.mismatch = true;
  const PooledLight light = MeasureHalfmax(Of(stack), mismatch, work);
  EXPECT_FALSE(light.is_shape);
  EXPECT_EQ(light.beads, 0);
  EXPECT_FALSE(work[2].bead.halfmax.has_value());
  const std::array<std::array<double, 3>, 2> widths = {{{0.30, 0.24, 1.0}, {0.20, 0.36, 1.0}}};
  for (std::size_t bead = 0; bead < 2; ++bead) {
    const HalfmaxBead& found = work[bead].bead.halfmax.value();
    EXPECT_EQ(found.source, HalfmaxSource::kLineProfile);
    const auto expect = [](const Estimate& e, double value) {
      EXPECT_NEAR(e.value, value, 1e-12);
      EXPECT_NEAR(e.u, 0.03 * value, 1e-12);
    };
    for (std::size_t i = 0; i < 3; ++i) expect(found.fwhm_um[i], widths[bead][i]);
    const auto [minor, major] = std::minmax(widths[bead][0], widths[bead][1]);
    expect(found.minor_um, minor);
    expect(found.major_um, major);
    expect(found.lateral_um, std::sqrt(minor * major));
    expect(found.asymmetry, minor / major);
    EXPECT_FALSE(found.skew.has_value());
  }
}

/// A bead that was fitted, with the section's ratio of axes uncertain by `u` of it.
BeadWork Fitted(const Shape& covariance_px2, double u) {
  BeadWork work = Lost();
  GaussianBead& g = *work.bead.gaussian;
  g.covariance_px2 = covariance_px2;
  g.fwhm_um = {Estimate{0.3, 0.003}, {0.25, 0.002}, {0.8, 0.01}};
  g.minor_um = {0.25, 0.005};
  g.major_um = {0.32, 0.016};
  g.lateral_um = {0.28, 0.0028};
  g.asymmetry = {0.8, 0.8 * u};
  g.chi2_per_dof = 1.07;
  return work;
}

// The section of the ellipsoid, not its shadow: 1 / width^2 is the lateral block of the precision.
// Of the logarithm of its ratio u^2 is taken off, which makes it round where noise is all there is.
TEST(MeasureHalfmax, GaussianLightKeepsItsWidthsAndHasTheSectionOfItsEllipsoid) {
  const Stack stack = Empty();
  const Shape shape = {5.0, 2.2, 4.0, 0.6, 1.4, -0.5};
  const Eigen::Vector3d voxel(kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]);
  const Eigen::Matrix3d precision =
      (voxel.asDiagonal() * ToMatrix(shape) * voxel.asDiagonal()).inverse();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(precision.topLeftCorner<2, 2>());
  const double minor = 2.3548200450309493 / std::sqrt(solver.eigenvalues()[1]);
  const double major = 2.3548200450309493 / std::sqrt(solver.eigenvalues()[0]);
  for (const double u : {0.0, 0.1, 0.9}) {
    std::vector<BeadWork> work = {Fitted(shape, u)};
    const PooledLight light = MeasureHalfmax(Of(stack), {}, work);
    EXPECT_FALSE(light.is_shape);
    const HalfmaxBead& found = work[0].bead.halfmax.value();
    EXPECT_EQ(found.source, HalfmaxSource::kGaussian);
    EXPECT_EQ(found.chi2_per_dof, 1.07);
    EXPECT_EQ(found.fwhm_um[2].value, 0.8);
    EXPECT_EQ(found.fwhm_um[2].u, 0.01);
    const double seen = std::log(major / minor);
    const double length = std::sqrt(std::max(0.0, seen * seen - u * u));
    EXPECT_EQ(length == 0.0, u == 0.9);
    const double mean = std::sqrt(minor * major);
    EXPECT_NEAR(found.lateral_um.value, mean, 1e-9);
    EXPECT_NEAR(found.minor_um.value, mean * std::exp(-0.5 * length), 1e-9);
    EXPECT_NEAR(found.major_um.value, mean * std::exp(0.5 * length), 1e-9);
    EXPECT_NEAR(found.asymmetry.value, std::exp(-length), 1e-9);
    EXPECT_NEAR(found.minor_um.u / found.minor_um.value, 0.02, 1e-9);
    EXPECT_NEAR(found.major_um.u / found.major_um.value, 0.05, 1e-9);
    EXPECT_NEAR(found.lateral_um.u / found.lateral_um.value, 0.01, 1e-9);
    EXPECT_NEAR(found.asymmetry.u / found.asymmetry.value, u, 1e-9);
  }
}

}  // namespace
}  // namespace qc_metrics
