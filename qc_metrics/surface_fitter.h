#pragma once

#include <Eigen/Core>
#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/banded_cholesky.h"
#include "qc_metrics/measured.h"
#include "qc_metrics/smooth_surface.h"
#include "qc_metrics/spline_axis.h"

namespace qc_metrics {

/// How SmoothSurface is fitted; private to smooth_surface.cpp and its source.
class SurfaceFitter {
 public:
  explicit SurfaceFitter(const BinnedImage& binned);
  [[nodiscard]] Measured<SmoothSurface> Run();

 private:
  enum class Robustness { kHuber, kBiweight, kBiweightDilated };

  void BuildPenalty();
  void Accumulate();
  void AccumulateRow(Eigen::Index row, Eigen::MatrixXd& along_x, Eigen::VectorXd& right_x);
  [[nodiscard]] bool Solve(double log10_lambda);
  [[nodiscard]] double RestrictedLikelihood(double log10_lambda);
  [[nodiscard]] double BestLambda(double low, double high, int evaluations);
  void UpdateResiduals();
  void Reweight(Robustness robustness);
  void ReinstateCorners();
  [[nodiscard]] SmoothSurface Result() const;

  const BinnedImage& binned_;
  SplineAxis x_, y_;
  Eigen::MatrixXd basis_x_, basis_y_;  // bins x functions, averaged over each bin's pixels
  std::vector<Eigen::Index> first_x_;  // first function that meets each column of bins
  double level_ = 0.0;                 // subtracted from the data, to keep sums small
  Eigen::MatrixXd data_;               // bins y x bins x
  Eigen::MatrixXd precision_;          // 1 / expected variance
  Eigen::MatrixXd robust_;             // 0 .. 1
  Eigen::MatrixXd fitted_, residual_;  // residual in expected standard deviations
  BandedMatrix normal_, penalty_, factor_;
  Eigen::VectorXd right_, coefficients_;
  double data_square_ = 0.0, weight_count_ = 0.0, lambda_unit_ = 1.0, scale_ = 1.0;
};

}  // namespace qc_metrics
