// NIST's Statistical Reference Datasets against the solvers that measure here, never against a copy
// of one. Each test demands digits of the certified value that follow from its arithmetic: a double
// holds 15.9, of which a sum of n terms may lose log10(n) / 2 and a fit the logarithm of its
// condition. The digits that are reached are printed.
//
// Every set is touched. Lag-1 autocorrelation is computed in one place only, the standard error of
// a mean in time, which holds correlations of 0 to .9 alone: that is Michelso; the other sets lie
// outside. The line of set points averages equal settings, of which Norris has two, so that its fit
// is another one; the photon-transfer line is the same arithmetic. The surfaces and the maps of a
// field are penalised or robust, not least squares, and have no certified values.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <variant>

#include "qc_metrics/coregistration_affine.h"
#include "qc_metrics/detector_dark.h"
#include "qc_metrics/detector_region.h"
#include "qc_metrics/detector_transfer.h"
#include "qc_metrics/power.h"
#include "qc_metrics/power_regression.h"
#include "qc_metrics/small_fit.h"
#include "qc_metrics/stage.h"
#include "tests/support/nist_strd.h"

namespace qc_metrics {
namespace {

using tests::support::NistSet;
using tests::support::SharedDigits;

std::filesystem::path Path(const std::string& name) {
  return std::filesystem::path(ETALON_CALIBRATION_DATA) / "spc/nist_strd" / (name + ".dat");
}

#define SKIP_WITHOUT_DATA()                                            \
  if (!std::filesystem::exists(Path("Norris"))) {                      \
    GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA; \
  }

/// Fails below `digits`, and writes what was reached.
void ExpectDigits(const std::string& what, double found, double certified, double digits) {
  const double shared = SharedDigits(found, certified);
  std::printf("  %-24s %5.1f digits (at least %.1f)\n", what.c_str(), shared, digits);
  EXPECT_GE(shared, digits) << what << ": " << found << " for " << certified;
}

// ---- mean and standard deviation ---------------------------------------------------------------

struct Univariate {
  const char* name;
  double mean_digits, sd_digits;
};

// The SD's limit is the data's: 10000000.1 as a double is off by 1e-9, a hundred-millionth of the
// .1 that its neighbours differ by.
constexpr Univariate kUnivariate[] = {
    {"NumAcc1", 14.0, 14.0}, {"NumAcc2", 13.0, 13.0},  {"NumAcc3", 13.0, 9.0},
    {"NumAcc4", 13.0, 8.0},  {"Lottery", 13.0, 13.0},  {"Lew", 13.0, 13.0},
    {"Mavro", 13.0, 11.0},   {"Michelso", 13.0, 12.0},
};

class NistUnivariate : public testing::TestWithParam<Univariate> {};

TEST_P(NistUnivariate, MeansAndStandardDeviations) {
  SKIP_WITHOUT_DATA();
  const auto& [name, mean_digits, sd_digits] = GetParam();
  const NistSet set(Path(name));
  const std::vector<double> y = set.Column(0);
  ASSERT_EQ(static_cast<double>(y.size()), set.Certified("Number of Observations"));
  const double mean = set.Certified("Sample Mean");
  const double sd = set.Certified("Sample Standard Deviation");

  std::vector<StagePosition> returns;
  for (const double v : y) returns.push_back({"+x", 300.0, {v, v, 0.0}});
  const auto moves = std::get<StageMoves>(MeasureMoves(returns));
  ExpectDigits("stage mean", moves.groups.front().mean_um[0].value, mean, mean_digits);
  ExpectDigits("stage SD", moves.groups.front().sd_um[0].value, sd, sd_digits);
  ExpectDigits("detector mean in time", MeanInTime(y).value, mean, mean_digits);

  if (mean <= 0.0) return;  // neither light nor a level can be negative
  std::vector<PowerSample> log;
  for (std::size_t i = 0; i < y.size(); ++i) {
    PowerSample sample;
    sample.time_s = static_cast<double>(i);
    sample.power_mw = y[i];
    log.push_back(sample);
  }
  // Lottery's numbers differ too much for a laser that is only on: it is cut into on and off.
  const auto power = MeasurePower(log);
  const auto* segments = std::get_if<Power>(&power);
  if (segments != nullptr && segments->off_samples == 0 && segments->segments.size() == 1 &&
      segments->segments[0].samples == static_cast<std::int64_t>(y.size())) {
    ExpectDigits("power mean", segments->segments[0].mean_mw, mean, mean_digits);
    ExpectDigits("power SD", segments->segments[0].sd_mw, sd, sd_digits);
  } else {
    EXPECT_STREQ(name, "Lottery");
  }
  if (y.size() < 16) return;  // a region has 16 pixels at least
  const cv::Mat plane(1, static_cast<int>(y.size()), CV_64F, const_cast<double*>(y.data()));
  const auto region = MeasureRegion({{plane}}, std::nullopt, std::nullopt);
  const UniformRegion& pixels = std::get<std::vector<UniformRegion>>(region).front();
  ExpectDigits("region mean", pixels.mean_adu, mean, mean_digits);
  ExpectDigits("region SD", pixels.sd_adu, sd, sd_digits);
}

INSTANTIATE_TEST_SUITE_P(Sets, NistUnivariate, testing::ValuesIn(kUnivariate),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

// u of a mean in time is s / sqrt(n) sqrt((1 + r) / (1 - r)), r the lag-1 correlation with its
// small-sample bias of 1 / n taken off.
TEST(Nist, MichelsonsCorrelationIsInTheErrorOfAMean) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Michelso"));
  const std::vector<double> y = set.Column(0);
  const auto n = static_cast<double>(y.size());
  const double ratio =
      std::pow(*MeanInTime(y).u, 2) * n / std::pow(set.Certified("Sample Standard Deviation"), 2);
  const double r = (ratio - 1.0) / (ratio + 1.0);
  ExpectDigits("lag-1 correlation", r - 1.0 / n,
               set.Certified("Sample Autocorrelation Coefficient"), 11.0);  // seen 12
}

// Two treatments are the returns from two opposite directions: their difference is the backlash,
// its uncertainty the pooled scatter.
TEST(Nist, AtomicWeightOfSilverIsABacklash) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("AtmWtAgt"));
  std::vector<StagePosition> returns;
  for (std::size_t i = 1; i < set.rows().size(); ++i) {  // the first row numbers the columns
    returns.push_back({"+x", 300.0, {set.rows()[i].at(0), 0.0, 0.0}});
    returns.push_back({"-x", 300.0, {set.rows()[i].at(1), 0.0, 0.0}});
  }
  ASSERT_EQ(returns.size(), 48U);
  const auto moves = std::get<StageMoves>(MeasureMoves(returns));
  ASSERT_EQ(moves.backlash.size(), 1U);
  const StageValue& backlash = moves.backlash[0].um[0];
  constexpr double kFreedom = 46.0;
  const double student = std::sqrt(kFreedom / (kFreedom - 2.0));
  const double within = std::pow(*backlash.u / student, 2) / (2.0 / 24.0);
  const double between = std::pow(backlash.value, 2) / (2.0 / 24.0);
  // Seven leading digits are all the same: of 15.9 nine are left for the differences.
  ExpectDigits("between", between, set.Certified("Between Instrument  1"), 8.0);
  ExpectDigits("within", std::sqrt(within), set.Certified("Standard Deviation"), 8.0);
}

// ---- linear regression -------------------------------------------------------------------------

/// Gaps so long that the noise has no memory: generalised least squares are the ordinary ones.
SeriesFit OrdinaryFit(const DesignColumns& columns, const std::vector<double>& values) {
  return FitSeries(columns, values, std::vector<int>(values.size(), 1'000'000));
}

DesignColumns Powers(const std::vector<double>& x, int degree) {
  DesignColumns columns;
  for (int k = 0; k <= degree; ++k) {
    columns.emplace_back();
    for (const double v : x) columns.back().push_back(std::pow(v, k));
  }
  return columns;
}

void ExpectFit(const SeriesFit& fit, const NistSet& set, double digits, double sd_digits) {
  ASSERT_EQ(fit.coefficients.size(), set.parameters().size());
  for (std::size_t i = 0; i < fit.coefficients.size(); ++i) {
    const std::string name = "B" + std::to_string(i);
    ExpectDigits(name, fit.coefficients[i], set.parameters()[i].estimate, digits);
    ExpectDigits(name + " SD", std::sqrt(fit.covariance[i][i]), set.parameters()[i].sd, sd_digits);
  }
  ExpectDigits("residual SD", fit.noise.sd, set.Certified("Standard Deviation"), sd_digits);
}

// Condition of the design, its columns made equally long: 3 (Norris), 18 (Pontius), 2e3
// (Wampler1), 4e4 (Longley), 5e9 (Filip). A fit loses the logarithm of it, and as many digits again
// as a coefficient's part is smaller than the data (B0 of Norris: 4; of Wampler1: 6, of which it
// keeps most). Normal equations lost the square: 7 digits were left of Longley, none of Filip.
TEST(NistLinear, TheFitOfAPowerTraceNorris) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Norris"));
  ExpectFit(OrdinaryFit(Powers(set.Column(1), 1), set.Column(0)), set, 11.0, 12.0);
}

TEST(NistLinear, TheFitOfAPowerTracePontius) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Pontius"));
  ExpectFit(OrdinaryFit(Powers(set.Column(1), 2), set.Column(0)), set, 12.0, 12.0);
}

TEST(NistLinear, TheFitOfAPowerTraceLongley) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Longley"));
  DesignColumns columns(7);
  for (const auto& row : set.rows()) {
    columns[0].push_back(1.0);
    for (std::size_t k = 1; k < 7; ++k) columns[k].push_back(row.at(k));
  }
  ExpectFit(OrdinaryFit(columns, set.Column(0)), set, 10.0, 10.0);
}

TEST(NistLinear, TheFitOfAPowerTraceFilip) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Filip"));
  ExpectFit(OrdinaryFit(Powers(set.Column(1), 10), set.Column(0)), set, 7.0, 7.0);
}

// The residuals are exactly 0: what is left is rounding of values up to 4e6.
TEST(NistLinear, TheFitOfAPowerTraceWampler1) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Wampler1"));
  ExpectFit(OrdinaryFit(Powers(set.Column(1), 5), set.Column(0)), set, 8.0, 8.0);
}

TEST(NistLinear, ThePhotonTransferLineNorris) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Norris"));
  std::vector<TransferLevel> levels;
  for (const auto& row : set.rows()) {
    TransferLevel level;
    level.mean_adu = row.at(1);
    level.variance_adu2 = row.at(0);
    level.variance_u_adu2 = 1.0;
    levels.push_back(level);
  }
  const auto transfer = FitTransfer(levels);
  ASSERT_TRUE(transfer.has_value());
  ASSERT_EQ(transfer->levels, 36);
  const auto& [intercept, slope] = std::pair(set.parameters()[0], set.parameters()[1]);
  ExpectDigits("B0", transfer->intercept_adu2, intercept.estimate, 11.0);
  ExpectDigits("B1", transfer->slope_adu, slope.estimate, 13.0);
  ExpectDigits("residual SD", std::sqrt(transfer->reduced_chi2),
               set.Certified("Standard Deviation"), 11.0);
  const double u_slope = *transfer->gain_e_per_adu.u * slope.estimate * slope.estimate;
  ExpectDigits("B1 SD", u_slope * std::sqrt(transfer->reduced_chi2), slope.sd, 11.0);
}

// The affine map has three coefficients, 1, x and y, as a parabola has with y = x^2; both in units
// of the largest, which only scales the coefficients.
TEST(NistLinear, TheAffineMapPontius) {
  SKIP_WITHOUT_DATA();
  const NistSet set(Path("Pontius"));
  constexpr double kUnit = 3e6;
  std::vector<Displacement> beads;
  for (const auto& row : set.rows()) {
    const double x = row.at(1) / kUnit;
    beads.push_back({{x, x * x}, {row.at(0), 0.0, 0.0}, {1.0, 1.0, 1.0}});
  }
  const auto fit = FitAffine(beads, 0.0);
  ASSERT_TRUE(fit.has_value());
  ASSERT_EQ(fit->beads, 40);
  ExpectDigits("B0", fit->shift_um[0], set.parameters()[0].estimate, 9.0);
  ExpectDigits("B1", fit->gradient[0][0] / kUnit, set.parameters()[1].estimate, 12.0);
  ExpectDigits("B2", fit->gradient[1][0] / kUnit / kUnit, set.parameters()[2].estimate, 10.0);
}

// ---- nonlinear least squares -------------------------------------------------------------------

/// The minimiser of every small fit here, with NIST's model, from one of NIST's starts.
template <int kParameters, typename Model>
void ExpectMinimum(const NistSet& set, std::size_t start, const Model& model, double digits) {
  using Fit = SmallFit<kParameters>;
  typename Fit::Vector from;
  ASSERT_EQ(set.parameters().size(), static_cast<std::size_t>(kParameters));
  for (int i = 0; i < kParameters; ++i) {
    from[i] = set.parameters()[static_cast<std::size_t>(i)].start[start];
  }
  const auto& rows = set.rows();
  const auto fit = FitSmall<kParameters>(
      rows.size(), from,
      [&](std::size_t i, const typename Fit::Vector& p, typename Fit::Vector& row) {
        return model(rows[i].at(1), p, row);
      },
      [&](std::size_t i) { return rows[i].at(0); }, [](std::size_t) { return 1.0; });
  ASSERT_TRUE(fit.has_value());
  const double variance = fit->ssr / static_cast<double>(rows.size() - kParameters);
  for (int i = 0; i < kParameters; ++i) {
    const auto& certified = set.parameters()[static_cast<std::size_t>(i)];
    const std::string name = "b" + std::to_string(i + 1);
    ExpectDigits(name, fit->parameters[i], certified.estimate, digits);
    ExpectDigits(name + " SD", std::sqrt(variance * fit->inverse(i, i)), certified.sd, 8.0);
  }
  ExpectDigits("residual sum of squares", fit->ssr, set.Certified("Residual Sum of Squares"), 10.0);
}

/// b1 exp(-b2 x) and two Gaussians.
double GaussModel(double x, const SmallFit<8>::Vector& b, SmallFit<8>::Vector& row) {
  const double decay = std::exp(-b[1] * x);
  row[0] = decay;
  row[1] = -b[0] * x * decay;
  double value = b[0] * decay;
  for (int k = 2; k < 8; k += 3) {
    const double u = (x - b[k + 1]) / b[k + 2];
    const double g = std::exp(-u * u);
    row[k] = g;
    row[k + 1] = 2.0 * b[k] * g * u / b[k + 2];
    row[k + 2] = 2.0 * b[k] * g * u * u / b[k + 2];
    value += b[k] * g;
  }
  return value;
}

double EckerleModel(double x, const SmallFit<3>::Vector& b, SmallFit<3>::Vector& row) {
  const double u = (x - b[2]) / b[1];
  const double g = std::exp(-0.5 * u * u);
  row[0] = g / b[1];
  row[1] = b[0] * g * (u * u - 1.0) / (b[1] * b[1]);
  row[2] = b[0] * g * u / (b[1] * b[1]);
  return b[0] / b[1] * g;
}

class NistNonlinear : public testing::TestWithParam<std::tuple<const char*, int>> {};

// Certified to 11 digits; seen 9.6 to 12. The minimiser stops where the sum of squares falls by
// less than 1e-13 of itself, that is where a parameter moves by 5e-6 of its standard deviation.
TEST_P(NistNonlinear, TheMinimiserOfTheGaussianFits) {
  SKIP_WITHOUT_DATA();
  const auto& [name, start] = GetParam();
  const NistSet set(Path(name));
  const auto from = static_cast<std::size_t>(start);
  if (std::string(name) == "Eckerle4") {
    ExpectMinimum<3>(set, from, EckerleModel, 8.0);
  } else {
    ExpectMinimum<8>(set, from, GaussModel, 9.0);
  }
}

std::string NameOf(const testing::TestParamInfo<std::tuple<const char*, int>>& info) {
  return std::string(std::get<0>(info.param)) + "_start_" +
         std::to_string(std::get<1>(info.param) + 1);
}

INSTANTIATE_TEST_SUITE_P(Sets, NistNonlinear,
                         testing::Combine(testing::Values("Gauss1", "Gauss2", "Gauss3"),
                                          testing::Values(0, 1)),
                         NameOf);
// Start 1 puts the line 12 of its widths from where it is, where no slope leads to it: not found.
// The fits here start at the brightest sample instead.
INSTANTIATE_TEST_SUITE_P(OneStart, NistNonlinear,
                         testing::Combine(testing::Values("Eckerle4"), testing::Values(1)), NameOf);

}  // namespace
}  // namespace qc_metrics
