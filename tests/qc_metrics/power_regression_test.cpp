#include "qc_metrics/power_regression.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "monitor/simulation/power_trace.h"
#include "qc_metrics/power_outliers.h"

namespace qc_metrics {
namespace {

using monitor::simulation::PowerScene;
using monitor::simulation::RenderPowerTrace;

TEST(SignificantSigmas, IsFiveAndGrowsWithTheRecord) {
  EXPECT_NEAR(SignificantSigmas(60), 5.0, 1e-9);
  EXPECT_NEAR(SignificantSigmas(300), 5.0, 1e-9);  // 300 erfc(5 / sqrt 2) = 1.7e-4
  EXPECT_NEAR(1e6 * std::erfc(SignificantSigmas(1000000) / std::sqrt(2.0)), 0.01, 1e-6);
}

std::vector<double> Ripple(std::size_t n) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(std::sin(12.9898 * static_cast<double>(i * i)));
  }
  return values;
}

std::size_t Flagged(const std::vector<double>& values) {
  const auto flags = FindOutliers(values);
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), 1));
}

TEST(FindOutliers, TakesUpToThreeInARowAndNoMore) {
  for (std::size_t run = 1; run <= 4; ++run) {
    auto values = Ripple(200);
    for (std::size_t i = 0; i < run; ++i) values[100 + i] += 30.0;
    EXPECT_EQ(Flagged(values), run <= 3 ? run : 0U) << run;
  }
}

TEST(FindOutliers, LeavesTheEndsToTheModelAndStepsAlone) {
  auto values = Ripple(200);
  EXPECT_EQ(Flagged(values), 0U);
  for (const std::size_t i : {0UL, 2UL, 197UL, 199UL}) values[i] += 30.0;
  EXPECT_EQ(Flagged(values), 0U);
  values[3] -= 30.0;
  values[196] -= 30.0;
  EXPECT_EQ(Flagged(values), 2U);
  auto step = Ripple(200);
  for (std::size_t i = 90; i < 200; ++i) step[i] += 100.0;
  EXPECT_EQ(Flagged(step), 0U);
  EXPECT_EQ(Flagged(std::vector<double>(6, 1.0)), 0U);
}

// A meter that shows one digit more now and then shows no outliers.
TEST(FindOutliers, KnowsTheMetersResolution) {
  std::vector<double> values(200, 1.0);
  for (std::size_t i = 5; i < 200; i += 17) values[i] = 1.001;
  values[50] = 1.002;
  EXPECT_EQ(Flagged(values), 0U);
  values[100] = 1.05;
  EXPECT_EQ(Flagged(values), 1U);
  EXPECT_EQ(Flagged(std::vector<double>(50, 2.0)), 0U);
}

TEST(AddOutlyingEnds, JudgesTheEndsAndWhatIsBesideAnOutlier) {
  std::vector<double> residuals(100, 0.1);
  residuals[0] = 5.4;
  residuals[2] = 5.6;
  residuals[50] = -5.6;
  residuals[73] = 5.6;
  residuals[74] = 5.6;
  residuals[96] = 5.6;
  residuals[97] = 5.6;
  std::vector<char> outliers(100);
  outliers[70] = 1;
  const auto flags = AddOutlyingEnds(residuals, 1.0, outliers);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(flags[i], i == 2 || i == 70 || i == 73 || i == 97 ? 1 : 0) << i;
  }
  EXPECT_EQ(AddOutlyingEnds(residuals, 0.0, outliers), outliers);
}

// By hand: y = 1, 2, 4 against 0, 1, 2 has slope 1.5, level at the middle 7/3, residual SD
// sqrt(1/6).
TEST(FitSeries, IsLeastSquaresForThreePoints) {
  const std::vector<double> y = {1.0, 2.0, 4.0};
  const std::vector<int> gaps = {1, 1, 1};
  const SeriesFit fit = FitSeries({{1.0, 1.0, 1.0}, {-1.0, 0.0, 1.0}}, y, gaps);
  EXPECT_NEAR(fit.coefficients[0], 7.0 / 3.0, 1e-12);
  EXPECT_NEAR(fit.coefficients[1], 1.5, 1e-12);
  EXPECT_NEAR(fit.noise.sd, std::sqrt(1.0 / 6.0), 1e-12);
  EXPECT_EQ(fit.noise.lag1, 0.0);
  EXPECT_NEAR(fit.covariance[0][0], 1.0 / 18.0, 1e-12);
  EXPECT_NEAR(fit.covariance[1][1], 1.0 / 12.0, 1e-12);
  EXPECT_NEAR(fit.residuals[1], 2.0 - 7.0 / 3.0, 1e-12);
}

// Correlation is sought in eight samples and more.
TEST(FitSeries, TakesSevenSamplesAsUncorrelated) {
  const std::vector<double> values = {1.0, 1.2, 1.3, 1.1, -1.0, -1.3, -1.2, -1.1};
  const std::vector<double> ones(8, 1.0);
  const std::vector<int> gaps(8, 1);
  const SeriesFit seven = FitSeries({std::vector<double>(7, 1.0)}, std::span(values).first(7),
                                    std::span(gaps).first(7));
  EXPECT_EQ(seven.noise.lag1, 0.0);
  EXPECT_GT(FitSeries({ones}, values, gaps).noise.lag1, 0.3);
}

TEST(NoiseOfDifferences, OfTwoValuesIsThatOfTheirDifference) {
  EXPECT_NEAR(NoiseOfDifferences(std::vector<double>{3.0, 5.0}).sd, std::sqrt(4.0 / 0.62299 / 2.0),
              1e-9);
  EXPECT_EQ(NoiseOfDifferences(std::vector<double>{3.0}).sd, 0.0);
}

TEST(FitSeries, FindsTheNoiseOfAnAutoregressionWithSamplesLeftOut) {
  PowerScene scene{.full_power_mw = 1.0, .relative_noise = 0.01, .noise_lag1 = 0.6};
  scene.meter_floor_mw = scene.dark_mw = 0.0;
  scene.steps = {{488.0, 100.0, 4000.0, 0.0}};
  std::vector<double> values, ones;
  std::vector<int> gaps;
  int last = -1, i = 0;
  for (const auto& r : RenderPowerTrace(scene)) {
    if (i % 7 != 3) {  // every seventh is missing
      values.push_back(r.power_mw);
      gaps.push_back(i - last);
      last = i;
    }
    ++i;
  }
  ones.assign(values.size(), 1.0);
  const SeriesFit fit = FitSeries({ones}, values, gaps);
  EXPECT_NEAR(fit.noise.lag1, 0.6, 4.0 * 0.8 / std::sqrt(3400.0));
  EXPECT_NEAR(fit.noise.sd, 0.01, 4.0 * 0.01 * std::sqrt(1.36 / 0.64 / 2.0 / 3400.0));
  EXPECT_NEAR(std::sqrt(fit.covariance[0][0]), 0.01 * std::sqrt(4.0 / 4000.0), 1e-4);
}

TEST(NoiseOfDifferences, DoesNotSeeStepsAndDrift) {
  for (const double lag1 : {0.0, 0.6}) {
    PowerScene scene{.full_power_mw = 1.0, .relative_noise = 0.01, .noise_lag1 = lag1};
    scene.meter_floor_mw = scene.dark_mw = 0.0;
    scene.steps = {{488.0, 100.0, 4000.0, 0.0}};
    scene.level_steps = {{1000.5, 0.5}, {3000.5, -0.3}};
    scene.drift_per_h = 0.2;
    std::vector<double> values;
    for (const auto& r : RenderPowerTrace(scene)) values.push_back(r.power_mw);
    const SeriesNoise noise = NoiseOfDifferences(values);
    EXPECT_NEAR(noise.lag1, lag1, 0.1);
    EXPECT_NEAR(noise.sd, 0.013, 0.003);  // the noise is of the power, which steps up by half
  }
  EXPECT_EQ(NoiseOfDifferences(std::vector<double>(30, 1.0)).sd, 0.0);
}

// Differences of one size, in closed form apart from the mean of the smallest nine tenths of a
// chi-squared of one degree of freedom.
TEST(NoiseOfDifferences, OfValuesWhoseDifferencesAreKnown) {
  // 1 - 2 q f(q) / .9 with q the normal quantile of .95 and f the normal density.
  const double q = 1.6448536269514722;
  const double kept =
      1.0 - 2.0 * q * std::exp(-0.5 * q * q) / std::sqrt(2.0 * std::numbers::pi) / 0.9;
  std::vector<double> turning, rising, halting;
  for (int i = 0; i <= 400; ++i) {
    turning.push_back(i % 2 == 0 ? 3.0 : -1.0);
    rising.push_back(0.5 * i);
    halting.push_back(0.4 * i + (i % 2 == 0 ? 0.0 : 0.6));  // 1 up, .2 down
  }
  const SeriesNoise white = NoiseOfDifferences(turning);
  EXPECT_EQ(white.lag1, 0.0);
  EXPECT_NEAR(white.sd, std::sqrt(16.0 / kept / 2.0), 1e-4);
  const SeriesNoise reddest = NoiseOfDifferences(rising);
  EXPECT_EQ(reddest.lag1, 0.97);
  EXPECT_NEAR(reddest.sd, std::sqrt(0.25 / kept / 0.06), 1e-4);
  // Of 400 squares the smallest 360 are 200 of .04 and 160 of 1; over two steps each is .64.
  const double first = (200.0 * 0.04 + 160.0) / 360.0;
  const SeriesNoise red = NoiseOfDifferences(halting);
  EXPECT_NEAR(red.lag1, 0.64 / first - 1.0, 1e-9);
  EXPECT_NEAR(red.sd, std::sqrt(first / kept / 2.0 / (2.0 - 0.64 / first)), 1e-4);
}

// White noise of SD 1: a step of 1 in the middle of 100 zeros stands out by sqrt(100) / 2 SD.
TEST(SeriesScan, GivesAStepItsSignificance) {
  std::vector<double> values(100, 0.0), ones(100, 1.0), column(100, 0.0);
  std::fill(values.begin() + 50, values.end(), 1.0);
  std::fill(column.begin() + 50, column.end(), 1.0);
  const std::vector<int> gaps(100, 1);
  const SeriesScan white({ones}, values, gaps, {.sd = 1.0, .lag1 = 0.0});
  const auto sigmas = white.StepSigmas();
  EXPECT_NEAR(sigmas[50], 5.0, 1e-9);
  EXPECT_EQ(std::max_element(sigmas.begin(), sigmas.end()) - sigmas.begin(), 50);
  EXPECT_EQ(sigmas[0], 0.0);
  EXPECT_NEAR(white.Sigmas(column), 5.0, 1e-9);
  EXPECT_EQ(white.Sigmas(ones), 0.0);
  const SeriesScan red({ones}, values, gaps, {.sd = 0.5, .lag1 = 0.5});
  EXPECT_NEAR(red.StepSigmas()[50], red.Sigmas(column), 1e-9);
}

// Generalised least squares by the whole covariance matrix: the t value of one more column.
double SlowSigmas(const DesignColumns& columns, const std::vector<double>& values,
                  const std::vector<int>& gaps, const SeriesNoise& noise) {
  const auto n = static_cast<Eigen::Index>(values.size());
  std::vector<int> at(values.size(), 0);
  for (std::size_t i = 1; i < at.size(); ++i) at[i] = at[i - 1] + gaps[i];
  Eigen::MatrixXd covariance(n, n), design(n, static_cast<Eigen::Index>(columns.size()));
  Eigen::VectorXd y(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    y(i) = values[row];
    for (Eigen::Index j = 0; j < n; ++j) {
      const int apart = std::abs(at[row] - at[static_cast<std::size_t>(j)]);
      covariance(i, j) = noise.sd * noise.sd * std::pow(noise.lag1, apart);
    }
    for (std::size_t j = 0; j < columns.size(); ++j) {
      design(i, static_cast<Eigen::Index>(j)) = columns[j][row];
    }
  }
  const Eigen::MatrixXd weight = covariance.inverse();
  const Eigen::MatrixXd inverse = (design.transpose() * weight * design).inverse();
  const Eigen::VectorXd coefficients = inverse * design.transpose() * weight * y;
  const Eigen::Index last = coefficients.size() - 1;
  return coefficients(last) / std::sqrt(inverse(last, last));
}

TEST(SeriesScan, IsGeneralisedLeastSquaresAcrossGaps) {
  std::vector<double> values, ones(14, 1.0), ramp, curve;
  const std::vector<int> gaps = {1, 1, 1, 2, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1};
  for (int i = 0; i < 14; ++i) {
    values.push_back(3.0 + std::sin(12.9898 * i * i) + (i > 8 ? 2.0 : 0.0));
    ramp.push_back(0.3 * i - 1.0);
    curve.push_back(std::exp(-0.4 * i));
  }
  const SeriesNoise noise{.sd = 0.7, .lag1 = 0.6};
  const SeriesScan scan({ones, ramp, curve}, values, gaps, noise);
  const auto sigmas = scan.StepSigmas();
  for (std::size_t k = 1; k < 14; ++k) {
    std::vector<double> step(14, 0.0);
    std::fill(step.begin() + static_cast<std::ptrdiff_t>(k), step.end(), 1.0);
    const double slow = SlowSigmas({ones, ramp, curve, step}, values, gaps, noise);
    EXPECT_NEAR(sigmas[k], slow, 1e-8) << k;
    EXPECT_NEAR(scan.Sigmas(step), slow, 1e-8) << k;
  }
  EXPECT_EQ(scan.Sigmas(ramp), 0.0);
}

}  // namespace
}  // namespace qc_metrics
