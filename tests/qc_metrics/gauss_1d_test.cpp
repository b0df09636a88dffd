#include "qc_metrics/gauss_1d.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "monitor/simulation/random.h"

namespace qc_metrics {
namespace {

std::vector<double> Gaussian(std::size_t n, const Gauss1d& gauss) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = (static_cast<double>(i) - gauss.centre) / gauss.sigma;
    values.push_back(gauss.base + gauss.height * std::exp(-0.5 * u * u));
  }
  return values;
}

TEST(FitGauss1d, FindsAnExactGaussian) {
  const Gauss1d truth{.base = 7.0, .height = 90.0, .centre = 11.3, .sigma = 2.6};
  const auto values = Gaussian(25, truth);
  const auto fit = FitGauss1d(values);
  ASSERT_TRUE(fit.has_value());
  EXPECT_NEAR(fit->base, 7.0, 1e-6);
  EXPECT_NEAR(fit->height, 90.0, 1e-5);
  EXPECT_NEAR(fit->centre, 11.3, 1e-7);
  EXPECT_NEAR(fit->sigma, 2.6, 1e-7);
  EXPECT_NEAR(fit->r2, 1.0, 1e-12);
  EXPECT_NEAR(fit->u_centre, 0.0, 1e-6);
  EXPECT_NEAR(ValueAt(*fit, 4.0), values[4], 1e-6);
}

// 600 profiles, with noise that grows with the light: the SD of the pulls is known to 3 %.
TEST(FitGauss1d, IsAsUncertainAsItSays) {
  monitor::simulation::Random random(3);
  const Gauss1d truth{.base = 20.0, .height = 300.0, .centre = 14.6, .sigma = 3.0};
  double centre = 0.0, sigma = 0.0;
  for (int trial = 0; trial < 600; ++trial) {
    auto values = Gaussian(32, truth);
    double mean = 0.0, total = 0.0, left = 0.0;
    for (double& value : values) value += std::sqrt(value) * random.Normal();
    for (const double value : values) mean += value / 32.0;
    const auto fit = FitGauss1d(values);
    ASSERT_TRUE(fit.has_value());
    for (std::size_t i = 0; i < 32; ++i) {
      total += std::pow(values[i] - mean, 2);
      left += std::pow(values[i] - ValueAt(*fit, static_cast<double>(i)), 2);
    }
    EXPECT_NEAR(fit->ssr / left, 1.0, 1e-9);
    EXPECT_NEAR(fit->r2, 1.0 - left / total, 1e-9);
    centre += std::pow((fit->centre - 14.6) / fit->u_centre, 2) / 600.0;
    sigma += std::pow((fit->sigma - 3.0) / fit->u_sigma, 2) / 600.0;
  }
  EXPECT_NEAR(std::sqrt(centre), 1.0, 0.12);
  EXPECT_NEAR(std::sqrt(sigma), 1.0, 0.12);
}

// (J'J)^-1 J' diag(r / (1 - h))^2 J (J'J)^-1 by its definition (White 1980, with each residual
// freed of its own pull), derivatives by differences.
TEST(FitGauss1d, UncertaintyIsTheSandwichOfItsResiduals) {
  auto values = Gaussian(24, {.base = 5.0, .height = 60.0, .centre = 9.4, .sigma = 2.2});
  for (std::size_t i = 0; i < 24; ++i) {
    values[i] += 3.0 * std::sin(12.9898 * static_cast<double>(i * i + 1));
  }
  values[0] += 6.0;
  const auto fit = FitGauss1d(values);
  ASSERT_TRUE(fit.has_value());
  Eigen::MatrixXd slopes(24, 4);
  Eigen::VectorXd residual(24);
  for (int i = 0; i < 24; ++i) {
    const auto change = [&](double Gauss1d::*member) {
      Gauss1d up = *fit, down = *fit;
      up.*member += 1e-5;
      down.*member -= 1e-5;
      return (ValueAt(up, i) - ValueAt(down, i)) / 2e-5;
    };
    slopes.row(i) << change(&Gauss1d::base), change(&Gauss1d::height), change(&Gauss1d::centre),
        change(&Gauss1d::sigma);
    residual(i) = values[static_cast<std::size_t>(i)] - ValueAt(*fit, i);
  }
  const Eigen::MatrixXd inverse = (slopes.transpose() * slopes).inverse();
  Eigen::MatrixXd middle = Eigen::MatrixXd::Zero(4, 4);
  for (int i = 0; i < 24; ++i) {
    const double hat = slopes.row(i) * inverse * slopes.row(i).transpose();
    const double freed = residual(i) / (1.0 - hat);
    middle += freed * freed * slopes.row(i).transpose() * slopes.row(i);
  }
  const Eigen::MatrixXd covariance = inverse * middle * inverse;
  EXPECT_NEAR(fit->u_centre / std::sqrt(covariance(2, 2)), 1.0, 1e-4);
  EXPECT_NEAR(fit->u_sigma / std::sqrt(covariance(3, 3)), 1.0, 1e-4);
}

TEST(FitGauss1d, RefusesWhatIsNoPeakWithinTheRecord) {
  EXPECT_TRUE(FitGauss1d(Gaussian(7, {.base = 1.0, .height = 9.0, .centre = 3.2, .sigma = 1.0})));
  EXPECT_FALSE(FitGauss1d(Gaussian(6, {.base = 1.0, .height = 9.0, .centre = 3.2, .sigma = 1.0})));
  EXPECT_FALSE(FitGauss1d(std::vector<double>(20, 4.0)));
  const auto at = [](double centre, double sigma) {
    return FitGauss1d(Gaussian(20, {.base = 1.0, .height = 9.0, .centre = centre, .sigma = sigma}));
  };
  EXPECT_TRUE(at(0.4, 2.0));
  EXPECT_FALSE(at(-0.6, 2.0));
  EXPECT_TRUE(at(18.6, 2.0));
  EXPECT_FALSE(at(19.6, 2.0));
}

}  // namespace
}  // namespace qc_metrics
