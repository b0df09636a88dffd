#include "qc_metrics/psf_shape_kernels.h"

#include <algorithm>
#include <cmath>

// One source, two builds of the hot loops where the compiler can choose at run time: plain x86-64
// and one with 256-bit registers. Elsewhere (ARM, sanitizers) the plain build is the only one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ETALON_HOT __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define ETALON_HOT
#endif
#define ETALON_INLINE [[gnu::always_inline]] inline

namespace qc_metrics {
namespace {

constexpr int kHermites = kMaxShapeDegree + 2;
constexpr int kPairs = kBeadParameters * (kBeadParameters + 1) / 2;
constexpr int kChunk = 32;  // blocks whose columns are filled before they are multiplied

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

/// Sum of the eight numbers.
ETALON_INLINE double Total(const Lanes& lanes) {
  double sum = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) {
    sum += static_cast<double>(lanes[lane]);
  }
  return sum;
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

/// One weighted column over a run of blocks.
struct Column {
  Lanes at[kChunk];
};

/// Writes the weighted columns of a run of blocks.
ETALON_HOT void FillColumns(const VoxelBlock* voxels, int blocks, const ShapeTable& shape,
                            const HermiteTable& table, const std::vector<Mode>& modes,
                            const FlatBead& bead, Column* out) {
  BlockModel model;
  for (int n = 0; n < blocks; ++n) {
    ModelBlock(voxels[n], shape, table, bead, model);
    Lanes root{};
    for (int lane = 0; lane < kLanes; ++lane) {
      root[lane] = std::sqrt(model.weight[lane]);
    }
    Column* next = out;
    for (const Lanes& column : model.columns) {
      (next++)->at[n] = root * column;
    }
    const Lanes scale = root * bead.amplitude * model.light.gaussian;
    for (const Mode& mode : modes) {
      (next++)->at[n] =
          scale * model.light.h[0][mode.i] * model.light.h[1][mode.j] * model.light.h[2][mode.k];
    }
    next->at[n] = root * model.residual;
  }
}

/// Adds the products of columns i, i + 1 with j, j + 1, j + 2 to `out`.
ETALON_INLINE void MultiplyTile(const Column* columns, int blocks, int i, int j, int stride,
                                float* out) {
  const Column* a = columns + i;
  const Column* b = columns + j;
  Lanes s00{}, s01{}, s02{}, s10{}, s11{}, s12{};
  for (int n = 0; n < blocks; ++n) {
    const Lanes a0 = a[0].at[n];
    const Lanes a1 = a[1].at[n];
    const Lanes b0 = b[0].at[n];
    const Lanes b1 = b[1].at[n];
    const Lanes b2 = b[2].at[n];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
  }
  const Lanes* const tile[2][3] = {{&s00, &s01, &s02}, {&s10, &s11, &s12}};
  for (int p = 0; p < 2; ++p) {
    for (int q = 0; q < 3; ++q) {
      const Lanes& s = *tile[p][q];
      out[(i + p) * stride + j + q] +=
          ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
    }
  }
}

/// Lower triangle of columns' * columns, in tiles that may reach a little above the diagonal.
ETALON_HOT void MultiplyColumns(const Column* columns, int blocks, int count, int stride,
                                float* out) {
  for (int i = 0; i < count; i += 2) {
    for (int j = 0; j <= i + 1; j += 3) {
      MultiplyTile(columns, blocks, i, j, stride, out);
    }
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

Eigen::MatrixXd SumProducts(const std::vector<VoxelBlock>& voxels, const ShapeTable& shape,
                            const std::vector<Mode>& modes, const MappedBead& bead,
                            const NoiseLine& noise) {
  const int count = kBeadParameters + static_cast<int>(modes.size()) + 1;
  const int stride = count + 6;  // tiles reach beyond the last column; those stay zero
  const auto side = static_cast<std::size_t>(stride);
  std::vector<Column> columns(side);
  std::vector<float> products(side * side, 0.0F);
  const FlatBead flat(bead, noise);
  for (std::size_t first = 0; first < voxels.size(); first += kChunk) {
    const int blocks = static_cast<int>(std::min<std::size_t>(kChunk, voxels.size() - first));
    FillColumns(voxels.data() + first, blocks, shape, Hermites(), modes, flat, columns.data());
    MultiplyColumns(columns.data(), blocks, count, stride, products.data());
  }
  using Square = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Square> all(products.data(), stride, stride);
  return all.topLeftCorner(count, count).cast<double>();
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
