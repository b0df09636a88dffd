#include "qc_metrics/psf_residual.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_shape_evidence.h"

namespace qc_metrics {
namespace {

constexpr int kTestDegree = 6;
constexpr int kOwnColumns = 14;     // functions of degree 0 to 2, background and its slopes
constexpr double kLeastGain = 7.0;  // chance exceeds it once in some 1,000 Gaussian fields

/// d model / d theta at one voxel.
Parameters Derivatives(double g, double x, double y, double z) {
  Parameters d;
  d << g, g * x, g * y, g * z, g * x * x, g * y * y, g * z * z, g * x * y, g * x * z, g * y * z,
      1.0, x, y, z;
  return d;
}

/// Calls visit(x, y, z, residual, weight, light) for every voxel of a window.
template <typename Visitor>
void ForEachVoxel(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
                  Visitor&& visit) {
  const std::vector<double> model = ModelValues(bead.window, bead.fit.theta, box);
  const Parameters& t = bead.fit.theta;
  for (const WindowRow& row : bead.window.rows) {
    for (int i = 0; i < row.count; ++i) {
      const std::size_t at = row.offset + static_cast<std::size_t>(i);
      const double x = row.x + i;
      const double light = model[at] - t[10] - t[11] * x - t[12] * row.y - t[13] * row.z;
      visit(x, static_cast<double>(row.y), static_cast<double>(row.z),
            static_cast<double>(bead.window.values[at]) - model[at],
            1.0 / VarianceAt(noise, model[at]), light);
    }
  }
}

Eigen::Matrix3d SquareRoot(const Eigen::Matrix3d& matrix) {
  return Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(matrix).operatorSqrt();
}

/// Fills the own columns of a chunk: functions of degree 0 to 2, then the background and its
/// slopes. They span what the fit's parameters do, in coordinates in which they are nearly
/// independent.
ETALON_HOT void FillOwn(const HermiteTable& table, const Lanes* ground, VoxelChunk& chunk) {
  for (int n = 0; n < chunk.blocks; ++n) {
    Lanes h[3][3];
    for (int axis = 0; axis < 3; ++axis) {
      const Lanes u = chunk.u[axis][n];
      h[axis][0] = Lanes{} + 1.0F;
      h[axis][1] = table.up[0] * u;
      h[axis][2] = table.up[1] * u * h[axis][1] - table.down[1];
    }
    int row = 0;
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; i + j < 3; ++j) {
        for (int k = 0; i + j + k < 3; ++k) {
          chunk.rows[row++][n] = chunk.scale[n] * h[0][i] * h[1][j] * h[2][k];
        }
      }
    }
    chunk.rows[row++][n] = ground[n];
    for (int axis = 0; axis < 3; ++axis) chunk.rows[row++][n] = ground[n] * chunk.u[axis][n];
  }
}

/// Hands the voxels of a bead to the sums, chunk by chunk.
class ChunkWriter {
 public:
  explicit ChunkWriter(ShapeSums& sums) : sums_(sums) {}

  void Add(const Eigen::Vector3d& u, double root_weight, double light, double residual) {
    const int block = count_ / kLanes;
    const int lane = count_ % kLanes;
    for (int axis = 0; axis < 3; ++axis) chunk_.u[axis][block][lane] = static_cast<float>(u[axis]);
    chunk_.scale[block][lane] = static_cast<float>(root_weight * light);
    chunk_.rows[kOwnColumns][block][lane] = static_cast<float>(root_weight * residual);
    ground_[block][lane] = static_cast<float>(root_weight);
    if (++count_ == kChunk * kLanes) Flush();
  }

  void Flush() {
    chunk_.blocks = (count_ + kLanes - 1) / kLanes;
    FillOwn(Hermites(), ground_, chunk_);
    sums_.Take(chunk_);
    chunk_ = {};
    std::fill(std::begin(ground_), std::end(ground_), Lanes{});
    count_ = 0;
  }

 private:
  ShapeSums& sums_;
  VoxelChunk chunk_{};
  Lanes ground_[kChunk] = {};  ///< root of the weight
  int count_ = 0;
};

void TakeFitted(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
                ShapeSums& sums) {
  const Eigen::Matrix3d root = SquareRoot(Precision(bead.fit.theta));
  const Eigen::Vector3d centre = Centre(bead.fit.theta);
  ChunkWriter writer(sums);
  ForEachVoxel(bead, noise, box,
               [&](double x, double y, double z, double residual, double weight, double light) {
                 writer.Add(root * (Eigen::Vector3d(x, y, z) - centre), std::sqrt(weight), light,
                            residual);
               });
  writer.Flush();
}

}  // namespace

Cumulants LeftOver(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
                   const Eigen::Vector3d& direction) {
  const Eigen::Vector3d slope = Precision(bead.fit.theta) * direction;
  const double q = direction.dot(slope);
  const Eigen::Vector3d centre = Centre(bead.fit.theta);
  Eigen::Matrix2d square = Eigen::Matrix2d::Zero();
  Eigen::Vector2d score = Eigen::Vector2d::Zero();
  Eigen::Matrix<double, 14, 2> cross = Eigen::Matrix<double, 14, 2>::Zero();
  ForEachVoxel(bead, noise, box,
               [&](double x, double y, double z, double residual, double weight, double light) {
                 const double h = slope.dot(Eigen::Vector3d(x, y, z) - centre);
                 const Eigen::Vector2d b =
                     light * Eigen::Vector2d(h * (h * h - 3.0 * q) / 6.0,
                                             (h * h * (h * h - 6.0 * q) + 3.0 * q * q) / 24.0);
                 square += weight * b * b.transpose();
                 score += weight * residual * b;
                 cross += weight * Derivatives(light, x, y, z) * b.transpose();
               });
  const Parameters scale = bead.fit.information.diagonal().cwiseSqrt().cwiseInverse();
  const Information scaled = scale.asDiagonal() * bead.fit.information * scale.asDiagonal();
  cross = scale.asDiagonal() * cross;
  const Eigen::Matrix2d left = square - cross.transpose() * scaled.llt().solve(cross);
  if (!(left(0, 0) > 0.0) || !(left.determinant() > 0.0)) {
    return {{0.0, 1e9}, {0.0, 1e9}};
  }
  // 1 / q is the variance that the light has along a direction in which something was added to it.
  const Eigen::Matrix2d covariance = left.inverse();
  const Eigen::Vector2d value = covariance * score;
  const double third = std::pow(q, 1.5);
  return {{third * value[0], third * std::sqrt(covariance(0, 0))},
          {q * q * value[1], q * q * std::sqrt(covariance(1, 1))}};
}

ModelMismatch TestModel(std::span<const FittedBead* const> beads, const NoiseLine& noise,
                        const PixelBox& box) {
  std::array<int, kParityClasses> degrees{};
  degrees.fill(kTestDegree);
  const std::vector<Mode> modes = MakeModes(3, degrees);
  ShapeSums sums(modes, kOwnColumns);
  for (const FittedBead* bead : beads) {
    TakeFitted(*bead, noise, box, sums);
    static_cast<void>(sums.EndBead());
  }
  ModelMismatch out;
  if (sums.Empty()) {
    return out;
  }
  const auto evidence =
      EvidenceOf(sums.Equations(), PlainBasis(modes), Eigen::VectorXd::Zero(std::ssize(modes)));
  for (std::size_t i = 0; i < out.evidence.size(); ++i) {
    out.evidence[i] = evidence[i].gain;
    out.sd[i] = std::sqrt(evidence[i].variance);
    out.mismatch = out.mismatch || evidence[i].gain > kLeastGain;
  }
  return out;
}

}  // namespace qc_metrics
