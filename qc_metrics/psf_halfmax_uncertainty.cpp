#include "qc_metrics/psf_halfmax_uncertainty.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kSlopeStep = 0.1;                      // of the width
constexpr double kHiddenSkew = 3e-3;                    // of a class too weak to be active
constexpr double kBoxWidth = 5.545177444479562 / 12.0;  // FWHM^2 / variance, of one pixel's box

double Quadratic(const Eigen::VectorXd& gradient, const Eigen::MatrixXd& covariance) {
  return std::sqrt(std::max(0.0, gradient.dot(covariance * gradient)));
}

/// Derivatives of a profile by the shape's coefficients, at a fixed bead.
struct ProfileDerivatives {
  Eigen::VectorXd log_width, skew;
};

/// How far the maximum moves along a direction, in um: a mode's slope there over the curvature.
Eigen::VectorXd MaximumMove(const SharpLight& light, const std::vector<Mode>& modes,
                            const HalfMaximum& half, int axis) {
  const double step = kSlopeStep * half.axes[static_cast<std::size_t>(axis)].Width();
  const Eigen::Vector3d ahead = half.maximum_px + step * light.Direction(axis);
  const Eigen::Vector3d behind = half.maximum_px - step * light.Direction(axis);
  const double curvature = (light.At(ahead) - 2.0 * half.peak + light.At(behind)) / (step * step);
  return (light.Modes(modes, ahead) - light.Modes(modes, behind)) / (-2.0 * step * curvature);
}

ProfileDerivatives OfProfile(const SharpLight& light, const std::vector<Mode>& modes,
                             const HalfMaximum& half, int axis, const Eigen::VectorXd& at_peak) {
  const HalfProfile& profile = half.axes[static_cast<std::size_t>(axis)];
  const Eigen::Vector3d direction = light.Direction(axis);
  const Eigen::VectorXd far = light.Modes(modes, half.maximum_px + profile.far_um * direction);
  const Eigen::VectorXd near = light.Modes(modes, half.maximum_px - profile.near_um * direction);
  // Light that grows at the foot, or a peak that falls, moves the half level outwards.
  const Eigen::VectorXd far_move = (far - 0.5 * at_peak) / profile.far_slope;
  const Eigen::VectorXd near_move = (near - 0.5 * at_peak) / profile.near_slope;
  const Eigen::VectorXd middle = MaximumMove(light, modes, half, axis);
  return {(far_move + near_move) / profile.Width(),
          (far_move - near_move - 2.0 * middle) / profile.Width()};
}

}  // namespace

BeadVector WidthGradient(const MappedBead& bead, const PixelBox& box,
                         const Eigen::Vector3d& direction, double width_um) {
  const Eigen::Vector3d m = (bead.map * direction).normalized();
  // The direction is one um long; the pixel's share of the blurred width was taken off.
  const double per_voxel = width_um * direction.norm();
  const double along_x = direction[0] * direction[0] / direction.squaredNorm();
  const double along_y = direction[1] * direction[1] / direction.squaredNorm();
  const double blurred =
      1.0 + kBoxWidth * (box.x * along_x + box.y * along_y) / (per_voxel * per_voxel);
  BeadVector gradient = BeadVector::Zero();
  gradient.tail<6>() << m[0] * m[0], m[1] * m[1], m[2] * m[2], 2.0 * m[0] * m[1], 2.0 * m[0] * m[2],
      2.0 * m[1] * m[2];
  return -blurred * gradient;
}

SharedUncertainty ShapeUncertainty(const FitContext& context, const LearnedShape& shape,
                                   const ShapedBead& bead, const HalfMaximum& half) {
  const auto& modes = shape.light.modes;
  ShapeSums voxels(modes, kBeadParameters);
  TakeBead(bead.voxels, shape.table, bead.light, context.noise, voxels);
  const OwnSums sums = voxels.Own();
  const BeadMatrix own = sums.own;
  const BeadVector scale = own.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Eigen::LLT<BeadMatrix> llt(BeadMatrix(scale.asDiagonal() * own * scale.asDiagonal()));
  const SharpLight light(shape.table, bead.light, context.box, context.voxel_um);
  const Eigen::VectorXd at_peak = light.Modes(modes, half.maximum_px);
  std::array<Eigen::VectorXd, 3> widths;
  SharedUncertainty out;
  for (int axis = 0; axis < 3; ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    const ProfileDerivatives own_part = OfProfile(light, modes, half, axis, at_peak);
    const BeadVector gradient =
        WidthGradient(bead.light, context.box, light.Direction(axis), half.axes[at].Width());
    const BeadVector answer = scale.cwiseProduct(llt.solve(scale.cwiseProduct(gradient)));
    widths[at] = own_part.log_width - sums.cross.transpose() * answer;
    out.fwhm[at] = Quadratic(widths[at], shape.covariance);
    out.skew[at] = std::hypot(Quadratic(own_part.skew, shape.covariance), kHiddenSkew);
  }
  out.lateral = Quadratic(0.5 * (widths[0] + widths[1]), shape.covariance);
  out.asymmetry = Quadratic(widths[0] - widths[1], shape.covariance);
  return out;
}

}  // namespace qc_metrics
