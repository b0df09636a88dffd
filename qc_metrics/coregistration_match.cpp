#include "qc_metrics/coregistration_match.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <tuple>

namespace qc_metrics {
namespace {

constexpr std::size_t kVoters = 300;
constexpr std::size_t kTrials = 60;      // fullest cells that are looked at closely
constexpr double kByChance = -4.6052;    // log of 1 in 100
constexpr double kRivalFactor = 4.6052;  // log of 100
constexpr int kRounds = 10;

using Places = std::span<const LateralPlace>;

double Square(double value) { return value * value; }

/// Nearest place within `reach` of a point, through cells of that size; -1: none.
class PlaceIndex {
 public:
  PlaceIndex(Places places, double reach) : places_(places), reach_(reach) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      cells_.push_back({Key(Cell(places[i].x), Cell(places[i].y)), i});
    }
    std::sort(cells_.begin(), cells_.end());
  }

  [[nodiscard]] int Nearest(const LateralPlace& at) const {
    int best = -1;
    double least = reach_ * reach_;
    for (std::int64_t y = Cell(at.y) - 1; y <= Cell(at.y) + 1; ++y) {
      const auto first = std::lower_bound(cells_.begin(), cells_.end(),
                                          std::pair(Key(Cell(at.x) - 1, y), std::size_t{0}));
      for (auto i = first; i != cells_.end() && i->first <= Key(Cell(at.x) + 1, y); ++i) {
        const LateralPlace& p = places_[i->second];
        const double square = Square(p.x - at.x) + Square(p.y - at.y);
        if (square <= least) {
          least = square;
          best = static_cast<int>(i->second);
        }
      }
    }
    return best;
  }

 private:
  [[nodiscard]] std::int64_t Cell(double at) const {
    return static_cast<std::int64_t>(std::floor(at / reach_));
  }
  static std::int64_t Key(std::int64_t x, std::int64_t y) { return y * 1000003 + x; }

  Places places_;
  double reach_;
  std::vector<std::pair<std::int64_t, std::size_t>> cells_;
};

/// Partners: each the nearest of the other where A's beads are expected.
std::vector<int> MutualNearest(Places expected, Places b, double reach) {
  const PlaceIndex of_b(b, reach);
  const PlaceIndex of_a(expected, reach);
  std::vector<int> partner(expected.size(), -1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const int j = of_b.Nearest(expected[i]);
    if (j >= 0 && of_a.Nearest(b[static_cast<std::size_t>(j)]) == static_cast<int>(i)) {
      partner[i] = j;
    }
  }
  return partner;
}

std::vector<LateralPlace> Moved(Places places, double x, double y) {
  std::vector<LateralPlace> out(places.begin(), places.end());
  for (LateralPlace& p : out) p = {p.x + x, p.y + y};
  return out;
}

/// One shift and how unlikely its votes are by chance (log of the expected number of such).
struct Vote {
  double x = 0.0, y = 0.0;
  int matches = 0;
  double log_chance = std::numeric_limits<double>::max();
};

double LogPoissonTail(int n, double mean) {
  if (n <= mean) return 0.0;
  return std::min(0.0, n * std::log(mean) - mean - std::lgamma(n + 1.0));
}

/// Counts the beads that a shift brings together, about their own mean shift.
Vote Examine(Places a, Places b, double x, double y, const MatchSettings& s) {
  Vote vote{x, y};
  for (int round = 0; round < 2; ++round) {
    const std::vector<LateralPlace> moved = Moved(a, vote.x, vote.y);
    const std::vector<int> partner = MutualNearest(moved, b, s.tolerance_um);
    double dx = 0.0;
    double dy = 0.0;
    vote.matches = 0;
    for (std::size_t i = 0; i < partner.size(); ++i) {
      if (partner[i] < 0) continue;
      ++vote.matches;
      dx += b[static_cast<std::size_t>(partner[i])].x - moved[i].x;
      dy += b[static_cast<std::size_t>(partner[i])].y - moved[i].y;
    }
    if (vote.matches == 0) return vote;
    vote.x += dx / vote.matches;
    vote.y += dy / vote.matches;
  }
  const double mean = static_cast<double>(a.size()) * static_cast<double>(b.size()) *
                      std::numbers::pi * Square(s.tolerance_um) / (s.width_um * s.height_um);
  const double ways = 1.0 + std::hypot(vote.x, vote.y) / s.tolerance_um;
  vote.log_chance = 2.0 * std::log(ways) + LogPoissonTail(vote.matches, mean);
  return vote;
}

/// The shift between one bead of A and one of B, with the cell that it falls in.
struct Difference {
  std::int64_t cell_x, cell_y;
  LateralPlace shift;
};

std::vector<Difference> AllDifferences(Places a, Places b, double cell) {
  std::vector<Difference> all;
  for (const LateralPlace& p : a) {
    for (const LateralPlace& q : b) {
      const LateralPlace d = {q.x - p.x, q.y - p.y};
      all.push_back({static_cast<std::int64_t>(std::floor(d.x / cell)),
                     static_cast<std::int64_t>(std::floor(d.y / cell)), d});
    }
  }
  std::sort(all.begin(), all.end(), [](const Difference& l, const Difference& r) {
    return std::tie(l.cell_y, l.cell_x) < std::tie(r.cell_y, r.cell_x);
  });
  return all;
}

/// Mean shifts of the fullest cells; of equally full ones the smaller shifts first.
std::vector<LateralPlace> ShiftsToTry(Places a, Places b, double cell) {
  const std::vector<Difference> all = AllDifferences(a, b, cell);
  std::vector<std::pair<std::size_t, LateralPlace>> cells;
  for (std::size_t i = 0, end = 0; i < all.size(); i = end) {
    LateralPlace sum;
    for (end = i;
         end < all.size() && all[end].cell_x == all[i].cell_x && all[end].cell_y == all[i].cell_y;
         ++end) {
      sum = {sum.x + all[end].shift.x, sum.y + all[end].shift.y};
    }
    const auto votes = static_cast<double>(end - i);
    cells.emplace_back(end - i, LateralPlace{sum.x / votes, sum.y / votes});
  }
  std::sort(cells.begin(), cells.end(), [](const auto& l, const auto& r) {
    return l.first != r.first
               ? l.first > r.first
               : std::hypot(l.second.x, l.second.y) < std::hypot(r.second.x, r.second.y);
  });
  std::vector<LateralPlace> out;
  for (std::size_t i = 0; i < std::min(kTrials, cells.size()); ++i) out.push_back(cells[i].second);
  return out;
}

/// x' = c0 + c1 x + c2 y for both directions.
using Map = Eigen::Matrix<double, 3, 2>;

LateralPlace Through(const Map& map, const LateralPlace& p) {
  const Eigen::RowVector2d q = Eigen::RowVector3d(1.0, p.x, p.y) * map;
  return {q[0], q[1]};
}

/// Least squares over the pairs; a plain shift while there are few.
Map FitMap(Places a, Places b, const std::vector<int>& partner) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Map right = Map::Zero();
  double pairs = 0.0;
  LateralPlace shift;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (partner[i] < 0) continue;
    const LateralPlace& q = b[static_cast<std::size_t>(partner[i])];
    const Eigen::Vector3d row(1.0, a[i].x, a[i].y);
    normal += row * row.transpose();
    right += row * Eigen::RowVector2d(q.x, q.y);
    shift = {shift.x + q.x - a[i].x, shift.y + q.y - a[i].y};
    pairs += 1.0;
  }
  Map map;
  map << shift.x / pairs, shift.y / pairs, 1.0, 0.0, 0.0, 1.0;
  constexpr double kPairsForMap = 6.0;
  const Eigen::LDLT<Eigen::Matrix3d> solver(normal);
  if (pairs < kPairsForMap || solver.rcond() < 1e-9) return map;
  const Map affine = solver.solve(right);
  // Two channels of one microscope differ by a few percent at most; more is a chance alignment.
  const double strain =
      (affine.bottomRows<2>() - Eigen::Matrix2d::Identity()).cwiseAbs().maxCoeff();
  return strain < 0.1 ? affine : map;
}

void Grow(Places a, Places b, const MatchSettings& s, Matching& out) {
  out.expected = Moved(a, out.shift_um[0], out.shift_um[1]);
  out.partner = MutualNearest(out.expected, b, s.tolerance_um);
  for (int round = 0; round < kRounds; ++round) {
    const Map map = FitMap(a, b, out.partner);
    std::vector<LateralPlace> expected;
    for (const LateralPlace& p : a) expected.push_back(Through(map, p));
    std::vector<int> partner = MutualNearest(expected, b, s.tolerance_um);
    const auto pairs = [](const std::vector<int>& of) {
      return std::count_if(of.begin(), of.end(), [](int j) { return j >= 0; });
    };
    if (pairs(partner) < pairs(out.partner)) return;
    const bool same = partner == out.partner;
    out.expected = std::move(expected);
    out.partner = std::move(partner);
    if (same) return;
  }
}

}  // namespace

Matching MatchBeads(std::span<const LateralPlace> a, std::span<const LateralPlace> b,
                    const MatchSettings& settings) {
  Matching out;
  if (a.empty() || b.empty()) return out;
  const Places voters_a = a.first(std::min(a.size(), kVoters));
  const Places voters_b = b.first(std::min(b.size(), kVoters));
  std::vector<Vote> votes;
  for (const LateralPlace& shift : ShiftsToTry(voters_a, voters_b, settings.tolerance_um)) {
    votes.push_back(Examine(voters_a, voters_b, shift.x, shift.y, settings));
  }
  const auto best = std::min_element(votes.begin(), votes.end(), [](const Vote& l, const Vote& r) {
    return l.log_chance < r.log_chance;
  });
  out.shift_um = {best->x, best->y};
  const bool only_one = a.size() == 1 && b.size() == 1;
  if (!only_one && best->log_chance > kByChance) return out;
  for (const Vote& vote : votes) {
    if (std::hypot(vote.x - best->x, vote.y - best->y) < 2.0 * settings.tolerance_um) continue;
    if (vote.log_chance < best->log_chance + kRivalFactor) {
      out.state = MatchState::kAmbiguous;
      return out;
    }
    out.regular = out.regular || (vote.matches >= 4 && 2 * vote.matches >= best->matches);
  }
  out.state = MatchState::kMatched;
  Grow(a, b, settings, out);
  return out;
}

}  // namespace qc_metrics
