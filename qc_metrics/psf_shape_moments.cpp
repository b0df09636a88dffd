#include "qc_metrics/psf_shape_moments.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kTileSums = 8;
constexpr int kTop = 2 * kMaxShapeDegree;
constexpr int kPadded = kTop + 7;  // tiles may reach beyond the highest degree; nobody reads that

/// h_0 .. h_top at sqrt(2) u, for one axis of a chunk.
struct AxisValues {
  Lanes at[kPadded][kChunk];
};

ETALON_INLINE void FillAxis(const Lanes* u, int blocks, int top, AxisValues& out) {
  const auto root = static_cast<float>(std::sqrt(2.0));
  for (int n = 0; n < blocks; ++n) {
    out.at[0][n] = Lanes{} + 1.0F;
    out.at[1][n] = 2.0F * u[n];
  }
  for (int d = 1; d < top; ++d) {
    const auto degree = static_cast<float>(d);
    const float up = root * std::sqrt(2.0F / (degree + 1.0F));
    const float down = std::sqrt(degree / (degree + 1.0F));
    for (int n = 0; n < blocks; ++n) {
      out.at[d + 1][n] = up * u[n] * out.at[d][n] - down * out.at[d - 1][n];
    }
  }
}

/// Adds one tile: two products along x and y with four functions along z.
ETALON_INLINE void AddMoments(const Lanes (*xy)[kChunk], const Lanes (*z)[kChunk], int blocks,
                              Lanes* sums) {
  Lanes s[kTileSums];
  for (int i = 0; i < kTileSums; ++i) s[i] = sums[i];
  for (int n = 0; n < blocks; ++n) {
    for (int i = 0; i < 4; ++i) {
      s[i] += xy[0][n] * z[2 * i][n];
      s[4 + i] += xy[1][n] * z[2 * i][n];
    }
  }
  for (int i = 0; i < kTileSums; ++i) sums[i] = s[i];
}

ETALON_HOT void SumTiles(const VoxelChunk& chunk, const ShapeMoments::Tile* tiles, int count,
                         int degree, LaneSum* sums) {
  AxisValues x;
  AxisValues y;
  AxisValues z;
  FillAxis(chunk.u[0], chunk.blocks, degree + 1, x);
  FillAxis(chunk.u[1], chunk.blocks, degree + 3, y);
  FillAxis(chunk.u[2], chunk.blocks, degree + 6, z);
  Lanes xy[2][kChunk];
  int a = -1;
  int b = -1;
  for (int t = 0; t < count; ++t) {
    if (tiles[t].a != a || tiles[t].b != b) {
      a = tiles[t].a;
      b = tiles[t].b;
      for (int n = 0; n < chunk.blocks; ++n) {
        const Lanes along_x = chunk.scale[n] * chunk.scale[n] * x.at[a][n];
        xy[0][n] = along_x * y.at[b][n];
        xy[1][n] = along_x * y.at[b + 2][n];
      }
    }
    AddMoments(xy, z.at + tiles[t].c, chunk.blocks, &sums[kTileSums * t].at);
  }
}

/// h_i(u) h_j(u) = sum over n of Product(i, j)[n] h_n(sqrt(2) u).
using Expansion = std::array<double, kTop + 2>;

/// The expansion of u times an expansion.
Expansion TimesU(const Expansion& from) {
  Expansion out{};
  for (std::size_t n = 0; n + 1 < from.size(); ++n) {
    const auto degree = static_cast<double>(n);
    out[n + 1] += 0.5 * std::sqrt(degree + 1.0) * from[n];
    if (n > 0) out[n - 1] += 0.5 * std::sqrt(degree) * from[n];
  }
  return out;
}

using Products = std::array<std::array<Expansion, kMaxShapeDegree + 1>, kMaxShapeDegree + 1>;

Products MakeProducts() {
  Products table{};
  table[0][0][0] = 1.0;
  // h_{i+1} h_j = sqrt(2 / (i + 1)) u h_i h_j - sqrt(i / (i + 1)) h_{i-1} h_j
  const auto next = [](std::size_t i, const Expansion& here, const Expansion* before) {
    const auto degree = static_cast<double>(i);
    Expansion out = TimesU(here);
    for (std::size_t n = 0; n < out.size(); ++n) {
      out[n] *= std::sqrt(2.0 / (degree + 1.0));
      if (before != nullptr) out[n] -= std::sqrt(degree / (degree + 1.0)) * (*before)[n];
    }
    return out;
  };
  for (std::size_t j = 0; j < kMaxShapeDegree; ++j) {
    table[0][j + 1] = next(j, table[0][j], j > 0 ? &table[0][j - 1] : nullptr);
  }
  for (std::size_t i = 0; i < kMaxShapeDegree; ++i) {
    for (std::size_t j = 0; j <= kMaxShapeDegree; ++j) {
      table[i + 1][j] = next(i, table[i][j], i > 0 ? &table[i - 1][j] : nullptr);
    }
  }
  return table;
}

const Expansion& ProductOf(int i, int j) {
  static const Products table = MakeProducts();
  return table[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
}

}  // namespace

ShapeMoments::ShapeMoments(const std::vector<Mode>& modes)
    : modes_(modes), kept_(Index(kDegrees, 0, 0), 0.0) {
  std::array<bool, kParityClasses> there{};
  for (const Mode& mode : modes) {
    degree_ = std::max(degree_, 2 * mode.Degree());
    there[static_cast<std::size_t>(mode.ParityClass())] = true;
  }
  std::array<bool, kParityClasses> needed{};
  for (std::size_t i = 0; i < kParityClasses; ++i) {
    for (std::size_t j = 0; j < kParityClasses; ++j) {
      needed[i ^ j] = needed[i ^ j] || (there[i] && there[j]);
    }
  }
  for (int a = 0; a <= degree_; ++a) {
    for (int b = 0; a + b <= degree_; b += b % 2 == 0 ? 1 : 3) {
      for (int odd = 0; odd < 2; ++odd) {
        const Mode first{a, b, odd};
        if (!needed[static_cast<std::size_t>(first.ParityClass())]) continue;
        for (int c = odd; a + b + c <= degree_; c += 8) tiles_.push_back({a, b, c});
      }
    }
  }
  sums_.assign(kTileSums * tiles_.size(), LaneSum{});
}

void ShapeMoments::Take(const VoxelChunk& chunk) {
  SumTiles(chunk, tiles_.data(), static_cast<int>(tiles_.size()), degree_, sums_.data());
}

void ShapeMoments::Keep() {
  const LaneSum* sum = sums_.data();
  for (const Tile& tile : tiles_) {
    for (int b = tile.b; b <= tile.b + 2; b += 2) {
      for (int c = tile.c; c <= tile.c + 6; c += 2, ++sum) {
        if (tile.a + b + c <= degree_) kept_[Index(tile.a, b, c)] += Total(sum->at);
      }
    }
  }
  Drop();
}

void ShapeMoments::Drop() { std::fill(sums_.begin(), sums_.end(), LaneSum{}); }

/// Moments along z of the product of two modes' functions in x and y.
Eigen::VectorXd ShapeMoments::AlongZ(const Mode& one, const Mode& other) const {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(kDegrees);
  const Expansion& x = ProductOf(one.i, other.i);
  const Expansion& y = ProductOf(one.j, other.j);
  for (int a = (one.i + other.i) % 2; a <= one.i + other.i; a += 2) {
    for (int b = (one.j + other.j) % 2; b <= one.j + other.j; b += 2) {
      const double factor = x[static_cast<std::size_t>(a)] * y[static_cast<std::size_t>(b)];
      out += factor * Eigen::Map<const Eigen::VectorXd>(kept_.data() + Index(a, b, 0), kDegrees);
    }
  }
  return out;
}

Eigen::MatrixXd ShapeMoments::Matrix() const {
  const auto count = std::ssize(modes_);
  Eigen::MatrixXd out(count, count);
  const auto same = [](const Mode& a, const Mode& b) { return a.i == b.i && a.j == b.j; };
  const auto end_of = [&](std::size_t first) {
    std::size_t last = first;
    while (last < modes_.size() && same(modes_[first], modes_[last])) ++last;
    return last;
  };
  for (std::size_t rows = 0; rows < modes_.size(); rows = end_of(rows)) {
    for (std::size_t columns = 0; columns <= rows; columns = end_of(columns)) {
      const Eigen::VectorXd z = AlongZ(modes_[rows], modes_[columns]);
      for (std::size_t n = rows; n < end_of(rows); ++n) {
        for (std::size_t m = columns; m < end_of(columns); ++m) {
          const int top = modes_[n].k + modes_[m].k;
          const Expansion& product = ProductOf(modes_[n].k, modes_[m].k);
          double sum = 0.0;
          for (int c = top % 2; c <= top; c += 2)
            sum += product[static_cast<std::size_t>(c)] * z[c];
          const auto at = static_cast<Eigen::Index>(n);
          const auto to = static_cast<Eigen::Index>(m);
          out(at, to) = out(to, at) = sum;
        }
      }
    }
  }
  return out;
}

}  // namespace qc_metrics
