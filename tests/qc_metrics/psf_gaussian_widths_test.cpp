// What a fit says of a bead: closed forms, and uncertainties against numerical derivatives.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <functional>

#include "qc_metrics/psf_gaussian_fit.h"

namespace qc_metrics {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;
constexpr std::array<double, 3> kVoxelUm = {0.1, 0.11, 0.25};
constexpr PixelBox kBox{1.0, 0.6};
const Shape kTilted = {4.1, 3.2, 5.0, 0.7, 1.1, -0.6};
const NoiseLine kNoise{.at_zero = 9.0, .per_adu = 0.5, .floor = 1.0};

/// A converged fit with a chi2 of 1 per degree of freedom.
GaussianFit FitOf(const Shape& shape, const std::array<double, 3>& centre = {0.4, -0.3, 0.2}) {
  GaussianFit fit;
  fit.theta = MakeParameters({40.0 + centre[0], 30.0 + centre[1], 20.0 + centre[2]}, shape, 900.0,
                             100.0, {40, 30, 20});
  fit.theta.segment<3>(11) << 0.5, -0.25, 1.5;
  fit.origin = {40, 30, 20};
  fit.information = 1e6 * Information::Identity();
  fit.voxels = 514;
  fit.chi2 = 500.0;
  fit.steps = 7;
  fit.converged = true;
  return fit;
}

GaussianBead Described(const GaussianFit& fit) {
  const auto bead = DescribeFit(fit, {}, kNoise, kBox, kVoxelUm);
  EXPECT_TRUE(bead.has_value());
  return bead.value_or(GaussianBead{});
}

TEST(DescribeFit, WidthsAreThoseOfTheLightWithoutThePixel) {
  const GaussianBead bead = Described(FitOf(kTilted));
  Eigen::Matrix3d light = ToMatrix(kTilted);
  light(0, 0) -= 1.0 / 12.0;
  light(1, 1) -= 0.6 / 12.0;
  const Eigen::Vector3d voxel(kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]);
  const Eigen::Matrix3d covariance = voxel.asDiagonal() * light * voxel.asDiagonal();
  const Eigen::Matrix3d precision = covariance.inverse();
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(bead.fwhm_um[static_cast<std::size_t>(i)].value,
                kFwhmPerSigma / std::sqrt(precision(i, i)), 1e-9);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> lateral(covariance.topLeftCorner<2, 2>());
  const double minor = kFwhmPerSigma * std::sqrt(lateral.eigenvalues()[0]);
  const double major = kFwhmPerSigma * std::sqrt(lateral.eigenvalues()[1]);
  EXPECT_NEAR(bead.minor_um.value, minor, 1e-9);
  EXPECT_NEAR(bead.major_um.value, major, 1e-9);
  EXPECT_NEAR(bead.lateral_um.value, std::sqrt(minor * major), 1e-9);
  EXPECT_NEAR(bead.asymmetry.value, minor / major, 1e-9);
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> axes(covariance);
  const double lean = std::acos(std::abs(axes.eigenvectors()(2, 2))) * 180.0 / 3.14159265358979;
  EXPECT_NEAR(bead.tilt_deg.value, lean, 1e-7);
  EXPECT_GT(lean, 5.0);
  for (std::size_t e = 0; e < 6; ++e) EXPECT_NEAR(bead.shape_px2[e], kTilted[e], 1e-9);
  EXPECT_NEAR((ToMatrix(bead.covariance_px2) - light).norm(), 0.0, 1e-9);
  EXPECT_NEAR(bead.centre_px[0].value, 40.4, 1e-9);
  EXPECT_NEAR(bead.centre_px[1].value, 29.7, 1e-9);
  EXPECT_NEAR(bead.centre_px[2].value, 20.2, 1e-9);
  EXPECT_NEAR(bead.amplitude_adu, 900.0, 1e-6);
  EXPECT_NEAR(bead.background_adu, 100.0 + 0.5 * 0.4 + 0.25 * 0.3 + 1.5 * 0.2, 1e-9);
  EXPECT_EQ(bead.background_slope_adu_per_px, (std::array<double, 3>{0.5, -0.25, 1.5}));
  EXPECT_EQ(bead.voxels, 514);
  EXPECT_EQ(bead.steps, 7);
  EXPECT_EQ(bead.chi2_per_dof, 1.0);
}

/// u^2 = sum over parameters of (derivative)^2 / 1e6, by differences.
double Propagated(const std::function<double(const GaussianBead&)>& value, const GaussianFit& fit) {
  double square = 0.0;
  for (Eigen::Index p = 0; p < 14; ++p) {
    GaussianFit up = fit, down = fit;
    up.theta[p] += 1e-6;
    down.theta[p] -= 1e-6;
    const double slope = (value(Described(up)) - value(Described(down))) / 2e-6;
    square += slope * slope / fit.information(p, p);
  }
  return std::sqrt(square);
}

TEST(DescribeFit, UncertaintiesFollowFromThoseOfTheParameters) {
  GaussianFit fit = FitOf(kTilted);
  for (Eigen::Index p = 0; p < 14; ++p) fit.information(p, p) *= 1.0 + 0.3 * static_cast<double>(p);
  const std::vector<std::function<Estimate(const GaussianBead&)>> all = {
      [](const GaussianBead& b) { return b.fwhm_um[0]; },
      [](const GaussianBead& b) { return b.fwhm_um[1]; },
      [](const GaussianBead& b) { return b.fwhm_um[2]; },
      [](const GaussianBead& b) { return b.centre_px[0]; },
      [](const GaussianBead& b) { return b.centre_px[1]; },
      [](const GaussianBead& b) { return b.centre_px[2]; },
      [](const GaussianBead& b) { return b.minor_um; },
      [](const GaussianBead& b) { return b.major_um; },
      [](const GaussianBead& b) { return b.lateral_um; },
      [](const GaussianBead& b) { return b.asymmetry; },
      [](const GaussianBead& b) { return b.tilt_deg; }};
  const GaussianBead bead = Described(fit);
  GaussianFit noisy = fit;
  noisy.chi2 *= 1.7;
  GaussianFit quiet = fit;
  quiet.chi2 *= 0.7;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double u = Propagated([&](const GaussianBead& b) { return all[i](b).value; }, fit);
    EXPECT_NEAR(all[i](bead).u / u, 1.0, 1e-4) << i;
    // More chi2 than expected is noise that was not known, less is chance.
    EXPECT_NEAR(all[i](Described(noisy)).u / u, std::sqrt(1.7), 2e-4) << i;
    EXPECT_NEAR(all[i](Described(quiet)).u / u, 1.0, 1e-4) << i;
  }
}

// Of a round section any two axes are the longest and the shortest.
TEST(DescribeFit, ARoundBeadHasAxesToo) {
  const GaussianFit fit = FitOf({4.0 + 1.0 / 12.0, 4.0 / 1.21 + 0.05, 9.0, 0.0, 0.0, 0.0});
  const GaussianBead bead = Described(fit);
  EXPECT_NEAR(bead.asymmetry.value, 1.0, 1e-6);
  EXPECT_NEAR(bead.minor_um.value, kFwhmPerSigma * 0.2, 1e-6);
  EXPECT_NEAR(bead.minor_um.u / bead.fwhm_um[0].u, 1.0, 0.25);
  const double lateral = Propagated([](const GaussianBead& b) { return b.lateral_um.value; }, fit);
  EXPECT_NEAR(bead.lateral_um.u / lateral, 1.0, 1e-3);
  // About a true 0 the angle's root mean square is that of two components.
  EXPECT_NEAR(bead.tilt_deg.value, 0.0, 1e-5);
  EXPECT_TRUE(std::isfinite(bead.tilt_deg.u));
}

// A section that is round to the last bit.
TEST(DescribeFit, NoDirectionIsNeededOfARoundSection) {
  GaussianFit fit = FitOf({4.0, 4.0, 9.0, 0.0, 0.0, 0.0});
  fit.theta.segment<6>(4) << -0.125, -0.125, -0.0625, 0.0, 0.0, 0.0;
  const auto bead = DescribeFit(fit, {}, kNoise, {1.0, 1.0}, {0.1, 0.1, 0.25});
  ASSERT_TRUE(bead.has_value());
  EXPECT_EQ(bead->asymmetry.value, 1.0);
  for (const Estimate& e : {bead->minor_um, bead->major_um, bead->lateral_um, bead->asymmetry}) {
    EXPECT_GT(e.u, 0.0);
    EXPECT_TRUE(std::isfinite(e.u));
  }
}

TEST(DescribeFit, GoodnessIsThatOfTheWindow) {
  const GaussianFit fit = FitOf(kTilted);
  Window window;
  for (int y = -3; y <= 3; ++y) {
    window.rows.push_back({-4, y, y % 2, 9, window.values.size()});
    window.values.resize(window.values.size() + 9);
  }
  window.voxels = 63;
  const std::vector<double> model = ModelValues(window, fit.theta, kBox);
  for (const double amount : {1.0, 5.0, 40.0}) {
    double sum = 0.0, squares = 0.0, residual = 0.0, expected = 0.0;
    for (std::size_t i = 0; i < 63; ++i) {
      window.values[i] =
          static_cast<float>(model[i] + amount * std::sin(1.7 * static_cast<double>(i)));
      const auto value = static_cast<double>(window.values[i]);
      sum += value;
      squares += value * value;
      residual += (value - model[i]) * (value - model[i]);
      expected += 9.0 + 0.5 * model[i];
    }
    const double total = squares - sum * sum / 63.0;
    const auto bead = DescribeFit(fit, window, kNoise, kBox, kVoxelUm);
    ASSERT_TRUE(bead.has_value());
    EXPECT_NEAR(bead->r2, 1.0 - residual / total, 1e-9);
    EXPECT_NEAR(bead->structure_r2, 1.0 - std::max(0.0, residual - expected) / (total - expected),
                1e-9);
    EXPECT_EQ(bead->structure_r2 == 1.0, amount < 10.0);
  }
  std::fill(window.values.begin(), window.values.end(), 100.0F);  // nothing to explain
  const auto flat = DescribeFit(fit, window, kNoise, kBox, kVoxelUm);
  EXPECT_EQ(flat->r2, 0.0);
  EXPECT_EQ(flat->structure_r2, 0.0);
}

TEST(DescribeFit, RefusesWhatIsNoBead) {
  const auto holds = [](const GaussianFit& fit) {
    return DescribeFit(fit, {}, kNoise, kBox, kVoxelUm).has_value();
  };
  GaussianFit fit = FitOf(kTilted);
  EXPECT_TRUE(holds(fit));
  fit.voxels = 28;  // as many degrees of freedom as parameters
  EXPECT_TRUE(holds(fit));
  fit.voxels = 27;
  EXPECT_FALSE(holds(fit));
  fit = FitOf(kTilted);
  fit.converged = false;
  EXPECT_FALSE(holds(fit));
  fit = FitOf(kTilted);
  fit.information.row(3) = fit.information.row(2);  // two parameters that are one
  fit.information.col(3) = fit.information.col(2);
  EXPECT_FALSE(holds(fit));
  // Light of a variance of .01 px^2 is left on each axis.
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Shape thin = {2.0, 2.0, 2.0, 0.0, 0.0, 0.0};
    const double pixel = axis == 0 ? 1.0 / 12.0 : axis == 1 ? 0.05 : 0.0;
    thin[axis] = pixel + 0.0101;
    EXPECT_TRUE(holds(FitOf(thin))) << axis;
    thin[axis] = pixel + 0.0099;
    EXPECT_FALSE(holds(FitOf(thin))) << axis;
  }
}

// The same light, wherever its parameters count from.
TEST(MoveOrigin, LeavesTheLightAsItIs) {
  const GaussianFit fit = FitOf(kTilted);
  const Parameters moved = MoveOrigin(fit.theta, {40, 30, 20}, {37, 35, 22});
  for (const auto& at : {std::array{0, 0, 0}, {1, 0, 0}, {-2, 1, 0}, {3, -1, 2}, {0, 2, -3}}) {
    const double light = ModelAt(fit.theta, kBox, at[0], at[1], at[2]);
    EXPECT_NEAR(ModelAt(moved, kBox, at[0] + 3, at[1] - 5, at[2] - 2), light, 1e-9 * light);
  }
}

}  // namespace
}  // namespace qc_metrics
