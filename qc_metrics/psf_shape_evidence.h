#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <array>
#include <vector>

#include "qc_metrics/psf_shape_basis.h"
#include "qc_metrics/psf_shape_sums.h"

namespace qc_metrics {

/// How much a prior of one variance explains: the log evidence over that of no coefficient at all.
struct ClassEvidence {
  double gain = 0.0;
  double variance = 0.0;  ///< the s^2 of the largest gain, within 1e-10 .. 1
};
using FamilyEvidence = std::array<ClassEvidence, kShapeFamilies>;

/// The equations of a basis's functions from those of its modes.
[[nodiscard]] ShapeEquations OfFunctions(const ShapeBasis& basis, const ShapeEquations& of_modes);

/// Evidence of each family, given the present coefficients of the other families.
///
/// Method    prior a_n ~ N(0, s^2 0.35^(degree - 3)). With (e, Q) the eigensystem of L^1/2 H L^1/2
///           and t = Q' L^1/2 h: gain = 1/2 sum (t^2 s^2 / (1 + s^2 e) - ln(1 + s^2 e)), maximised
///           over s^2; its stationary point is MacKay's fixed point.
/// Source    MacKay, Neural Computation 4, 415 (1992).
[[nodiscard]] FamilyEvidence EvidenceOf(const ShapeEquations& equations, const ShapeBasis& basis,
                                        const Eigen::VectorXd& coefficients);

/// What the data say of the coefficients under the priors of their families.
class ShapePosterior {
 public:
  ShapePosterior(const ShapeEquations& equations, const ShapeBasis& basis,
                 const Eigen::VectorXd& coefficients, const FamilyEvidence& evidence);

  /// Coefficients of the largest posterior.
  [[nodiscard]] const Eigen::VectorXd& Coefficients() const { return coefficients_; }
  [[nodiscard]] Eigen::MatrixXd Covariance() const;

 private:
  Eigen::VectorXd root_;             ///< of the prior variances
  Eigen::LLT<Eigen::MatrixXd> llt_;  ///< of I + root matrix root
  Eigen::VectorXd coefficients_;
};

}  // namespace qc_metrics
