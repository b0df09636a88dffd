#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "qc_metrics/psf_gaussian_fit.h"

namespace qc_metrics {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;  // 2 sqrt(2 ln 2)
constexpr double kBoxVariance = 1.0 / 12.0;           // of a box one pixel wide, in px^2

using Matrix6 = Eigen::Matrix<double, 6, 6>;
using Matrix9 = Eigen::Matrix<double, 9, 9>;
using Vector6 = Eigen::Matrix<double, 6, 1>;

constexpr std::array<std::pair<int, int>, 6> kElements = {
    {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}}};

/// dP / d theta of the quadratic parameter `k` (0..5 for t4..t9).
Eigen::Matrix3d PrecisionDerivative(std::size_t k) {
  Eigen::Matrix3d d = Eigen::Matrix3d::Zero();
  const auto [i, j] = kElements[k];
  d(i, j) += -1.0;
  d(j, i) += -1.0;
  return d;  // the diagonal gets both: P_ii = -2 t
}

/// Light with its covariance, in um, and how uncertain the six elements are.
struct Light {
  Eigen::Matrix3d covariance;
  Matrix6 element_covariance;
};

/// Covariance of (centre, shape) in voxel units by the delta method: rows x y z then kElements.
Matrix9 PlaceAndShapeCovariance(const Eigen::Matrix3d& shape, const Eigen::Vector3d& centre,
                                const Matrix9& parameters) {
  Matrix9 jacobian = Matrix9::Zero();
  jacobian.topLeftCorner<3, 3>() = shape;  // x0 = C a
  for (std::size_t k = 0; k < 6; ++k) {
    const auto column = static_cast<Eigen::Index>(3 + k);
    const Eigen::Matrix3d dp = PrecisionDerivative(k);
    const Eigen::Matrix3d dc = -shape * dp * shape;
    jacobian.block<3, 1>(0, column) = -shape * (dp * centre);
    for (std::size_t e = 0; e < 6; ++e) {
      jacobian(static_cast<Eigen::Index>(3 + e), column) =
          dc(kElements[e].first, kElements[e].second);
    }
  }
  return jacobian * parameters * jacobian.transpose();
}

double StandardUncertainty(const Vector6& gradient, const Matrix6& covariance) {
  return std::sqrt(std::max(0.0, gradient.dot(covariance * gradient)));
}

/// Profile width through the maximum along an image axis.
Estimate ProfileWidth(const Light& light, const Eigen::Matrix3d& precision, int axis) {
  const double p = precision(axis, axis);
  const double width = kFwhmPerSigma / std::sqrt(p);
  Vector6 gradient;
  for (std::size_t e = 0; e < 6; ++e) {
    const auto [i, j] = kElements[e];
    const double dp = -precision(axis, i) * precision(j, axis) * (i == j ? 1.0 : 2.0);
    gradient[static_cast<Eigen::Index>(e)] = -0.5 * width / p * dp;
  }
  return {width, StandardUncertainty(gradient, light.element_covariance)};
}

/// Axes of the lateral covariance: mean +- radius of Mohr's circle.
void LateralAxes(const Light& light, GaussianBead& bead) {
  const double xx = light.covariance(0, 0);
  const double yy = light.covariance(1, 1);
  const double xy = light.covariance(0, 1);
  const double half = 0.5 * (xx - yy);
  const double radius = std::hypot(half, xy);
  const double c = radius > 0.0 ? half / radius : 1.0;
  const double s = radius > 0.0 ? xy / radius : 0.0;
  Vector6 major = Vector6::Zero();
  Vector6 minor = Vector6::Zero();
  major << 0.5 * (1.0 + c), 0.5 * (1.0 - c), 0.0, s, 0.0, 0.0;
  minor << 0.5 * (1.0 - c), 0.5 * (1.0 + c), 0.0, -s, 0.0, 0.0;
  const double big = 0.5 * (xx + yy) + radius;
  const double small = 0.5 * (xx + yy) - radius;
  bead.major_um.value = kFwhmPerSigma * std::sqrt(big);
  bead.minor_um.value = kFwhmPerSigma * std::sqrt(small);
  bead.lateral_um.value = std::sqrt(bead.major_um.value * bead.minor_um.value);
  bead.asymmetry.value = std::sqrt(small / big);
  const Vector6 log_major = 0.5 * major / big;
  const Vector6 log_minor = 0.5 * minor / small;
  const auto relative = [&](const Vector6& g) {
    return StandardUncertainty(g, light.element_covariance);
  };
  bead.major_um.u = bead.major_um.value * relative(log_major);
  bead.minor_um.u = bead.minor_um.value * relative(log_minor);
  bead.lateral_um.u = bead.lateral_um.value * relative(0.5 * (log_major + log_minor));
  bead.asymmetry.u = bead.asymmetry.value * relative(log_minor - log_major);
}

/// Angle of the long axis from z. First-order perturbation turns an eigenvector by
/// v_k (v_k' dC v) / (l - l_k) for each other axis k.
Estimate Tilt(const Light& light) {
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(light.covariance);
  const Eigen::Vector3d axis = solver.eigenvectors().col(2);
  const double cosine = std::min(1.0, std::abs(axis[2]));
  const double angle = std::acos(cosine);
  Vector6 gradient = Vector6::Zero();
  const double sine = std::max(1e-9, std::sqrt(1.0 - cosine * cosine));
  for (int k = 0; k < 2; ++k) {
    const Eigen::Vector3d other = solver.eigenvectors().col(k);
    const double gap = std::max(solver.eigenvalues()[2] - solver.eigenvalues()[k], 1e-12);
    for (std::size_t e = 0; e < 6; ++e) {
      const auto [i, j] = kElements[e];
      const double change = i == j ? other[i] * axis[i] : other[i] * axis[j] + other[j] * axis[i];
      gradient[static_cast<Eigen::Index>(e)] -= other[2] * change / gap / sine;
    }
  }
  const double degrees = 180.0 / std::numbers::pi;
  const double u = StandardUncertainty(gradient, light.element_covariance);
  // An angle cannot be negative: near 0 both components of the lean add up to it, so that its
  // root mean square about a true 0 is sqrt(2) of one component's.
  const double both = u > 0.0 ? std::exp(-0.125 * (angle / u) * (angle / u)) : 0.0;
  return {degrees * angle, degrees * u * std::sqrt(1.0 + both)};
}

/// Sums of squares of a window about its mean, about the model, and what noise alone gives.
void Goodness(const Window& window, const GaussianFit& fit, const NoiseLine& noise,
              const PixelBox& box, GaussianBead& bead) {
  const std::vector<double> model = ModelValues(window, fit.theta, box);
  double sum = 0.0;
  double squares = 0.0;
  double residual = 0.0;
  double expected = 0.0;
  for (const WindowRow& row : window.rows) {
    for (std::size_t i = row.offset; i < row.offset + static_cast<std::size_t>(row.count); ++i) {
      const double value = static_cast<double>(window.values[i]);
      sum += value;
      squares += value * value;
      residual += (value - model[i]) * (value - model[i]);
      expected += VarianceAt(noise, model[i]);
    }
  }
  const double total = squares - sum * sum / std::max(1, window.voxels);
  bead.r2 = total > 0.0 ? 1.0 - residual / total : 0.0;
  const double structure = total - expected;
  bead.structure_r2 = structure > 0.0 ? 1.0 - std::max(0.0, residual - expected) / structure : 0.0;
}

void DescribePlace(const GaussianFit& fit, const Eigen::Vector3d& centre, const Matrix9& spread,
                   GaussianBead& bead) {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    bead.centre_px[i] = {fit.origin[i] + centre[k], std::sqrt(std::max(0.0, spread(k, k)))};
    bead.background_slope_adu_per_px[i] = fit.theta[11 + k];
  }
  const Eigen::Vector3d slope = fit.theta.segment<3>(1);
  bead.amplitude_adu = std::exp(fit.theta[0] + 0.5 * centre.dot(slope));
  bead.background_adu = fit.theta[10] + fit.theta.segment<3>(11).dot(centre);
}

/// From voxel units to um: covariance of light, and of its six elements.
Light InMicrometres(const Eigen::Matrix3d& light_px2, const Matrix6& spread,
                    const std::array<double, 3>& voxel_um) {
  Light light;
  const Eigen::Vector3d voxel(voxel_um[0], voxel_um[1], voxel_um[2]);
  light.covariance = voxel.asDiagonal() * light_px2 * voxel.asDiagonal();
  Vector6 scale;
  for (std::size_t e = 0; e < 6; ++e) {
    scale[static_cast<Eigen::Index>(e)] = voxel[kElements[e].first] * voxel[kElements[e].second];
  }
  light.element_covariance = scale.asDiagonal() * spread * scale.asDiagonal();
  return light;
}

/// Inverse of the information, scaled to a unit diagonal first; nothing when it is singular.
std::optional<Information> ParameterCovariance(const Information& information) {
  Parameters scale = information.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Information scaled = scale.asDiagonal() * information * scale.asDiagonal();
  const Eigen::LLT<Information> llt(scaled);
  if (llt.info() != Eigen::Success) {
    return std::nullopt;
  }
  const Information inverse = llt.solve(Information::Identity());
  return Information(scale.asDiagonal() * inverse * scale.asDiagonal());
}

}  // namespace

std::optional<GaussianBead> DescribeFit(const GaussianFit& fit, const Window& window,
                                        const NoiseLine& noise, const PixelBox& box,
                                        const std::array<double, 3>& voxel_um) {
  const int dof = fit.voxels - 14;
  const auto covariance = ParameterCovariance(fit.information);
  if (!fit.converged || dof < 14 || !covariance) {
    return std::nullopt;
  }
  const Eigen::Matrix3d shape = Precision(fit.theta).inverse();
  Eigen::Matrix3d light_px2 = shape;
  light_px2(0, 0) -= box.x * kBoxVariance;
  light_px2(1, 1) -= box.y * kBoxVariance;
  const Eigen::LLT<Eigen::Matrix3d> definite(light_px2);
  if (definite.info() != Eigen::Success || light_px2.diagonal().minCoeff() < 0.01) {
    return std::nullopt;
  }
  GaussianBead bead;
  bead.chi2_per_dof = fit.chi2 / dof;
  bead.voxels = fit.voxels;
  bead.steps = fit.steps;
  bead.shape_px2 = ToShape(shape);
  bead.covariance_px2 = ToShape(light_px2);
  const Eigen::Vector3d centre = Centre(fit.theta);
  const double inflation = std::max(1.0, bead.chi2_per_dof);
  const Matrix9 spread =
      inflation * PlaceAndShapeCovariance(shape, centre, covariance->block<9, 9>(1, 1));
  DescribePlace(fit, centre, spread, bead);
  const Light light = InMicrometres(light_px2, spread.bottomRightCorner<6, 6>(), voxel_um);
  const Eigen::Matrix3d precision = light.covariance.inverse();
  for (int axis = 0; axis < 3; ++axis) {
    bead.fwhm_um[static_cast<std::size_t>(axis)] = ProfileWidth(light, precision, axis);
  }
  LateralAxes(light, bead);
  bead.tilt_deg = Tilt(light);
  Goodness(window, fit, noise, box, bead);
  return bead;
}

}  // namespace qc_metrics
