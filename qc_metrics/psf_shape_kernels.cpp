#include "qc_metrics/psf_shape_kernels.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kHermites = kMaxShapeDegree + 2;
constexpr int kPairs = kBeadParameters * (kBeadParameters + 1) / 2;

/// One bead's numbers as the loops need them.
struct FlatBead {
  std::array<float, 3> centre;
  std::array<float, 9> map;  // row by row
  float amplitude, background;
  float at_zero, per_adu, floor;

  FlatBead(const MappedBead& bead, const NoiseLine& noise)
      : centre{static_cast<float>(bead.centre_px[0]), static_cast<float>(bead.centre_px[1]),
               static_cast<float>(bead.centre_px[2])},
        map{},
        amplitude(static_cast<float>(bead.amplitude_adu)),
        background(static_cast<float>(bead.background_adu)),
        at_zero(static_cast<float>(noise.at_zero)),
        per_adu(static_cast<float>(noise.per_adu)),
        floor(static_cast<float>(noise.floor)) {
    for (std::size_t i = 0; i < 9; ++i) {
      map[i] = static_cast<float>(
          bead.map(static_cast<Eigen::Index>(i / 3), static_cast<Eigen::Index>(i % 3)));
    }
  }
};

/// Hermite functions along the three axes, the common factor exp(-u^2 / 2), light and gradient.
struct LightLanes {
  Lanes h[3][kHermites];
  Lanes gaussian;
  Lanes g, gx, gy, gz;
};

ETALON_INLINE void FillHermites(const HermiteTable& table, const Lanes& u, int highest, Lanes* h) {
  h[0] = Lanes{} + 1.0F;
  h[1] = table.up[0] * u;
  for (int n = 1; n < highest; ++n) {
    const auto at = static_cast<std::size_t>(n);
    h[n + 1] = table.up[at] * u * h[n] - table.down[at] * h[n - 1];
  }
}

ETALON_INLINE void FillSlopes(const HermiteTable& table, const Lanes* h, int highest, Lanes* d) {
  d[0] = -table.raise[0] * h[1];
  for (int n = 1; n <= highest; ++n) {
    const auto at = static_cast<std::size_t>(n);
    d[n] = table.lower[at] * h[n - 1] - table.raise[at] * h[n + 1];
  }
}

ETALON_INLINE void FillGaussian(const Lanes& ux, const Lanes& uy, const Lanes& uz, Lanes& out) {
  const Lanes q = -0.5F * (ux * ux + uy * uy + uz * uz);
  for (int lane = 0; lane < kLanes; ++lane) {
    out[lane] = std::exp(q[lane]);
  }
}

ETALON_INLINE void EvaluateLight(const ShapeTable& shape, const HermiteTable& table,
                                 const Lanes& ux, const Lanes& uy, const Lanes& uz,
                                 LightLanes& out) {
  Lanes d[3][kHermites];
  const Lanes* u[3] = {&ux, &uy, &uz};
  for (int axis = 0; axis < 3; ++axis) {
    FillHermites(table, *u[axis], shape.highest + 1, out.h[axis]);
    FillSlopes(table, out.h[axis], shape.highest, d[axis]);
  }
  FillGaussian(ux, uy, uz, out.gaussian);
  Lanes g{};
  Lanes gx{};
  Lanes gy{};
  Lanes gz{};
  for (const ShapeTable::Column& column : shape.columns) {
    Lanes sum{};
    Lanes slope{};
    for (int m = column.first; m < column.last; ++m) {
      const auto at = static_cast<std::size_t>(m);
      const float a = shape.coefficients[at];
      sum += a * out.h[2][shape.k[at]];
      slope += a * d[2][shape.k[at]];
    }
    const Lanes xy = out.h[0][column.i] * out.h[1][column.j];
    g += xy * sum;
    gz += xy * slope;
    gx += d[0][column.i] * out.h[1][column.j] * sum;
    gy += out.h[0][column.i] * d[1][column.j] * sum;
  }
  out.g = g * out.gaussian;
  out.gx = gx * out.gaussian;
  out.gy = gy * out.gaussian;
  out.gz = gz * out.gaussian;
}

/// Columns of the ten parameters, weight and residual of one block.
struct BlockModel {
  Lanes u[3];
  LightLanes light;
  Lanes columns[kBeadParameters];
  Lanes weight, residual;
};

ETALON_INLINE void ModelBlock(const VoxelBlock& voxels, const ShapeTable& shape,
                              const HermiteTable& table, const FlatBead& b, BlockModel& out) {
  const Lanes dx = voxels.x - b.centre[0];
  const Lanes dy = voxels.y - b.centre[1];
  const Lanes dz = voxels.z - b.centre[2];
  const auto& m = b.map;
  const Lanes ux = m[0] * dx + m[1] * dy + m[2] * dz;
  const Lanes uy = m[3] * dx + m[4] * dy + m[5] * dz;
  const Lanes uz = m[6] * dx + m[7] * dy + m[8] * dz;
  out.u[0] = ux;
  out.u[1] = uy;
  out.u[2] = uz;
  EvaluateLight(shape, table, ux, uy, uz, out.light);
  const Lanes gx = b.amplitude * out.light.gx;
  const Lanes gy = b.amplitude * out.light.gy;
  const Lanes gz = b.amplitude * out.light.gz;
  const Lanes light = b.amplitude * out.light.g;
  out.columns[0] = light;
  out.columns[1] = -(m[0] * gx + m[3] * gy + m[6] * gz);
  out.columns[2] = -(m[1] * gx + m[4] * gy + m[7] * gz);
  out.columns[3] = -(m[2] * gx + m[5] * gy + m[8] * gz);
  out.columns[4] = gx * ux;
  out.columns[5] = gy * uy;
  out.columns[6] = gz * uz;
  out.columns[7] = gx * uy + gy * ux;
  out.columns[8] = gx * uz + gz * ux;
  out.columns[9] = gy * uz + gz * uy;
  const Lanes mean = b.background + light;
  const Lanes line = b.at_zero + b.per_adu * mean;
  const Lanes variance = line > b.floor ? line : Lanes{} + b.floor;
  out.weight = voxels.use / variance;
  out.residual = voxels.value - mean;
}

ETALON_HOT void SumScoreLanes(const VoxelBlock* voxels, std::size_t blocks, const ShapeTable& shape,
                              const HermiteTable& table, const FlatBead& bead, double* sums) {
  Lanes pairs[kPairs] = {};
  Lanes score[kBeadParameters] = {};
  Lanes chi2{};
  BlockModel model;
  for (std::size_t n = 0; n < blocks; ++n) {
    ModelBlock(voxels[n], shape, table, bead, model);
    Lanes* pair = pairs;
    for (int i = 0; i < kBeadParameters; ++i) {
      const Lanes weighted = model.weight * model.columns[i];
      for (int j = 0; j <= i; ++j) {
        *pair++ += weighted * model.columns[j];
      }
      score[i] += weighted * model.residual;
    }
    chi2 += model.weight * model.residual * model.residual;
  }
  for (int i = 0; i < kPairs; ++i) sums[i] = Total(pairs[i]);
  for (int i = 0; i < kBeadParameters; ++i) sums[kPairs + i] = Total(score[i]);
  sums[kPairs + kBeadParameters] = Total(chi2);
}

/// Writes up to one chunk of weighted columns.
ETALON_HOT void FillChunk(const VoxelBlock* voxels, int blocks, const ShapeTable& shape,
                          const HermiteTable& table, const FlatBead& bead, VoxelChunk& out) {
  BlockModel model;
  out.blocks = blocks;
  for (int n = 0; n < blocks; ++n) {
    ModelBlock(voxels[n], shape, table, bead, model);
    Lanes root{};
    for (int lane = 0; lane < kLanes; ++lane) {
      root[lane] = std::sqrt(model.weight[lane]);
    }
    for (int axis = 0; axis < 3; ++axis) out.u[axis][n] = model.u[axis];
    out.scale[n] = root * bead.amplitude * model.light.gaussian;
    for (int i = 0; i < kBeadParameters; ++i) out.rows[i][n] = root * model.columns[i];
    out.rows[kBeadParameters][n] = root * model.residual;
  }
}

ETALON_HOT void EvaluateBlock(const ShapeTable& shape, const HermiteTable& table, const Lanes& ux,
                              const Lanes& uy, const Lanes& uz, Lanes& out) {
  LightLanes light;
  EvaluateLight(shape, table, ux, uy, uz, light);
  out = light.g;
}

}  // namespace

std::vector<VoxelBlock> PackWindow(const Window& window, int most) {
  const int stride = std::max(1, (window.voxels + most - 1) / std::max(1, most));
  std::vector<VoxelBlock> blocks;
  blocks.reserve(static_cast<std::size_t>(window.voxels / (stride * kLanes) + 1));
  int seen = 0;
  int packed = 0;
  for (const WindowRow& row : window.rows) {
    for (int i = 0; i < row.count; ++i) {
      if (seen++ % stride != 0) {
        continue;
      }
      const int lane = packed++ % kLanes;
      if (lane == 0) {
        blocks.emplace_back();
      }
      VoxelBlock& block = blocks.back();
      block.x[lane] = static_cast<float>(row.x + i);
      block.y[lane] = static_cast<float>(row.y);
      block.z[lane] = static_cast<float>(row.z);
      block.value[lane] = window.values[row.offset + static_cast<std::size_t>(i)];
      block.use[lane] = 1.0F;
    }
  }
  return blocks;
}

ScoringSums SumScores(const std::vector<VoxelBlock>& voxels, const ShapeTable& shape,
                      const MappedBead& bead, const NoiseLine& noise) {
  std::array<double, kPairs + kBeadParameters + 1> flat{};
  SumScoreLanes(voxels.data(), voxels.size(), shape, Hermites(), FlatBead(bead, noise),
                flat.data());
  ScoringSums sums;
  std::size_t at = 0;
  for (int i = 0; i < kBeadParameters; ++i) {
    for (int j = 0; j <= i; ++j) {
      sums.information(i, j) = sums.information(j, i) = flat[at++];
    }
  }
  for (int i = 0; i < kBeadParameters; ++i) {
    sums.score[i] = flat[at++];
  }
  sums.chi2 = flat[at];
  return sums;
}

void TakeBead(const std::vector<VoxelBlock>& voxels, const ShapeTable& shape,
              const MappedBead& bead, const NoiseLine& noise, ShapeSums& sums) {
  const FlatBead flat(bead, noise);
  VoxelChunk chunk{};
  for (std::size_t first = 0; first < voxels.size(); first += kChunk) {
    const int blocks = static_cast<int>(std::min<std::size_t>(kChunk, voxels.size() - first));
    FillChunk(voxels.data() + first, blocks, shape, Hermites(), flat, chunk);
    sums.Take(chunk);
  }
}

void EvaluateShape(const ShapeTable& shape, std::span<const Eigen::Vector3d> u, double* out) {
  for (std::size_t first = 0; first < u.size(); first += kLanes) {
    const std::size_t count = std::min<std::size_t>(kLanes, u.size() - first);
    Lanes at[3] = {};
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (int axis = 0; axis < 3; ++axis) {
        at[axis][lane] = static_cast<float>(u[first + lane][axis]);
      }
    }
    Lanes value{};
    EvaluateBlock(shape, Hermites(), at[0], at[1], at[2], value);
    for (std::size_t lane = 0; lane < count; ++lane) {
      out[first + lane] = static_cast<double>(value[lane]);
    }
  }
}

}  // namespace qc_metrics
