#include "qc_metrics/psf_halfmax_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_halfmax_background.h"

namespace qc_metrics {
namespace {

constexpr double kStartRadius = 3.0;
constexpr double kFinalRadius = 3.5;
constexpr int kFewestVoxels = 60;
constexpr int kMostVoxels = 8000;  // of a larger window an even selection
constexpr double kTolerance = 5e-5;
constexpr double kFwhmPerSigma = 2.3548200450309493;
constexpr double kLargestLogStep = 0.5;
constexpr double kLargestShift = 0.7;  // voxels
constexpr double kLargestStrain = 0.35;
constexpr double kFarthest = 3.0;  // u that a centre may leave its window's origin

Eigen::Matrix3d Strain(const BeadVector& step) {
  return ToMatrix({step[4], step[5], step[6], step[7], step[8], step[9]});
}

/// exp of a symmetric matrix.
Eigen::Matrix3d Exponential(const Eigen::Matrix3d& strain) {
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(strain);
  return solver.eigenvectors() * solver.eigenvalues().array().exp().matrix().asDiagonal() *
         solver.eigenvectors().transpose();
}

Eigen::Matrix3d SymmetricRoot(const Eigen::Matrix3d& matrix) {
  return Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(matrix).operatorSqrt();
}

double StepScale(const BeadVector& step) {
  const double excess = std::max({std::abs(step[0]) / kLargestLogStep,
                                  step.segment<3>(1).cwiseAbs().maxCoeff() / kLargestShift,
                                  step.tail<6>().cwiseAbs().maxCoeff() / kLargestStrain});
  return excess > 1.0 ? 1.0 / excess : 1.0;
}

std::optional<BeadVector> ScoringStep(const ScoringSums& sums) {
  const BeadVector scale = sums.information.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const BeadMatrix unit = scale.asDiagonal() * sums.information * scale.asDiagonal();
  const Eigen::LLT<BeadMatrix> llt(unit);
  if (llt.info() != Eigen::Success) {
    return std::nullopt;
  }
  const BeadVector step = scale.cwiseProduct(llt.solve(scale.cwiseProduct(sums.score)));
  return step.allFinite() ? std::optional(step) : std::nullopt;
}

bool SetWindow(const FitContext& context, const Shape& shape_px2, double radius, ShapedBead& bead) {
  const Eigen::Vector3d& c = bead.light.centre_px;
  const std::array<double, 3> place = {bead.origin[0] + c[0], bead.origin[1] + c[1],
                                       bead.origin[2] + c[2]};
  auto window = EllipsoidWindow(context.stack, place, shape_px2, radius);
  if (!window) {
    return false;
  }
  for (const auto& column : bead.hot_columns) {
    RemoveColumn(*window, column[0] - window->origin[0], column[1] - window->origin[1]);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    bead.light.centre_px[static_cast<Eigen::Index>(i)] = place[i] - window->origin[i];
  }
  bead.origin = window->origin;
  bead.voxels = PackWindow(*window, kMostVoxels);
  bead.count = 0;
  for (const VoxelBlock& block : bead.voxels) {
    for (int lane = 0; lane < kLanes; ++lane) bead.count += block.use[lane] > 0.0F ? 1 : 0;
  }
  return bead.count >= kFewestVoxels;
}

}  // namespace

double ShapedBead::ChiSquarePerDof() const { return chi2 / std::max(1, count - kBeadParameters); }

std::optional<ShapedBead> StartShaped(const FitContext& context, const FittedBead& fitted) {
  ShapedBead bead;
  bead.origin = fitted.core_origin;
  bead.hot_columns = fitted.hot_columns;
  const Parameters& core = fitted.core;
  const Eigen::Matrix3d precision = Precision(core);
  const Shape shape = ToShape(precision.inverse());
  bead.light.centre_px = Centre(core);
  bead.light.map = SymmetricRoot(precision);
  const Eigen::Vector3d& c = bead.light.centre_px;
  bead.background = FarBackground(
      context, {bead.origin[0] + c[0], bead.origin[1] + c[1], bead.origin[2] + c[2]}, shape);
  bead.light.background_adu = bead.background.value;
  const double top = std::exp(core[0] + 0.5 * c.dot(core.segment<3>(1))) + core[10];
  bead.light.amplitude_adu = std::max(1e-9, top - bead.background.value);
  if (!SetWindow(context, shape, kStartRadius, bead)) {
    return std::nullopt;
  }
  return bead;
}

bool Rewindow(const FitContext& context, const std::array<double, 3>& fwhm_um, ShapedBead& bead) {
  const Eigen::Matrix3d precision = bead.light.map.transpose() * bead.light.map;
  // The map's own scale is the shape's; that of the window is the half maximum's.
  double log_scale = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto axis = static_cast<Eigen::Index>(i);
    const double width = fwhm_um[i] / context.voxel_um[i];
    log_scale += std::log(width * std::sqrt(precision(axis, axis)) / kFwhmPerSigma) / 3.0;
  }
  const Eigen::Matrix3d shape = precision.inverse() * std::exp(2.0 * log_scale);
  return SetWindow(context, ToShape(shape), kFinalRadius, bead);
}

bool FitShaped(const ShapeTable& shape, const NoiseLine& noise, MapKind kind, int steps,
               ShapedBead& bead) {
  for (int n = 0; n < steps; ++n) {
    const ScoringSums sums = SumScores(bead.voxels, shape, bead.light, noise);
    const auto step = ScoringStep(sums);
    if (!step) {
      return false;
    }
    bead.information = sums.information;
    bead.chi2 = sums.chi2;
    const double scale = StepScale(*step);
    bead.light.amplitude_adu *= std::exp(scale * (*step)[0]);
    bead.light.centre_px += scale * step->segment<3>(1);
    bead.light.map = Exponential(scale * Strain(*step)) * bead.light.map;
    if (kind == MapKind::kSymmetric) {
      bead.light.map = SymmetricRoot(bead.light.map.transpose() * bead.light.map);
    }
    if ((bead.light.map * bead.light.centre_px).norm() > kFarthest) {
      return false;
    }
    if (scale == 1.0 && 0.5 * step->dot(sums.score) < kTolerance) {
      return true;
    }
  }
  return true;
}

}  // namespace qc_metrics
