#include "qc_metrics/psf_residual.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kModes = 25;
constexpr double kMismatchExcess = 75.0;
constexpr double kSmallestMode = 0.01;

using Modes = Eigen::Matrix<double, kModes, 1>;
using ModeMatrix = Eigen::Matrix<double, kModes, kModes>;
using ModeByParameter = Eigen::Matrix<double, kModes, 14>;

/// Degrees of the modes: all i + j + k of 3, then of 4.
std::array<std::array<int, 3>, kModes> MakeDegrees() {
  std::array<std::array<int, 3>, kModes> out{};
  std::size_t n = 0;
  for (int total = 3; total <= 4; ++total) {
    for (int i = 0; i <= total; ++i) {
      for (int j = 0; i + j <= total; ++j) {
        out[n++] = {i, j, total - i - j};
      }
    }
  }
  return out;
}

const std::array<std::array<int, 3>, kModes> kDegrees = MakeDegrees();

/// Hermite functions over psi_0, of degree 0..4, scaled so that psi_0 is 1.
std::array<double, 5> Hermite(double u) {
  std::array<double, 5> h{};
  h[0] = 1.0;
  h[1] = std::sqrt(2.0) * u;
  for (int n = 1; n < 4; ++n) {
    const auto k = static_cast<std::size_t>(n);
    h[k + 1] = std::sqrt(2.0 / (n + 1)) * u * h[k] - std::sqrt(n / (n + 1.0)) * h[k - 1];
  }
  return h;
}

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

/// Normal equations of the modes of one bead with its own parameters projected out.
void AddBead(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
             ModeMatrix& matrix, Modes& vector) {
  ModeMatrix modes = ModeMatrix::Zero();
  ModeByParameter cross = ModeByParameter::Zero();
  Modes score = Modes::Zero();
  const Eigen::Matrix3d root = SquareRoot(Precision(bead.fit.theta));
  const Eigen::Vector3d centre = Centre(bead.fit.theta);
  ForEachVoxel(bead, noise, box,
               [&](double x, double y, double z, double residual, double weight, double light) {
                 const Eigen::Vector3d u = root * (Eigen::Vector3d(x, y, z) - centre);
                 const auto hx = Hermite(u[0]);
                 const auto hy = Hermite(u[1]);
                 const auto hz = Hermite(u[2]);
                 Modes b;
                 for (std::size_t n = 0; n < kModes; ++n) {
                   const auto& d = kDegrees[n];
                   b[static_cast<Eigen::Index>(n)] = light * hx[static_cast<std::size_t>(d[0])] *
                                                     hy[static_cast<std::size_t>(d[1])] *
                                                     hz[static_cast<std::size_t>(d[2])];
                 }
                 modes.selfadjointView<Eigen::Lower>().rankUpdate(b, weight);
                 cross.noalias() += weight * b * Derivatives(light, x, y, z).transpose();
                 score += weight * residual * b;
               });
  modes = ModeMatrix(modes.selfadjointView<Eigen::Lower>());
  const Parameters scale = bead.fit.information.diagonal().cwiseSqrt().cwiseInverse();
  const Information scaled = scale.asDiagonal() * bead.fit.information * scale.asDiagonal();
  const ModeByParameter scaled_cross = cross * scale.asDiagonal();
  matrix += modes - scaled_cross * scaled.llt().solve(scaled_cross.transpose());
  vector += score;  // the fit has made the parameters' own score zero
}

}  // namespace

Estimate ExcessKurtosis(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
                        const Eigen::Vector3d& direction) {
  const Eigen::Matrix3d p = Precision(bead.fit.theta);
  const Eigen::Vector3d slope = p * direction;
  const double q = direction.dot(slope);
  const Eigen::Vector3d centre = Centre(bead.fit.theta);
  double square = 0.0;
  double score = 0.0;
  Parameters cross = Parameters::Zero();
  ForEachVoxel(bead, noise, box,
               [&](double x, double y, double z, double residual, double weight, double light) {
                 const double h = slope.dot(Eigen::Vector3d(x, y, z) - centre);
                 const double b = light / 24.0 * (h * h * (h * h - 6.0 * q) + 3.0 * q * q);
                 square += weight * b * b;
                 score += weight * residual * b;
                 cross += weight * b * Derivatives(light, x, y, z);
               });
  const Parameters scale = bead.fit.information.diagonal().cwiseSqrt().cwiseInverse();
  const Information scaled = scale.asDiagonal() * bead.fit.information * scale.asDiagonal();
  const Parameters scaled_cross = scale.cwiseProduct(cross);
  const double left = square - scaled_cross.dot(scaled.llt().solve(scaled_cross));
  if (!(left > 0.0)) {
    return {0.0, 1e9};
  }
  const double variance = direction.dot(p.inverse() * direction);
  return {score / left / (variance * variance), 1.0 / std::sqrt(left) / (variance * variance)};
}

ModelMismatch TestModel(std::span<const FittedBead* const> beads, const NoiseLine& noise,
                        const PixelBox& box) {
  ModelMismatch out;
  if (beads.empty()) {
    return out;
  }
  ModeMatrix matrix = ModeMatrix::Zero();
  Modes vector = Modes::Zero();
  for (const FittedBead* bead : beads) {
    AddBead(*bead, noise, box, matrix, vector);
  }
  const Eigen::LDLT<ModeMatrix> ldlt(matrix);
  const Modes coefficients = ldlt.solve(vector);
  if (ldlt.info() != Eigen::Success || !coefficients.allFinite()) {
    return out;
  }
  out.modes = kModes;
  out.chi2 = vector.dot(coefficients);
  Eigen::Index strongest = 0;
  out.largest_mode = coefficients.cwiseAbs().maxCoeff(&strongest);
  out.degrees = kDegrees[static_cast<std::size_t>(strongest)];
  out.mismatch = out.chi2 > kModes + kMismatchExcess && out.largest_mode > kSmallestMode;
  return out;
}

}  // namespace qc_metrics
