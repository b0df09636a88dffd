#include "qc_metrics/grid_lattice.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <map>
#include <queue>

namespace qc_metrics {
namespace {

using Vector = Eigen::Vector2d;
using Cell = std::pair<int, int>;
using Spots = std::span<const GridSpot>;

constexpr double kAgree = 0.25;  // of the step: how far a spot may lie from where it is expected
constexpr std::size_t kNeighbours = 8;
constexpr std::size_t kVoters = 2000;
constexpr int kLeastPoints = 4;

Vector At(const GridSpot& spot) { return {spot.x_px, spot.y_px}; }

/// Spots in square cells, for what lies near a place.
class SpotIndex {
 public:
  SpotIndex(Spots spots, double cell) : spots_(spots), cell_(cell) {
    for (std::size_t i = 0; i < spots.size(); ++i) {
      cells_[{CellOf(spots[i].x_px), CellOf(spots[i].y_px)}].push_back(i);
    }
  }

  /// Nearest spot within `reach`, or nothing.
  [[nodiscard]] std::optional<std::size_t> Nearest(const Vector& at, double reach) const {
    std::optional<std::size_t> best;
    double least = reach;
    Visit(at, reach, [&](std::size_t i) {
      const double distance = (At(spots_[i]) - at).norm();
      if (distance <= least) {
        least = distance;
        best = i;
      }
    });
    return best;
  }

  template <typename Visitor>
  void Visit(const Vector& at, double reach, Visitor visit) const {
    for (int y = CellOf(at[1] - reach); y <= CellOf(at[1] + reach); ++y) {
      for (int x = CellOf(at[0] - reach); x <= CellOf(at[0] + reach); ++x) {
        const auto found = cells_.find({x, y});
        if (found == cells_.end()) continue;
        for (const std::size_t i : found->second) visit(i);
      }
    }
  }

 private:
  [[nodiscard]] int CellOf(double at) const { return static_cast<int>(std::floor(at / cell_)); }

  Spots spots_;
  double cell_;
  std::map<Cell, std::vector<std::size_t>> cells_;
};

/// Differences from spots to their nearest neighbours, turned into the right half plane.
std::vector<Vector> NeighbourSteps(Spots spots, double density_px) {
  const SpotIndex index(spots, density_px);
  std::vector<Vector> steps;
  for (std::size_t i = 0; i < std::min(spots.size(), kVoters); ++i) {
    std::vector<Vector> own;
    index.Visit(At(spots[i]), 2.5 * density_px, [&](std::size_t k) {
      if (k != i) own.push_back(At(spots[k]) - At(spots[i]));
    });
    std::sort(own.begin(), own.end(),
              [](const Vector& a, const Vector& b) { return a.squaredNorm() < b.squaredNorm(); });
    if (own.size() > kNeighbours) own.resize(kNeighbours);
    for (const Vector& d : own) steps.push_back(d[0] < 0.0 || (d[0] == 0.0 && d[1] < 0.0) ? -d : d);
  }
  return steps;
}

/// How many steps lie within a tenth of `d` from it (either sign), and their mean.
std::pair<int, Vector> Votes(const std::vector<Vector>& steps, const Vector& d) {
  const double reach = 0.1 * d.norm();
  int votes = 0;
  Vector sum = Vector::Zero();
  for (const Vector& s : steps) {
    if ((s - d).norm() < reach) {
      ++votes;
      sum += s;
    } else if ((s + d).norm() < reach) {
      ++votes;
      sum -= s;
    }
  }
  return {votes, votes > 0 ? Vector(sum / votes) : d};
}

/// The two steps of the grid: the commonest short one, and the one square to it.
std::optional<std::pair<Vector, Vector>> BasicSteps(const std::vector<Vector>& steps) {
  const std::size_t stride = std::max<std::size_t>(1, steps.size() / 400);
  int most = 0;
  for (std::size_t i = 0; i < steps.size(); i += stride) {
    most = std::max(most, Votes(steps, steps[i]).first);
  }
  Vector first = Vector::Zero();
  for (std::size_t i = 0; i < steps.size(); i += stride) {
    const auto [votes, mean] = Votes(steps, steps[i]);
    const bool shorter = first.isZero() || mean.norm() < 0.9 * first.norm();
    if (2 * votes >= most && shorter) first = mean;
  }
  if (first.isZero()) return std::nullopt;
  const auto [votes, second] = Votes(steps, Vector(-first[1], first[0]));
  const Vector square(-first[1], first[0]);
  // The axis nearer to the image's x counts columns; both point right and down.
  Vector x = std::abs(first[0]) >= std::abs(first[1]) ? first : (votes > 1 ? second : square);
  Vector y = std::abs(first[0]) >= std::abs(first[1]) ? (votes > 1 ? second : square) : first;
  if (x[0] < 0.0) x = -x;
  if (y[1] < 0.0) y = -y;
  return std::pair{x, y};
}

/// Spots that are indexed so far, with the steps that led to each.
struct Growth {
  std::map<Cell, std::size_t> taken;
  std::vector<bool> used;
};

struct Front {
  Cell cell;
  Vector x, y;  ///< local steps
};

/// Follows the grid from one spot.
Growth GrowFrom(Spots spots, const SpotIndex& index, std::size_t seed, const Vector& x,
                const Vector& y) {
  Growth out;
  out.used.assign(spots.size(), false);
  out.used[seed] = true;
  out.taken[{0, 0}] = seed;
  std::queue<Front> open;
  open.push({{0, 0}, x, y});
  while (!open.empty()) {
    const Front here = open.front();
    open.pop();
    const Vector at = At(spots[out.taken[here.cell]]);
    for (const auto& [di, dj] : {Cell{1, 0}, Cell{-1, 0}, Cell{0, 1}, Cell{0, -1}}) {
      const Cell next{here.cell.first + di, here.cell.second + dj};
      if (out.taken.contains(next)) continue;
      const Vector step = di * here.x + dj * here.y;
      const auto found = index.Nearest(at + step, kAgree * step.norm());
      if (!found || out.used[*found]) continue;
      out.used[*found] = true;
      out.taken[next] = *found;
      Front front{next, here.x, here.y};
      const Vector seen = At(spots[*found]) - at;
      Vector& own = di != 0 ? front.x : front.y;
      own = 0.5 * own + 0.5 * (di + dj) * seen;  // half of the last step is its own noise
      open.push(front);
    }
  }
  return out;
}

/// 1, i, j, i^2, i j, j^2 in units that keep the numbers small.
using Row = Eigen::Matrix<double, 6, 1>;

Row RowOf(double i, double j, double scale) {
  const double u = i / scale;
  const double v = j / scale;
  Row row;
  row << 1.0, u, v, u * u, u * v, v * v;
  return row;
}

/// Where the grid lies by a smooth model of what is indexed: plain steps and a quadratic rest.
class SmoothGrid {
 public:
  SmoothGrid(Spots spots, const Vector& x, const Vector& y, const Growth& growth) : x_(x), y_(y) {
    for (const auto& [cell, spot] : growth.taken) {
      scale_ = std::max({scale_, std::abs(1.0 * cell.first), std::abs(1.0 * cell.second)});
    }
    // The weak prior holds to the plain grid what few spots leave open.
    Eigen::Matrix<double, 6, 6> normal = Eigen::Matrix<double, 6, 6>::Identity() * 1e-9;
    Eigen::Matrix<double, 6, 2> right = Eigen::Matrix<double, 6, 2>::Zero();
    for (const auto& [cell, spot] : growth.taken) {
      const Row row = RowOf(cell.first, cell.second, scale_);
      normal += row * row.transpose();
      const Vector rest = At(spots[spot]) - cell.first * x - cell.second * y;
      right += row * rest.transpose();
    }
    model_ = normal.ldlt().solve(right);
    Eigen::Matrix2d basis;
    basis << x, y;
    inverse_ = basis.inverse();
  }

  /// Column and row, not whole, of a place.
  [[nodiscard]] Vector IndexOf(const Vector& at) const {
    Vector index = inverse_ * (at - Vector(model_.row(0).transpose()));
    for (int round = 0; round < 4; ++round) {
      const Vector expected = index[0] * x_ + index[1] * y_ +
                              Vector(model_.transpose() * RowOf(index[0], index[1], scale_));
      index += inverse_ * (at - expected);
    }
    return index;
  }

 private:
  Vector x_, y_;
  double scale_ = 1.0;
  Eigen::Matrix<double, 6, 2> model_;
  Eigen::Matrix2d inverse_;
};

/// Three steps beyond what is known the model still holds; farther it must come nearer first.
bool IsNear(const Growth& growth, const Cell& cell) {
  for (int dj = -3; dj <= 3; ++dj) {
    for (int di = -3; di <= 3; ++di) {
      if (growth.taken.contains({cell.first + di, cell.second + dj})) return true;
    }
  }
  return false;
}

/// Indexes spots behind gaps; true when some were added.
bool ReachOver(Spots spots, const Vector& x, const Vector& y, Growth& growth) {
  const SmoothGrid grid(spots, x, y, growth);
  bool added = false;
  for (std::size_t k = 0; k < spots.size(); ++k) {
    if (growth.used[k]) continue;
    const Vector index = grid.IndexOf(At(spots[k]));
    if (!(index.cwiseAbs().maxCoeff() < 1e6)) continue;
    const Vector whole(std::round(index[0]), std::round(index[1]));
    const Cell cell{static_cast<int>(whole[0]), static_cast<int>(whole[1])};
    if ((index - whole).norm() > kAgree || growth.taken.contains(cell) || !IsNear(growth, cell)) {
      continue;
    }
    growth.taken[cell] = k;
    growth.used[k] = true;
    added = true;
  }
  return added;
}

}  // namespace

std::optional<Lattice> IndexLattice(std::span<const GridSpot> spots) {
  if (spots.size() < kLeastPoints) return std::nullopt;
  double left = spots[0].x_px, right = left, top = spots[0].y_px, bottom = top;
  for (const GridSpot& s : spots) {
    left = std::min(left, s.x_px);
    right = std::max(right, s.x_px);
    top = std::min(top, s.y_px);
    bottom = std::max(bottom, s.y_px);
  }
  const double area = std::max(1.0, right - left) * std::max(1.0, bottom - top);
  const double density = std::sqrt(area / static_cast<double>(spots.size()));
  const auto steps = BasicSteps(NeighbourSteps(spots, density));
  if (!steps) return std::nullopt;
  const auto& [x, y] = *steps;
  const SpotIndex index(spots, std::max(1.0, 0.5 * std::min(x.norm(), y.norm())));
  Growth best;
  const std::size_t stride = std::max<std::size_t>(1, spots.size() / 24);
  for (std::size_t seed = 0; seed < spots.size(); seed += stride) {
    if (best.taken.size() * 2 > spots.size()) break;
    Growth growth = GrowFrom(spots, index, seed, x, y);
    if (growth.taken.size() > best.taken.size()) best = std::move(growth);
  }
  if (best.taken.size() < kLeastPoints) return std::nullopt;
  for (int round = 0; round < 20 && ReachOver(spots, x, y, best); ++round) {
  }
  Lattice out;
  for (const auto& [cell, spot] : best.taken) out.points.push_back({spot, cell.first, cell.second});
  for (std::size_t k = 0; k < spots.size(); ++k) {
    if (!best.used[k]) out.strays.push_back(k);
  }
  out.along_x_px = {x[0], x[1]};
  out.along_y_px = {y[0], y[1]};
  return out;
}

}  // namespace qc_metrics
