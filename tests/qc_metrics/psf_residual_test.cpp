// What fits leave over, on windows whose residuals are written out.

#include "qc_metrics/psf_residual.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

namespace qc_metrics {
namespace {

const NoiseLine kNoise{.at_zero = 9.0, .per_adu = 0.4, .floor = 1.0};
constexpr PixelBox kBox{0.0, 0.0};
const Shape kShape = {2.6, 2.1, 3.0, 0.5, 0.7, -0.4};

/// A bead of 1000 ADU with the cumulants `third` and `fourth` along a direction: of what they do to
/// the light, the part that the fit's parameters cannot take is its residual.
struct Made {
  FittedBead bead;
  Eigen::Matrix2d information = Eigen::Matrix2d::Zero();  ///< of both, the parameters projected out
};

Made With(double third, double fourth, const Eigen::Vector3d& direction) {
  Made out;
  FittedBead& bead = out.bead;
  bead.fit.theta = MakeParameters({0.3, -0.2, 0.1}, kShape, 1000.0, 100.0, {0, 0, 0});
  const Eigen::Matrix3d precision = ToMatrix(kShape).inverse();
  const Eigen::Vector3d n = direction / std::sqrt(direction.dot(precision * direction));
  std::vector<Eigen::VectorXd> own;
  std::vector<Eigen::Vector2d> columns;
  std::vector<double> roots, models;
  for (int z = -5; z <= 5; ++z) {
    for (int y = -5; y <= 5; ++y) {
      bead.window.rows.push_back({-5, y, z, 11, models.size()});
      for (int x = -5; x <= 5; ++x) {
        const Eigen::Vector3d d = Eigen::Vector3d(x, y, z) - Eigen::Vector3d(0.3, -0.2, 0.1);
        const double light = 1000.0 * std::exp(-0.5 * d.dot(precision * d));
        models.push_back(100.0 + light);
        roots.push_back(1.0 / std::sqrt(9.0 + 0.4 * models.back()));
        Eigen::VectorXd row(14);
        row << light, light * x, light * y, light * z, light * x * x, light * y * y, light * z * z,
            light * x * y, light * x * z, light * y * z, 1.0, x, y, z;
        own.emplace_back(roots.back() * row);
        // Hermite polynomials of the place along the direction, in sigmas.
        const double h = n.dot(precision * d);
        columns.emplace_back(roots.back() * light *
                             Eigen::Vector2d((h * h * h - 3.0 * h) / 6.0,
                                             (h * h * h * h - 6.0 * h * h + 3.0) / 24.0));
      }
    }
  }
  Eigen::MatrixXd a(std::ssize(own), 14), b(std::ssize(own), 2);
  for (std::size_t i = 0; i < own.size(); ++i) {
    a.row(static_cast<Eigen::Index>(i)) = own[i];
    b.row(static_cast<Eigen::Index>(i)) = columns[i];
  }
  bead.fit.information = a.transpose() * a;
  const Eigen::VectorXd scale = a.colwise().norm();
  const Eigen::MatrixXd unit = a * scale.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd left = b - unit * unit.householderQr().solve(b);
  out.information = left.transpose() * left;
  const Eigen::VectorXd residual = left * Eigen::Vector2d(third, fourth);
  for (std::size_t i = 0; i < models.size(); ++i) {
    bead.window.values.push_back(
        static_cast<float>(models[i] + residual[static_cast<Eigen::Index>(i)] / roots[i]));
  }
  bead.window.voxels = static_cast<int>(models.size());
  return out;
}

// A value of 1100 ADU is stored to 1e-4, some 1e-6 of an SD of the cumulants.
TEST(LeftOver, FindsTheCumulantsThatWerePutIn) {
  for (const Eigen::Vector3d& direction :
       {Eigen::Vector3d(1.0, 0.0, 0.0), Eigen::Vector3d(0.0, 0.0, 2.5),
        Eigen::Vector3d(0.6, -1.1, 0.8)}) {
    for (const auto& [third, fourth] :
         {std::pair{0.0, 0.0}, {0.2, 0.0}, {0.0, -0.3}, {-0.1, 0.4}}) {
      const Made made = With(third, fourth, direction);
      const Cumulants found = LeftOver(made.bead, kNoise, kBox, direction);
      EXPECT_NEAR(found.third.value, third, 1e-4);
      EXPECT_NEAR(found.fourth.value, fourth, 1e-4);
      const Eigen::Matrix2d covariance = made.information.inverse();
      EXPECT_NEAR(found.third.u / std::sqrt(covariance(0, 0)), 1.0, 1e-5);
      EXPECT_NEAR(found.fourth.u / std::sqrt(covariance(1, 1)), 1.0, 1e-5);
    }
  }
}

TEST(LeftOver, SaysNothingWhereTheParametersTakeAll) {
  Made made = With(0.2, 0.1, {1.0, 0.0, 0.0});
  made.bead.window.rows.resize(1);  // eleven voxels
  made.bead.fit.information *= 1e-4;
  const Cumulants found = LeftOver(made.bead, kNoise, kBox, {1.0, 0.0, 0.0});
  EXPECT_EQ(found.third.value, 0.0);
  EXPECT_EQ(found.third.u, 1e9);
  EXPECT_EQ(found.fourth.u, 1e9);
}

TEST(TestModel, TellsOtherLightFromGaussian) {
  const auto test = [](double third, double fourth, int beads) {
    const Made made = With(third, fourth, {0.0, 0.0, 1.0});
    const std::vector<const FittedBead*> all(static_cast<std::size_t>(beads), &made.bead);
    return TestModel(all, kNoise, kBox);
  };
  const ModelMismatch none = test(0.0, 0.0, 3);
  EXPECT_FALSE(none.mismatch);
  for (const double gain : none.evidence) EXPECT_LT(gain, 0.01);
  EXPECT_TRUE(test(0.3, 0.0, 1).mismatch);
  EXPECT_TRUE(test(0.0, 0.3, 1).mismatch);
  // The gain grows with the number of alike beads.
  const ModelMismatch one = test(0.05, 0.0, 1), many = test(0.05, 0.0, 8);
  EXPECT_GT(*std::max_element(many.evidence.begin(), many.evidence.end()),
            4.0 * *std::max_element(one.evidence.begin(), one.evidence.end()));
  const ModelMismatch empty = TestModel({}, kNoise, kBox);
  EXPECT_FALSE(empty.mismatch);
  EXPECT_EQ(empty.sd[0], 0.0);
}

}  // namespace
}  // namespace qc_metrics
