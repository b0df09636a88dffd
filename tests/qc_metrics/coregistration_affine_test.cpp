// The robust affine fit on drawn displacements: exactness, uncertainty, outliers, gates.

#include "qc_metrics/coregistration_affine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/simulation/random.h"
#include "qc_metrics/coregistration.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Random;

constexpr std::array<double, 3> kShift = {0.12, -0.07, 0.3};
constexpr std::array<std::array<double, 3>, 2> kGradient = {
    {{0.0011, 0.0004, 0.002}, {-0.0007, 0.0016, -0.003}}};

/// Beads over a field of 30 um with the given uncertainties; `scatter` times as far off as stated.
std::vector<Displacement> Draw(int count, Random& random, double scatter, double excess_um = 0.0) {
  std::vector<Displacement> beads;
  for (int i = 0; i < count; ++i) {
    Displacement bead;
    bead.place_um = {random.Uniform(-15.0, 15.0), random.Uniform(-15.0, 15.0)};
    bead.u_um = {random.Uniform(0.0003, 0.0008), random.Uniform(0.0003, 0.0008),
                 random.Uniform(0.001, 0.002)};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      bead.shift_um[axis] = kShift[axis] + kGradient[0][axis] * bead.place_um[0] +
                            kGradient[1][axis] * bead.place_um[1] +
                            scatter * bead.u_um[axis] * random.Normal() +
                            excess_um * random.Normal();
    }
    beads.push_back(bead);
  }
  return beads;
}

TEST(CoregistrationAffine, IsExactWithoutNoise) {
  Random random(1);
  for (const int count : {3, 4, 5, 6, 40}) {
    const auto fit = FitAffine(Draw(count, random, 0.0), 0.6);
    ASSERT_TRUE(fit) << count;
    EXPECT_EQ(fit->beads, count);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(fit->shift_um[axis], kShift[axis], 1e-10);
      EXPECT_NEAR(fit->gradient[0][axis], kGradient[0][axis], 1e-11);
      EXPECT_NEAR(fit->gradient[1][axis], kGradient[1][axis], 1e-11);
      EXPECT_EQ(fit->excess_um[axis], 0.0);
      EXPECT_NEAR(fit->residual_rms_um[axis], 0.0, 1e-10);
      EXPECT_NEAR(fit->ShiftAt({2.0, -3.0})[axis],
                  kShift[axis] + 2.0 * kGradient[0][axis] - 3.0 * kGradient[1][axis], 1e-10);
    }
  }
}

// 12 and 40 beads, 400 fields of one arrangement: SD of the residual over the mean u. A chi
// distribution's SD is some percent below the first order at 12 beads; 400 fields know it to 3.5 %.
TEST(CoregistrationAffine, TheResidualIsUncertainByItsOwnScatter) {
  Random random(77);
  for (const int count : {12, 40}) {
    const std::vector<Displacement> places = Draw(count, random, 0.0);
    for (const auto& axes : {std::initializer_list<std::size_t>{0, 1}, {2}}) {
      double sum = 0.0, square = 0.0, u = 0.0;
      constexpr int kFields = 400;
      for (int i = 0; i < kFields; ++i) {
        std::vector<Displacement> beads = places;
        for (Displacement& bead : beads) {
          for (std::size_t axis = 0; axis < 3; ++axis) {
            bead.shift_um[axis] += bead.u_um[axis] * random.Normal();
          }
        }
        const auto residual = FitAffine(beads, 0.6)->ResidualOver(axes);
        sum += residual.rms_um / kFields;
        square += residual.rms_um * residual.rms_um / kFields;
        u += residual.u_um / kFields;
      }
      EXPECT_NEAR(std::sqrt(square - sum * sum) / u, 1.0, 0.12) << count;
    }
  }
  EXPECT_EQ(FitAffine(Draw(3, random, 1.0), 0.6)->ResidualOver({0, 1}).u_um, 0.0);
}

/// SD of (estimate - truth) / u of the shift and both gradients over many fields.
struct Pulls {
  std::array<double, 3> squares{};
  int n = 0;
  int outliers = 0;

  void Add(const AffineFit& fit) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::array<double, 3> error = {fit.shift_um[axis] - kShift[axis],
                                           fit.gradient[0][axis] - kGradient[0][axis],
                                           fit.gradient[1][axis] - kGradient[1][axis]};
      for (std::size_t i = 0; i < 3; ++i) {
        squares[i] += error[i] * error[i] / fit.covariance[axis][i][i];
      }
      ++n;
    }
    outliers += static_cast<int>(std::count(fit.outlier.begin(), fit.outlier.end(), true));
  }
  [[nodiscard]] double Of(std::size_t i) const { return std::sqrt(squares[i] / n); }
};

struct Scatter {
  int beads;
  double scatter, excess_um;
};

class AffinePulls : public testing::TestWithParam<Scatter> {};

TEST_P(AffinePulls, UncertaintyIsWhatTheErrorsAre) {
  Random random(2);
  Pulls pulls;
  for (int field = 0; field < 150; ++field) {
    const auto fit =
        FitAffine(Draw(GetParam().beads, random, GetParam().scatter, GetParam().excess_um), 0.6);
    ASSERT_TRUE(fit);
    pulls.Add(*fit);
  }
  for (std::size_t i = 0; i < 3; ++i) {  // 450 draws: the SD itself is known to 3.5 %
    EXPECT_GT(pulls.Of(i), 0.8) << i;
    EXPECT_LT(pulls.Of(i), 1.25) << i;
  }
  EXPECT_LE(pulls.outliers, 6);  // 5 SD, over three axes: 1.5e-5 of up to 6000 beads, more of few
}

// Beads that scatter as stated, twice as much, and with a spread that has nothing to do with u.
INSTANTIATE_TEST_SUITE_P(Fields, AffinePulls,
                         testing::Values(Scatter{40, 1.0, 0.0}, Scatter{8, 1.0, 0.0},
                                         Scatter{40, 2.0, 0.0}, Scatter{40, 1.0, 0.004},
                                         Scatter{15, 1.0, 0.004}));

TEST(CoregistrationAffine, TheExcessIsWhatTheBeadsScatterBeyondTheirFits) {
  Random random(3);
  double sum = 0.0;
  for (int field = 0; field < 40; ++field) {
    sum += FitAffine(Draw(60, random, 1.0, 0.004), 0.6)->excess_um[0] / 40.0;
  }
  EXPECT_NEAR(sum, 0.004, 0.0002);
}

TEST(CoregistrationAffine, MarksOutliersAndIsNotMovedByThem) {
  for (const double off : {0.02, 0.2, 2.0}) {
    Random random(4);
    auto beads = Draw(30, random, 1.0);
    for (std::size_t i = 0; i < 9; ++i) beads[3 * i].shift_um[i % 3] += i % 2 == 0 ? off : -off;
    const auto fit = FitAffine(beads, 0.6);
    ASSERT_TRUE(fit);
    EXPECT_EQ(fit->beads, 21);
    for (std::size_t i = 0; i < beads.size(); ++i) {
      EXPECT_EQ(fit->outlier[i], i % 3 == 0 && i < 27) << i;
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(fit->shift_um[axis], kShift[axis], 5.0 * std::sqrt(fit->covariance[axis][0][0]));
    }
    EXPECT_NEAR(std::abs(fit->residual_um[0][0]), off, 0.005);
    EXPECT_LT(fit->residual_rms_um[0], 0.001);
  }
}

TEST(CoregistrationAffine, FiveStandardDeviationsAreTheLimit) {
  for (const auto& [sds, beyond] : {std::pair(4.5, false), std::pair(5.6, true)}) {
    Random random(5);
    auto beads = Draw(200, random, 0.0);
    beads[7].shift_um[1] += sds * beads[7].u_um[1];
    EXPECT_EQ(FitAffine(beads, 0.6)->outlier[7], beyond) << sds;
  }
}

TEST(CoregistrationAffine, MarksNoneOfFewerThanFive) {
  Random random(6);
  auto four = Draw(4, random, 0.0);
  four[2].shift_um[0] += 0.5;
  EXPECT_EQ(FitAffine(four, 0.6)->beads, 4);
  EXPECT_GT(FitAffine(four, 0.6)->excess_um[0], 0.05);
  auto five = Draw(5, random, 0.0);
  five[2].shift_um[0] += 0.5;
  const auto fit = FitAffine(five, 0.6);
  EXPECT_EQ(fit->beads, 4);
  EXPECT_TRUE(fit->outlier[2]);
}

TEST(CoregistrationAffine, NeedsThreeBeadsThatAreNoLine) {
  Random random(7);
  auto beads = Draw(12, random, 0.0);
  EXPECT_FALSE(FitAffine(std::span(beads).first(2), 0.6));
  EXPECT_FALSE(FitAffine(std::span(beads).first(0), 0.6));
  for (auto& bead : beads) bead.place_um[1] = 0.5 * bead.place_um[0] + random.Uniform(-0.1, 0.1);
  EXPECT_FALSE(FitAffine(beads, 0.6));
  EXPECT_TRUE(FitAffine(beads, 0.01));
  // RMS 1 across the narrow direction, exactly.
  std::vector<Displacement> cross(4, Displacement{{0, 0}, {0, 0, 0}, {1e-3, 1e-3, 1e-3}});
  cross[0].place_um = {-5.0, -1.0};
  cross[1].place_um = {-5.0, 1.0};
  cross[2].place_um = {5.0, -1.0};
  cross[3].place_um = {5.0, 1.0};
  EXPECT_TRUE(FitAffine(cross, 0.999));
  EXPECT_FALSE(FitAffine(cross, 1.001));
}

TEST(CoregistrationAffine, DescribesTheMap) {
  // A map of magnification m, turned by r, its axes closed by s, in closed form.
  const double m = 1.02;
  const double r = 0.7 * std::numbers::pi / 180.0;
  const double s = 0.3 * std::numbers::pi / 180.0;
  const double length = m / std::sqrt(std::cos(s));
  AffineFit fit;
  fit.gradient[0] = {length * std::cos(r + s / 2) - 1.0, length * std::sin(r + s / 2), 0.01};
  fit.gradient[1] = {-length * std::sin(r - s / 2), length * std::cos(r - s / 2) - 1.0, -0.02};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t i = 0; i < 3; ++i) {
      fit.covariance[axis][i][i] = std::pow(1e-4 * static_cast<double>(3 * axis + i + 1), 2);
    }
  }
  const ChannelMap map = DescribeMap(fit);
  EXPECT_NEAR(map.magnification.value, m, 1e-12);
  EXPECT_NEAR(map.rotation_deg.value, 0.7, 1e-9);
  EXPECT_NEAR(map.shear_deg.value, 0.3, 1e-9);
  EXPECT_NEAR(map.tilt_deg[0].value, std::atan(0.01) * 180.0 / std::numbers::pi, 1e-12);
  EXPECT_NEAR(map.tilt_deg[1].value, -std::atan(0.02) * 180.0 / std::numbers::pi, 1e-12);
  const double degrees = 180.0 / std::numbers::pi;
  EXPECT_NEAR(map.shift_um[2].u, 7e-4, 1e-12);
  EXPECT_NEAR(map.magnification.u, 0.5 * std::hypot(2e-4, 6e-4), 1e-12);
  EXPECT_NEAR(map.rotation_deg.u, degrees * 0.5 * std::hypot(5e-4, 3e-4), 1e-9);
  EXPECT_NEAR(map.shear_deg.u, degrees * std::hypot(5e-4, 3e-4), 1e-9);
  EXPECT_NEAR(map.tilt_deg[0].u, degrees * 8e-4 / 1.0001, 1e-9);
  EXPECT_NEAR(map.tilt_deg[1].u, degrees * 9e-4 / 1.0004, 1e-9);
}

}  // namespace
}  // namespace qc_metrics
