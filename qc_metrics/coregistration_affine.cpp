#include "qc_metrics/coregistration_affine.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace qc_metrics {
namespace {

constexpr std::size_t kRobustBeads = 5;
constexpr int kTriples = 500;
constexpr double kOutlier = 25.0;        // five standard deviations, squared
constexpr double kMedianChi2 = 2.36597;  // of three degrees of freedom
constexpr int kRounds = 12;

using Beads = std::span<const Displacement>;
using Members = std::vector<std::size_t>;

/// One row of the design: 1, x, y.
Eigen::Vector3d RowOf(const Displacement& bead) {
  return {1.0, bead.place_um[0], bead.place_um[1]};
}

/// RMS distance of the beads from the line that fits their places best.
double NarrowSpread(Beads beads) {
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  const auto n = static_cast<double>(beads.size());
  for (const Displacement& b : beads) {
    mean += Eigen::Vector2d(b.place_um[0], b.place_um[1]) / n;
  }
  Eigen::Matrix2d spread = Eigen::Matrix2d::Zero();
  for (const Displacement& b : beads) {
    const Eigen::Vector2d d = Eigen::Vector2d(b.place_um[0], b.place_um[1]) - mean;
    spread += d * d.transpose() / n;
  }
  const double half = 0.5 * spread.trace();
  const double root = std::hypot(0.5 * (spread(0, 0) - spread(1, 1)), spread(0, 1));
  return std::sqrt(std::max(0.0, half - root));
}

/// Weighted least squares of one axis over the members.
struct AxisFit {
  Eigen::Vector3d coefficients;
  Eigen::Matrix3d covariance;
  double chi2;
};

AxisFit FitAxis(Beads beads, const Members& members, std::size_t axis, double excess_square) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  for (const std::size_t i : members) {
    const Eigen::Vector3d row = RowOf(beads[i]);
    const double w = 1.0 / (beads[i].u_um[axis] * beads[i].u_um[axis] + excess_square);
    normal += w * row * row.transpose();
    right += w * beads[i].shift_um[axis] * row;
  }
  AxisFit out;
  const Eigen::LDLT<Eigen::Matrix3d> solver(normal);
  out.coefficients = solver.solve(right);
  out.covariance = solver.solve(Eigen::Matrix3d::Identity());
  out.chi2 = 0.0;
  for (const std::size_t i : members) {
    const double r = beads[i].shift_um[axis] - RowOf(beads[i]).dot(out.coefficients);
    out.chi2 += r * r / (beads[i].u_um[axis] * beads[i].u_um[axis] + excess_square);
  }
  return out;
}

/// Excess variance that brings chi2 down to the degrees of freedom; 0 where it is below.
double ExcessSquare(Beads beads, const Members& members, std::size_t axis) {
  const double dof = static_cast<double>(members.size()) - 3.0;
  if (dof < 1.0 || FitAxis(beads, members, axis, 0.0).chi2 <= dof) {
    return 0.0;
  }
  double high = 1e-12;
  while (FitAxis(beads, members, axis, high).chi2 > dof && high < 1e12) {
    high *= 4.0;
  }
  double low = 0.25 * high;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (FitAxis(beads, members, axis, middle).chi2 > dof ? low : high) = middle;
  }
  return high;
}

std::array<double, 3> Predicted(const std::array<Eigen::Vector3d, 3>& coefficients,
                                const Displacement& bead) {
  const Eigen::Vector3d row = RowOf(bead);
  return {row.dot(coefficients[0]), row.dot(coefficients[1]), row.dot(coefficients[2])};
}

/// Squared distance of a bead from the fit in standard deviations, summed over the axes.
double Distance(const std::array<Eigen::Vector3d, 3>& coefficients, const Displacement& bead,
                const std::array<double, 3>& excess_square) {
  const auto predicted = Predicted(coefficients, bead);
  double square = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double r = bead.shift_um[axis] - predicted[axis];
    square += r * r / (bead.u_um[axis] * bead.u_um[axis] + excess_square[axis]);
  }
  return square;
}

/// Three different beads, the same ones for each call: results must repeat.
class Triples {
 public:
  explicit Triples(std::size_t beads) : beads_(beads) {}

  std::array<std::size_t, 3> Next() {
    std::array<std::size_t, 3> out{Draw(), Draw(), Draw()};
    while (out[1] == out[0]) out[1] = Draw();
    while (out[2] == out[0] || out[2] == out[1]) out[2] = Draw();
    return out;
  }

 private:
  std::size_t Draw() {  // the generator of Knuth's MMIX
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33U) % beads_;
  }

  std::size_t beads_;
  std::uint64_t state_ = 20260101;
};

/// The affine map through three beads; nothing when they nearly lie on a line.
std::optional<std::array<Eigen::Vector3d, 3>> Through(Beads beads,
                                                      const std::array<std::size_t, 3>& three) {
  Eigen::Matrix3d design;
  Eigen::Matrix3d shifts;
  for (int i = 0; i < 3; ++i) {
    const Displacement& bead = beads[three[static_cast<std::size_t>(i)]];
    design.row(i) = RowOf(bead).transpose();
    shifts.row(i) = Eigen::Vector3d(bead.shift_um[0], bead.shift_um[1], bead.shift_um[2]);
  }
  const double longest = (design.row(1) - design.row(0)).squaredNorm();
  const double determinant = design.determinant();  // twice the triangle's area
  if (!(std::abs(determinant) > 1e-3 * longest)) {
    return std::nullopt;
  }
  const Eigen::Matrix3d solved = design.inverse() * shifts;
  return std::array<Eigen::Vector3d, 3>{solved.col(0), solved.col(1), solved.col(2)};
}

/// Beads that agree with the triple whose median disagreement is least.
Members StartMembers(Beads beads) {
  Members all(beads.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  if (beads.size() < kRobustBeads) {
    return all;
  }
  Triples triples(beads.size());
  std::vector<double> best;
  double least = 1e300;
  for (int t = 0; t < kTriples; ++t) {
    const auto map = Through(beads, triples.Next());
    if (!map) continue;
    std::vector<double> squares;
    for (const Displacement& bead : beads) squares.push_back(Distance(*map, bead, {}));
    std::vector<double> sorted = squares;
    // Three beads agree by construction: half of the others must agree, too.
    const auto middle = sorted.begin() + std::ssize(sorted) / 2 + 1;
    std::nth_element(sorted.begin(), middle, sorted.end());
    if (*middle < least) {
      least = *middle;
      best = squares;
    }
  }
  if (best.empty()) {
    return all;
  }
  const double scale = std::max(1.0, least / kMedianChi2);
  std::erase_if(all, [&](std::size_t i) { return best[i] > kOutlier * scale; });
  return all;
}

struct State {
  std::array<Eigen::Vector3d, 3> coefficients;
  std::array<Eigen::Matrix3d, 3> covariance;
  std::array<double, 3> excess_square{};
};

State Solve(Beads beads, const Members& members) {
  State out;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.excess_square[axis] = ExcessSquare(beads, members, axis);
    const AxisFit fit = FitAxis(beads, members, axis, out.excess_square[axis]);
    out.coefficients[axis] = fit.coefficients;
    out.covariance[axis] = fit.covariance;
  }
  return out;
}

/// Members of the next round: beads within the limit of what the fit says of their place. That is
/// less sure of a bead that had no say in it.
Members Agreeing(Beads beads, const Members& members, const State& state) {
  Members out;
  for (std::size_t i = 0; i < beads.size(); ++i) {
    std::array<double, 3> extra = state.excess_square;
    if (!std::binary_search(members.begin(), members.end(), i)) {
      const Eigen::Vector3d row = RowOf(beads[i]);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        extra[axis] += row.dot(state.covariance[axis] * row);
      }
    }
    if (Distance(state.coefficients, beads[i], extra) <= kOutlier) {
      out.push_back(i);
    }
  }
  return out;
}

AffineFit Describe(Beads beads, const Members& members, const State& state) {
  AffineFit out;
  out.beads = static_cast<int>(members.size());
  out.outlier.assign(beads.size(), true);
  for (const std::size_t i : members) out.outlier[i] = false;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.shift_um[axis] = state.coefficients[axis][0];
    out.gradient[0][axis] = state.coefficients[axis][1];
    out.gradient[1][axis] = state.coefficients[axis][2];
    out.excess_um[axis] = std::sqrt(state.excess_square[axis]);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        out.covariance[axis][static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] =
            state.covariance[axis](i, j);
      }
    }
  }
  for (std::size_t i = 0; i < beads.size(); ++i) {
    const auto predicted = Predicted(state.coefficients, beads[i]);
    std::array<double, 3> residual{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      residual[axis] = beads[i].shift_um[axis] - predicted[axis];
      if (!out.outlier[i]) {
        out.residual_rms_um[axis] += residual[axis] * residual[axis] / out.beads;
      }
    }
    out.residual_um.push_back(residual);
  }
  for (double& rms : out.residual_rms_um) rms = std::sqrt(rms);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double sum = 0.0;
    double squares = 0.0;
    for (const std::size_t i : members) {
      const double variance = beads[i].u_um[axis] * beads[i].u_um[axis] + state.excess_square[axis];
      sum += variance;
      squares += variance * variance;
    }
    out.residual_freedom[axis] = sum * sum / squares * (out.beads - 3.0) / out.beads;
  }
  return out;
}

}  // namespace

// Each axis' sum of squares is chi-squared with its degrees of freedom (Satterthwaite 1946).
AffineFit::Residual AffineFit::ResidualOver(std::initializer_list<std::size_t> axes) const {
  double square = 0.0;
  double fourth = 0.0;
  for (const std::size_t axis : axes) {
    square += std::pow(residual_rms_um[axis], 2);
    if (residual_freedom[axis] > 0.0) {
      fourth += std::pow(residual_rms_um[axis], 4) / residual_freedom[axis];
    }
  }
  Residual out{std::sqrt(square), 0.0};
  if (square > 0.0) out.u_um = std::sqrt(2.0 * fourth) / (2.0 * out.rms_um);
  return out;
}

std::array<double, 3> AffineFit::ShiftAt(const std::array<double, 2>& place_um) const {
  std::array<double, 3> out = shift_um;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out[axis] += gradient[0][axis] * place_um[0] + gradient[1][axis] * place_um[1];
  }
  return out;
}

std::optional<AffineFit> FitAffine(std::span<const Displacement> beads, double least_spread_um) {
  if (beads.size() < 3 || NarrowSpread(beads) < least_spread_um) {
    return std::nullopt;
  }
  Members members = StartMembers(beads);
  State state = Solve(beads, members);
  for (int round = 0; round < kRounds; ++round) {
    Members next = Agreeing(beads, members, state);
    if (next == members || next.size() < kRobustBeads) {  // few beads have no outliers
      break;
    }
    members = std::move(next);
    state = Solve(beads, members);
  }
  std::vector<Displacement> kept;
  for (const std::size_t i : members) kept.push_back(beads[i]);
  if (kept.size() < 3 || NarrowSpread(kept) < least_spread_um) {
    return std::nullopt;
  }
  return Describe(beads, members, state);
}

}  // namespace qc_metrics
