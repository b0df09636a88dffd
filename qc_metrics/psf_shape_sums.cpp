#include "qc_metrics/psf_shape_sums.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kTileRows = 4;
constexpr int kTileColumns = 3;
constexpr int kTileSums = kTileRows * kTileColumns;

std::size_t TilesFor(Eigen::Index columns) {
  return static_cast<std::size_t>((columns + kTileColumns - 1) / kTileColumns);
}

/// h_0 .. h_10 along the three axes of a chunk, the scale within those of x.
struct ChunkHermites {
  Lanes at[3][kMaxShapeDegree + 1][kChunk];

  ETALON_INLINE void Fill(const VoxelChunk& chunk, const HermiteTable& table) {
    for (int axis = 0; axis < 3; ++axis) {
      auto& h = at[axis];
      for (int n = 0; n < chunk.blocks; ++n) {
        h[0][n] = axis == 0 ? chunk.scale[n] : Lanes{} + 1.0F;
        h[1][n] = table.up[0] * chunk.u[axis][n] * h[0][n];
      }
      for (std::size_t d = 1; d < kMaxShapeDegree; ++d) {
        for (int n = 0; n < chunk.blocks; ++n) {
          h[d + 1][n] = table.up[d] * chunk.u[axis][n] * h[d][n] - table.down[d] * h[d - 1][n];
        }
      }
    }
  }
};

/// Adds the products of a chunk's rows with modes, a whole number of tiles of them.
ETALON_HOT void SumModes(const VoxelChunk& chunk, const HermiteTable& table, const Mode* modes,
                         std::size_t tiles, int groups, LaneSum* sums) {
  ChunkHermites h;
  h.Fill(chunk, table);
  Lanes columns[kTileColumns][kChunk];
  for (std::size_t tile = 0; tile < tiles; ++tile, modes += kTileColumns) {
    for (int j = 0; j < kTileColumns; ++j) {
      const Mode& mode = modes[j];
      for (int n = 0; n < chunk.blocks; ++n) {
        columns[j][n] = h.at[0][mode.i][n] * h.at[1][mode.j][n] * h.at[2][mode.k][n];
      }
    }
    for (int group = 0; group < groups; ++group, sums += kTileSums) {
      AddTile(chunk.rows + kTileRows * group, columns, chunk.blocks, &sums->at);
    }
  }
}

/// Adds the products of a chunk's rows with each other.
ETALON_HOT void SumRows(const VoxelChunk& chunk, int tiles, int groups, LaneSum* sums) {
  for (int tile = 0; tile < tiles; ++tile) {
    for (int group = 0; group < groups; ++group, sums += kTileSums) {
      AddTile(chunk.rows + kTileRows * group, chunk.rows + kTileColumns * tile, chunk.blocks,
              &sums->at);
    }
  }
}

/// Lower triangle of columns' * columns; `columns` hold `blocks` blocks each, one after the other,
/// and their number is a whole number of tiles in both directions.
ETALON_HOT void MultiplyColumns(const Lanes* columns, int blocks, int count, double* out) {
  for (int i = 0; i < count; i += kTileRows) {
    for (int j = 0; j < i + kTileRows; j += kTileColumns) {
      Lanes s[kTileSums] = {};
      const Lanes* a = columns + i * blocks;
      const Lanes* b = columns + j * blocks;
      for (int n = 0; n < blocks; ++n) {
        for (int p = 0; p < kTileRows; ++p) {
          for (int q = 0; q < kTileColumns; ++q) {
            s[kTileColumns * p + q] += a[p * blocks + n] * b[q * blocks + n];
          }
        }
      }
      for (int p = 0; p < kTileRows; ++p) {
        for (int q = 0; q < kTileColumns; ++q) {
          out[(i + p) * count + j + q] = Total(s[kTileColumns * p + q]);
        }
      }
    }
  }
}

}  // namespace

ShapeSums::ShapeSums(const std::vector<Mode>& modes, int own)
    : columns_(modes),
      modes_(std::ssize(modes)),
      own_(own),
      groups_(own / kTileRows + 1),
      moments_(modes),
      score_(Eigen::VectorXd::Zero(modes_)) {
  columns_.resize(kTileColumns * TilesFor(modes_), Mode{0, 0, 0});
  const auto a_tile = static_cast<std::size_t>(groups_ * kTileSums);
  rows_.assign(TilesFor(own_ + 1) * a_tile, LaneSum{});
  cross_.assign(TilesFor(modes_) * a_tile, LaneSum{});
}

void ShapeSums::Take(const VoxelChunk& chunk) {
  SumRows(chunk, static_cast<int>(TilesFor(own_ + 1)), groups_, rows_.data());
  SumModes(chunk, Hermites(), columns_.data(), TilesFor(modes_), groups_, cross_.data());
  moments_.Take(chunk);
}

OwnSums ShapeSums::Own() const {
  const auto sum = [this](const std::vector<LaneSum>& sums, Eigen::Index row, Eigen::Index column) {
    const Eigen::Index tile = column / kTileColumns * groups_ + row / kTileRows;
    const Eigen::Index within = row % kTileRows * kTileColumns + column % kTileColumns;
    return Total(sums[static_cast<std::size_t>(tile * kTileSums + within)].at);
  };
  OwnSums out{Eigen::MatrixXd(own_, own_), Eigen::VectorXd(own_), Eigen::MatrixXd(own_, modes_),
              Eigen::VectorXd(modes_)};
  for (Eigen::Index i = 0; i < own_; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) out.own(i, j) = out.own(j, i) = sum(rows_, i, j);
    out.own_score[i] = sum(rows_, own_, i);
  }
  for (Eigen::Index m = 0; m < modes_; ++m) {
    for (Eigen::Index i = 0; i < own_; ++i) out.cross(i, m) = sum(cross_, i, m);
    out.score[m] = sum(cross_, own_, m);
  }
  return out;
}

bool ShapeSums::EndBead() {
  const OwnSums sums = Own();
  std::fill(rows_.begin(), rows_.end(), LaneSum{});
  std::fill(cross_.begin(), cross_.end(), LaneSum{});
  const Eigen::VectorXd scale = sums.own.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Eigen::LLT<Eigen::MatrixXd> llt(scale.asDiagonal() * sums.own * scale.asDiagonal());
  if (llt.info() != Eigen::Success || !sums.cross.allFinite() || !sums.score.allFinite()) {
    moments_.Drop();
    return false;
  }
  moments_.Keep();
  const Eigen::MatrixXd half = llt.matrixL().solve(scale.asDiagonal() * sums.cross);
  const Eigen::VectorXd half_score = llt.matrixL().solve(scale.cwiseProduct(sums.own_score));
  score_ += sums.score - half.transpose() * half_score;
  halves_.push_back(half.cast<float>());
  ++beads_;
  return true;
}

/// Sum over beads of C' I^-1 C.
Eigen::MatrixXd ShapeSums::Projected() const {
  const Eigen::Index blocks = (own_ * beads_ + kLanes - 1) / kLanes;
  const Eigen::Index count = (modes_ + kTileSums - 1) / kTileSums * kTileSums;
  std::vector<LaneSum> columns(static_cast<std::size_t>(blocks * count));
  Eigen::Map<Eigen::MatrixXf> stacked(reinterpret_cast<float*>(&columns.data()->at),
                                      blocks * kLanes, count);
  for (int bead = 0; bead < beads_; ++bead) {
    stacked.block(own_ * bead, 0, own_, modes_) = halves_[static_cast<std::size_t>(bead)];
  }
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> out(count, count);
  MultiplyColumns(&columns.data()->at, static_cast<int>(blocks), static_cast<int>(count),
                  out.data());
  return out.topLeftCorner(modes_, modes_).selfadjointView<Eigen::Lower>();
}

ShapeEquations ShapeSums::Equations() const {
  if (Empty()) return {};
  return {moments_.Matrix() - Projected(), score_};
}

}  // namespace qc_metrics
