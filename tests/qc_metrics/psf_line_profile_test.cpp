#include "qc_metrics/psf_line_profile.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <vector>

namespace qc_metrics {
namespace {

std::vector<float> Line(std::size_t n, double base, double height, double centre, double sigma,
                        double ripple = 0.0) {
  std::vector<float> values;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = (static_cast<double>(i) - centre) / sigma;
    values.push_back(static_cast<float>(base + height * std::exp(-0.5 * u * u) +
                                        ripple * std::sin(12.9898 * static_cast<double>(i * i))));
  }
  return values;
}

TEST(FitLine, FindsAnExactGaussian) {
  const auto values = Line(21, 12.0, 300.0, 9.3, 2.4);
  const auto line = FitLine(values, 40, 9, 0.05);
  ASSERT_TRUE(line.has_value());
  EXPECT_NEAR(line->offset_adu, 12.0, 1e-3);
  EXPECT_NEAR(line->peak_adu, 312.0, 1e-3);
  EXPECT_NEAR(line->centre_um, 49.3 * 0.05, 1e-6);
  EXPECT_NEAR(line->sigma_um, 0.12, 1e-6);
  EXPECT_NEAR(line->fwhm_um.value, 2.0 * std::sqrt(2.0 * std::log(2.0)) * 0.12, 1e-6);
  EXPECT_NEAR(line->r2, 1.0, 1e-9);
  EXPECT_EQ(line->first_voxel, 40);
  EXPECT_EQ(line->voxels, 21);
  EXPECT_NEAR(LineValue(*line, 42.0 * 0.05), static_cast<double>(values[2]), 1e-3);
}

// Residual variance of n - 4 degrees of freedom times the inverse of J'J, by differences.
TEST(FitLine, UncertaintyIsThatOfLeastSquares) {
  const auto values = Line(25, 12.0, 300.0, 11.3, 2.4, 6.0);
  const auto line = FitLine(values, 0, 11, 0.05);
  ASSERT_TRUE(line.has_value());
  Eigen::MatrixXd slopes(25, 4);
  double ssr = 0.0, mean = 0.0, total = 0.0;
  for (const float value : values) mean += static_cast<double>(value) / 25.0;
  for (int i = 0; i < 25; ++i) {
    const auto change = [&](double LineBead::*member) {
      LineBead up = *line, down = *line;
      up.*member += 1e-6;
      down.*member -= 1e-6;
      return (LineValue(up, 0.05 * i) - LineValue(down, 0.05 * i)) / 2e-6;
    };
    slopes.row(i) << change(&LineBead::offset_adu), change(&LineBead::peak_adu),
        change(&LineBead::centre_um), change(&LineBead::sigma_um);
    const auto value = static_cast<double>(values[static_cast<std::size_t>(i)]);
    ssr += std::pow(value - LineValue(*line, 0.05 * i), 2);
    total += (value - mean) * (value - mean);
  }
  const Eigen::MatrixXd inverse = (slopes.transpose() * slopes).inverse();
  EXPECT_NEAR(line->ssr / ssr, 1.0, 1e-6);
  EXPECT_NEAR(line->r2, 1.0 - ssr / total, 1e-6);
  const double u = 2.3548200450309493 * std::sqrt(ssr / 21.0 * inverse(3, 3));
  EXPECT_NEAR(line->fwhm_um.u / u, 1.0, 1e-3);
}

TEST(FitLine, RefusesWhatIsNoLine) {
  EXPECT_TRUE(FitLine(Line(5, 1.0, 90.0, 2.1, 0.8), 0, 2, 0.1).has_value());
  EXPECT_FALSE(FitLine(Line(4, 1.0, 90.0, 2.1, 0.8), 0, 2, 0.1).has_value());
  EXPECT_FALSE(FitLine(Line(9, 1.0, 90.0, 4.0, 1.0), 0, 9, 0.1).has_value());
  EXPECT_FALSE(FitLine(std::vector<float>(9, 7.0F), 0, 4, 0.1).has_value());
  std::vector<float> spike(9, 7.0F);
  spike[4] = 90.0F;  // one voxel alone has no width above .2 voxels
  EXPECT_FALSE(FitLine(spike, 0, 4, 0.1).has_value());
}

}  // namespace
}  // namespace qc_metrics
