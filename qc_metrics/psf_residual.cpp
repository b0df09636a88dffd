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
constexpr int kOwnColumns = 14;  // functions of degree 0 to 2, background and its slopes
constexpr double kLeastGain = 5.0;

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

/// Products of [own 14 columns | modes | residual] of one bead; the own columns span what the
/// fit's parameters do, in coordinates in which they are nearly independent.
Eigen::MatrixXd ProductsOf(const FittedBead& bead, const NoiseLine& noise, const PixelBox& box,
                           const std::vector<Mode>& own, const std::vector<Mode>& modes) {
  const auto rows = static_cast<Eigen::Index>(own.size() + 4 + modes.size() + 1);
  Eigen::MatrixXf columns = Eigen::MatrixXf::Zero(rows, std::ssize(bead.window.values));
  const Eigen::Matrix3d root = SquareRoot(Precision(bead.fit.theta));
  const Eigen::Vector3d centre = Centre(bead.fit.theta);
  Eigen::Index at = 0;
  ForEachVoxel(bead, noise, box,
               [&](double x, double y, double z, double residual, double weight, double light) {
                 const Eigen::Vector3d u = root * (Eigen::Vector3d(x, y, z) - centre);
                 std::array<std::array<double, kTestDegree + 1>, 3> h{};
                 for (std::size_t i = 0; i < 3; ++i) {
                   HermiteValues(u[static_cast<Eigen::Index>(i)], kTestDegree, h[i].data());
                 }
                 const double w = std::sqrt(weight);
                 float* out = columns.col(at++).data();
                 const auto add = [&](const Mode& m) {
                   *out++ = static_cast<float>(w * light * h[0][static_cast<std::size_t>(m.i)] *
                                               h[1][static_cast<std::size_t>(m.j)] *
                                               h[2][static_cast<std::size_t>(m.k)]);
                 };
                 std::for_each(own.begin(), own.end(), add);
                 for (const double ground : {1.0, u[0], u[1], u[2]}) {
                   *out++ = static_cast<float>(w * ground);
                 }
                 std::for_each(modes.begin(), modes.end(), add);
                 *out = static_cast<float>(w * residual);
               });
  Eigen::MatrixXf products = Eigen::MatrixXf::Zero(rows, rows);
  products.selfadjointView<Eigen::Lower>().rankUpdate(columns);
  return products.cast<double>();
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
  std::array<int, kParityClasses> degrees{};
  degrees.fill(2);
  const std::vector<Mode> own = MakeModes(0, degrees);
  degrees.fill(kTestDegree);
  const std::vector<Mode> modes = MakeModes(3, degrees);
  ShapeEquations equations;
  bool any = false;
  for (const FittedBead* bead : beads) {
    any = AddBead(ProductsOf(*bead, noise, box, own, modes), kOwnColumns, equations) || any;
  }
  ModelMismatch out;
  if (!any) {
    return out;
  }
  const auto evidence = EvidenceOf(equations, modes, Eigen::VectorXd::Zero(std::ssize(modes)));
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    out.evidence[i] = evidence[i].gain;
    out.sd[i] = std::sqrt(evidence[i].variance);
    out.mismatch = out.mismatch || evidence[i].gain > kLeastGain;
  }
  return out;
}

}  // namespace qc_metrics
