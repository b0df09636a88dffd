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
///
/// Residuals and robust weights live on the bins of the image, the equations on groups of up to
/// 2 x 2 of them: a spline segment still spans five groups, and a quarter of the sums is left.
class SurfaceFitter {
 public:
  SurfaceFitter(const BinnedImage& binned, double offset_adu);
  [[nodiscard]] Measured<SmoothSurface> Run();

 private:
  enum class Robustness { kHuber, kBiweight, kBiweightDilated };

  /// Bins along one side, and the groups of them that enter the equations.
  struct Side {
    SplineAxis axis;
    Eigen::Index group = 1;           // bins a group
    Eigen::MatrixXd fine;             // bins x functions, averaged over each bin's pixels
    Eigen::MatrixXd coarse;           // groups x functions
    std::vector<Eigen::Index> first;  // first function that meets each group
  };

  [[nodiscard]] static Side MakeSide(int pixels, int segments, int bin_px, int bins);
  void BuildPenalty();
  void Start();
  void Linearise();
  void AddToGroups(Eigen::Index x, const Eigen::ArrayXd& weight, const Eigen::ArrayXd& value);
  void Accumulate();
  void AccumulateRow(Eigen::Index row, Eigen::MatrixXd& along_x, Eigen::VectorXd& right_x);
  void Spread(Eigen::Index row, const Eigen::MatrixXd& along_x, const Eigen::VectorXd& right_x);
  [[nodiscard]] bool Solve(double log10_lambda);
  [[nodiscard]] double RestrictedLikelihood(double log10_lambda);
  [[nodiscard]] double BestLambda(double low, double high, int evaluations);
  [[nodiscard]] bool Step(double log10_lambda, Robustness robustness);
  void UpdateResiduals();
  void Reweight(Robustness robustness);
  void Dilate(const Eigen::ArrayXXd& outlying);
  [[nodiscard]] cv::Mat Dust() const;
  [[nodiscard]] SmoothSurface Result() const;

  const BinnedImage& binned_;
  double offset_adu_;
  Side x_, y_;
  Eigen::MatrixXd data_;               // signal of the bins, y x x
  Eigen::MatrixXd precision_;          // 1 / expected variance
  Eigen::MatrixXd root_precision_;     // its square root
  Eigen::MatrixXd robust_;             // 0 .. 1
  Eigen::MatrixXd fitted_;             // signal of the surface
  Eigen::MatrixXd residual_;           // in expected standard deviations
  Eigen::MatrixXd weight_, response_;  // of the groups: what the logarithm is fitted to
  double level_ = 0.0;                 // subtracted from the response, to keep sums small
  BandedMatrix normal_, penalty_, factor_;
  Eigen::VectorXd right_, coefficients_;
  double response_square_ = 0.0, weight_count_ = 0.0, lambda_unit_ = 1.0, scale_ = 1.0;
};

}  // namespace qc_metrics
