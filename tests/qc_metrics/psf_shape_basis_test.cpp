// Round functions of the pooled shape, and what a pixel's area makes of them.

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_shape_basis.h"

namespace qc_metrics {
namespace {

double ValueOf(const ShapeBasis& basis, Eigen::Index function, const Eigen::Vector3d& u) {
  std::array<std::array<double, kMaxShapeDegree + 1>, 3> h{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    HermiteValues(u[static_cast<Eigen::Index>(axis)], kMaxShapeDegree, h[axis].data());
  }
  double sum = 0.0;
  for (std::size_t n = 0; n < basis.modes.size(); ++n) {
    const Mode& m = basis.modes[n];
    sum += basis.functions(static_cast<Eigen::Index>(n), function) *
           h[0][static_cast<std::size_t>(m.i)] * h[1][static_cast<std::size_t>(m.j)] *
           h[2][static_cast<std::size_t>(m.k)];
  }
  return sum * std::exp(-0.5 * u.squaredNorm());
}

std::array<int, kShapeFamilies> Degrees(int other, int round) {
  std::array<int, kShapeFamilies> out{};
  out.fill(other);
  out[kRoundEven] = out[kRoundOdd] = round;
  return out;
}

TEST(PsfShapeBasis, SpansEveryModeOnceAndItsRoundFunctionsAreRound) {
  const ShapeBasis basis = MakeBasis(Degrees(6, 6), {});
  EXPECT_EQ(basis.modes.size(), 74U);
  EXPECT_EQ(basis.functions.cols(), 74);
  const Eigen::MatrixXd unit = basis.functions.transpose() * basis.functions;
  EXPECT_LT((unit - Eigen::MatrixXd::Identity(74, 74)).cwiseAbs().maxCoeff(), 1e-6);
  int round = 0;
  for (Eigen::Index c = 0; c < basis.functions.cols(); ++c) {
    const int family = basis.families[static_cast<std::size_t>(c)];
    double spread = 0.0;
    for (const double radius : {0.4, 1.1, 2.3}) {
      const double first = ValueOf(basis, c, {radius, 0.0, 0.7});
      for (double phi = 0.3; phi < 6.0; phi += 0.5) {
        const Eigen::Vector3d u(radius * std::cos(phi), radius * std::sin(phi), 0.7);
        spread = std::max(spread, std::abs(ValueOf(basis, c, u) - first));
      }
    }
    const bool is_round = family == kRoundEven || family == kRoundOdd;
    round += is_round ? 1 : 0;
    // Functions of k alone are round, too; all others turn with phi.
    EXPECT_EQ(spread < 1e-6, is_round) << c << " family " << family;
  }
  // p and k with 3 <= 2 p + k <= 6: seven even, five odd in z.
  EXPECT_EQ(round, 7 + 5);
}

TEST(PsfShapeBasis, OfALensOnlyTheRoundFunctionsAreLeft) {
  const ShapeBasis basis = MakeBasis(Degrees(0, 12), {});
  EXPECT_EQ(std::count(basis.families.begin(), basis.families.end(), kRoundEven), 25);
  EXPECT_EQ(std::count(basis.families.begin(), basis.families.end(), kRoundOdd), 20);
  EXPECT_EQ(basis.functions.cols(), 45);
}

/// The mean of a function over a box about u; `stretch` is to the sharp light's own coordinates.
double Blurred(const ShapeBasis& sharp, Eigen::Index function, const PixelView& view,
               const Eigen::Vector3d& u) {
  constexpr int kNodes = 24;  // midpoints
  double sum = 0.0;
  for (int i = 0; i < kNodes; ++i) {
    for (int j = 0; j < kNodes; ++j) {
      const double x = u[0] + view.box[0] * ((i + 0.5) / kNodes - 0.5);
      const double y = u[1] + view.box[1] * ((j + 0.5) / kNodes - 0.5);
      sum += ValueOf(sharp, function, {view.stretch[0] * x, view.stretch[1] * y, u[2]});
    }
  }
  return sum / (kNodes * kNodes);
}

/// A scanner's dwell blurs along x alone: what was round is round no more, by a known amount. The
/// blurred function is the new one times a constant, and functions of degree 0 to 2, the bead's
/// own.
TEST(PsfShapeBasis, RoundLightIsBlurredByThePixelAlongItsAxes) {
  const PixelView view = ViewOf({0.9, 0.85}, {1.0, 0.0});
  EXPECT_NEAR(view.stretch[0], 1.0 / std::sqrt(1.0 - 0.81 / 12.0), 1e-12);
  EXPECT_EQ(view.stretch[1], 1.0);
  const auto degrees = Degrees(0, 12);
  const ShapeBasis sharp = MakeBasis(degrees, {});
  const ShapeBasis seen = MakeBasis(degrees, view);
  std::vector<Eigen::Vector3d> places;
  for (double x = -2.0; x <= 2.0; x += 0.5) {
    for (double y = -2.0; y <= 2.0; y += 0.5) {
      for (const double z : {0.0, 0.8, 1.7}) places.emplace_back(x, y, z);
    }
  }
  for (Eigen::Index c = 0; c < 25; ++c) {
    if (seen.degrees[static_cast<std::size_t>(c)] > 8) continue;  // whose blur reaches beyond 12
    Eigen::VectorXd blurred(std::ssize(places));
    Eigen::MatrixXd columns(std::ssize(places), 5);
    for (Eigen::Index n = 0; n < blurred.size(); ++n) {
      const Eigen::Vector3d& u = places[static_cast<std::size_t>(n)];
      const double gaussian = std::exp(-0.5 * u.squaredNorm());
      blurred[n] = Blurred(sharp, c, view, u);
      columns.row(n) << ValueOf(seen, c, u), gaussian, gaussian * u[0] * u[0],
          gaussian * u[1] * u[1], gaussian * u[2] * u[2];
    }
    const Eigen::VectorXd fit = columns.householderQr().solve(blurred);
    EXPECT_LT((columns * fit - blurred).norm(), 2e-3 * blurred.norm()) << c;
    EXPECT_GT(fit[0], 0.5) << c;
  }
}

}  // namespace
}  // namespace qc_metrics
