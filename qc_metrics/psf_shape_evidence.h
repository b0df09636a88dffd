#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

#include "qc_metrics/psf_shape.h"

namespace qc_metrics {

/// Normal equations of a shape's coefficients with every bead's own parameters projected out.
struct ShapeEquations {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd score;  ///< gradient of the log likelihood at the present coefficients
};

/// Adds one bead's products (lower triangle of [own | modes | residual]), `own` columns of which
/// are its own.
/// Errors    false, and nothing added, when its own parameters are not determined.
[[nodiscard]] bool AddBead(const Eigen::MatrixXd& products, int own, ShapeEquations& equations);

/// How much a prior of one variance explains: the log evidence over that of no coefficient at all.
struct ClassEvidence {
  double gain = 0.0;
  double variance = 0.0;  ///< the s^2 of the largest gain, within 1e-10 .. 1
};

/// Evidence of each parity class, given the present coefficients of the other classes.
///
/// Method    prior a_n ~ N(0, s^2 0.35^(degree - 3)). With (e, Q) the eigensystem of L^1/2 H L^1/2
///           and t = Q' L^1/2 h: gain = 1/2 sum (t^2 s^2 / (1 + s^2 e) - ln(1 + s^2 e)), maximised
///           over s^2; its stationary point is MacKay's fixed point.
/// Source    MacKay, Neural Computation 4, 415 (1992).
[[nodiscard]] std::array<ClassEvidence, kParityClasses> EvidenceOf(
    const ShapeEquations& equations, const std::vector<Mode>& modes,
    const Eigen::VectorXd& coefficients);

/// Coefficients of the largest posterior, and their covariance.
struct ShapePosterior {
  Eigen::VectorXd coefficients;
  Eigen::MatrixXd covariance;
};
[[nodiscard]] ShapePosterior SolveShape(const ShapeEquations& equations,
                                        const std::vector<Mode>& modes,
                                        const Eigen::VectorXd& coefficients,
                                        const std::array<ClassEvidence, kParityClasses>& evidence);

}  // namespace qc_metrics
