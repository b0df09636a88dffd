#include "qc_metrics/surface_fitter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "qc_metrics/field_kernels.h"

namespace qc_metrics {
namespace {

constexpr int kSegments = 12;     // along the longer side
constexpr int kMinSegments = 4;   // along the shorter one
constexpr int kMinBins = 12;      // so that a bin never spans more than two segments
constexpr int kNullSpace = 6;     // the quadratics in x and y
constexpr int kBasisReach = 4;    // a bin that straddles one knot meets five functions
constexpr double kHuber = 1.345;  // 95 % efficiency on Gaussian noise, as Tukey's constant
constexpr double kTukey = 4.685;
constexpr double kDilateFrom = 8.0;  // residual, in robust SDs, that also blames its neighbours
constexpr double kMadToSd = 1.4826;
constexpr int kMostGroups = 64;       // along one side
constexpr double kFloor = 1e-3;       // of the brightest bin: where the first logarithm is taken
constexpr double kFloorInSd = 3.0;    // of a bin's noise, likewise
constexpr double kLongestStep = 2.0;  // of one bin's signal over its fit, upwards
constexpr double kMinScale = 0.1;     // noise-free renderings must not drive the scale to zero

int SegmentsFor(int side, int longest) {
  return std::max(kMinSegments,
                  static_cast<int>(std::lround(static_cast<double>(kSegments) * side / longest)));
}

// Mean of each basis function over the pixel centres of each bin.
Eigen::MatrixXd BinnedBasis(const SplineAxis& axis, int bin_px, int bins) {
  Eigen::MatrixXd basis = Eigen::MatrixXd::Zero(bins, axis.size());
  for (int bin = 0; bin < bins; ++bin) {
    const int from = bin * bin_px;
    const int to = std::min(from + bin_px, axis.pixels);
    for (int pixel = from; pixel < to; ++pixel) {
      const auto local = axis.At(pixel);
      for (int k = 0; k < 4; ++k) {
        basis(bin, local.first + k) += local.value[static_cast<std::size_t>(k)] / (to - from);
      }
    }
  }
  return basis;
}

// D^T D of the differences of order `order` on `size` coefficients.
Eigen::MatrixXd DifferenceSquare(int size, int order) {
  Eigen::MatrixXd d = Eigen::MatrixXd::Identity(size, size);
  for (int k = 0; k < order; ++k) {
    d = (d.bottomRows(d.rows() - 1) - d.topRows(d.rows() - 1)).eval();
  }
  return d.transpose() * d;
}

Eigen::MatrixXd ToEigen(const cv::Mat& mat) {
  Eigen::MatrixXd out(mat.rows, mat.cols);
  for (int y = 0; y < mat.rows; ++y) {
    for (int x = 0; x < mat.cols; ++x) out(y, x) = mat.at<double>(y, x);
  }
  return out;
}

cv::Mat ToMat(const Eigen::MatrixXd& matrix) {
  cv::Mat out(static_cast<int>(matrix.rows()), static_cast<int>(matrix.cols()), CV_64F);
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) out.at<double>(y, x) = matrix(y, x);
  }
  return out;
}

// Of some thousand values at most, evenly taken.
double MedianOfAbsolute(const Eigen::MatrixXd& values) {
  constexpr Eigen::Index kMost = 5000;
  const Eigen::Index stride = values.size() / kMost | 1;  // odd, so that no column is favoured
  std::vector<double> sorted;
  sorted.reserve(static_cast<std::size_t>(values.size() / stride + 1));
  for (Eigen::Index i = 0; i < values.size(); i += stride) {
    sorted.push_back(std::abs(values.data()[i]));
  }
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace

SurfaceFitter::Side SurfaceFitter::MakeSide(int pixels, int segments, int bin_px, int bins) {
  Side side;
  side.axis = {pixels, segments};
  side.group = bins > kMostGroups ? 2 : 1;
  const auto group = static_cast<int>(side.group);
  const int groups = (bins + group - 1) / group;
  side.fine = BinnedBasis(side.axis, bin_px, bins);
  side.coarse = BinnedBasis(side.axis, bin_px * group, groups);
  for (int k = 0; k < groups; ++k) {
    side.first.push_back(side.axis.At(static_cast<double>(k) * bin_px * group).first);
  }
  return side;
}

SurfaceFitter::SurfaceFitter(const BinnedImage& binned, double offset_adu)
    : binned_(binned), offset_adu_(offset_adu) {
  const cv::Size size = binned.image_px;
  const int longest = std::max(size.width, size.height);
  x_ = MakeSide(size.width, SegmentsFor(size.width, longest), binned.bin_px, binned.mean.cols);
  y_ = MakeSide(size.height, SegmentsFor(size.height, longest), binned.bin_px, binned.mean.rows);
  data_ = ToEigen(binned.mean).array() - offset_adu;
  precision_ = ToEigen(binned.variance).cwiseInverse();
  root_precision_ = precision_.cwiseSqrt();
  robust_ = Eigen::MatrixXd::Ones(data_.rows(), data_.cols());
}

void SurfaceFitter::BuildPenalty() {
  const int nx = x_.axis.size();
  const int ny = y_.axis.size();
  penalty_ = BandedMatrix(static_cast<std::size_t>(nx * ny),
                          static_cast<std::size_t>(kBasisReach * (nx + 1)));
  // Derivatives along y are taken in x's unit, so that the penalty does not favour a direction.
  const double unit = x_.axis.SegmentPx() / y_.axis.SegmentPx();
  constexpr std::array<double, 4> kBinomial = {1.0, 3.0, 3.0, 1.0};
  for (int k = 0; k <= 3; ++k) {  // k derivatives along y, 3 - k along x
    const Eigen::MatrixXd along_y = DifferenceSquare(ny, k);
    const Eigen::MatrixXd along_x = DifferenceSquare(nx, 3 - k);
    const double factor = kBinomial[static_cast<std::size_t>(k)] * std::pow(unit, 2 * k);
    for (int iy = 0; iy < ny; ++iy) {
      for (int jy = std::max(0, iy - 3); jy <= iy; ++jy) {
        for (int ix = 0; ix < nx; ++ix) {
          for (int jx = std::max(0, ix - 3); jx <= std::min(nx - 1, ix + 3); ++jx) {
            const int i = iy * nx + ix;
            const int j = jy * nx + jx;
            if (j > i) continue;
            penalty_.At(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) +=
                factor * along_y(iy, jy) * along_x(ix, jx);
          }
        }
      }
    }
  }
}

// One column of bins into its groups.
void SurfaceFitter::AddToGroups(Eigen::Index x, const Eigen::ArrayXd& weight,
                                const Eigen::ArrayXd& value) {
  auto weights = weight_.col(x / x_.group);
  auto responses = response_.col(x / x_.group);
  for (Eigen::Index group = 0, y = 0; y < weight.size(); ++group) {
    for (const Eigen::Index end = std::min(y + y_.group, weight.size()); y < end; ++y) {
      weights(group) += weight(y);
      responses(group) += weight(y) * value(y);
    }
  }
}

// The logarithm of the bins themselves, lifted above their noise, stands for the first fit.
void SurfaceFitter::Start() {
  const double least = kFloor * data_.maxCoeff();
  fitted_ = data_;
  weight_ = Eigen::MatrixXd::Zero(y_.coarse.rows(), x_.coarse.rows());
  response_ = weight_;
  for (Eigen::Index x = 0; x < data_.cols(); ++x) {
    const auto precision = precision_.col(x).array();
    const Eigen::ArrayXd lifted =
        data_.col(x).array().max(kFloorInSd * precision.rsqrt()).max(least);
    fitted_.col(x) = lifted.matrix();
    AddToGroups(x, precision * lifted.square(),
                lifted.unaryExpr([](double value) { return std::log(value); }));
  }
  response_.array() /= weight_.array();
  level_ = (weight_.array() * response_.array()).sum() / weight_.sum();
  response_.array() -= level_;
}

// Newton's step for the logarithm of the signal: its error is the relative one. A bin far above its
// fit would throw the logarithm over the mark.
void SurfaceFitter::Linearise() {
  weight_.setZero();
  response_.setZero();
  for (Eigen::Index x = 0; x < data_.cols(); ++x) {
    const auto fitted = fitted_.col(x).array();
    AddToGroups(x, robust_.col(x).array() * precision_.col(x).array() * fitted.square(),
                (data_.col(x).array() / fitted - 1.0).min(kLongestStep).max(-kLongestStep));
  }
  const Eigen::Map<const Eigen::MatrixXd> c(coefficients_.data(), x_.axis.size(), y_.axis.size());
  response_.array() /= weight_.array().max(std::numeric_limits<double>::min());
  response_ += y_.coarse * (x_.coarse * c).transpose();
}

// One row of groups as a small normal matrix along x: few functions meet in a group.
void SurfaceFitter::AccumulateRow(Eigen::Index row, Eigen::MatrixXd& along_x,
                                  Eigen::VectorXd& right_x) {
  along_x.setZero();
  right_x.setZero();
  for (Eigen::Index group = 0; group < weight_.cols(); ++group) {
    const double weight = weight_(row, group);
    if (weight == 0.0) continue;
    const double value = response_(row, group);
    response_square_ += weight * value * value;
    weight_count_ += 1.0;
    const Eigen::Index first = x_.first[static_cast<std::size_t>(group)];
    const Eigen::Index last = std::min<Eigen::Index>(first + kBasisReach, x_.axis.size() - 1);
    for (Eigen::Index j = first; j <= last; ++j) {
      const double part = weight * x_.coarse(group, j);
      right_x(j) += part * value;
      for (Eigen::Index i = j; i <= last; ++i) along_x(i, j) += part * x_.coarse(group, i);
    }
  }
  along_x.triangularView<Eigen::StrictlyUpper>() = along_x.transpose();
}

// One row's matrix over the few functions of y that meet in it.
void SurfaceFitter::Spread(Eigen::Index row, const Eigen::MatrixXd& along_x,
                           const Eigen::VectorXd& right_x) {
  const int nx = x_.axis.size();
  const int first_y = static_cast<int>(y_.first[static_cast<std::size_t>(row)]);
  for (int iy = first_y; iy <= std::min(first_y + kBasisReach, y_.axis.size() - 1); ++iy) {
    const double by = y_.coarse(row, iy);
    if (by == 0.0) continue;
    right_.segment(iy * nx, nx) += by * right_x;
    for (int jy = first_y; jy <= iy; ++jy) {
      const double both = by * y_.coarse(row, jy);
      for (int ix = 0; ix < nx; ++ix) {
        const int from = std::max(0, ix - kBasisReach);
        const int to = std::min(jy == iy ? ix : nx - 1, ix + kBasisReach);
        double* target = &normal_.At(static_cast<std::size_t>(iy * nx + ix),
                                     static_cast<std::size_t>(jy * nx + from));
        for (int jx = from; jx <= to; ++jx) target[jx - from] += both * along_x(jx, ix);
      }
    }
  }
}

void SurfaceFitter::Accumulate() {
  const int nx = x_.axis.size();
  normal_ = BandedMatrix(penalty_.size, penalty_.bandwidth);
  right_ = Eigen::VectorXd::Zero(nx * y_.axis.size());
  response_square_ = 0.0;
  weight_count_ = 0.0;
  Eigen::MatrixXd along_x(nx, nx);
  Eigen::VectorXd right_x(nx);
  for (Eigen::Index row = 0; row < weight_.rows(); ++row) {
    AccumulateRow(row, along_x, right_x);
    Spread(row, along_x, right_x);
  }
  double trace = 0.0;
  double penalty_trace = 0.0;
  for (std::size_t i = 0; i < normal_.size; ++i) {
    trace += normal_.At(i, i);
    penalty_trace += penalty_.At(i, i);
  }
  lambda_unit_ = trace / penalty_trace;
}

bool SurfaceFitter::Solve(double log10_lambda) {
  const double lambda = lambda_unit_ * std::pow(10.0, log10_lambda);
  factor_ = normal_;
  for (std::size_t i = 0; i < factor_.band.size(); ++i) {
    factor_.band[i] += lambda * penalty_.band[i];
  }
  if (!FactorInPlace(factor_)) return false;
  coefficients_ = right_;
  SolveInPlace(factor_, {coefficients_.data(), static_cast<std::size_t>(coefficients_.size())});
  return coefficients_.allFinite();
}

double SurfaceFitter::RestrictedLikelihood(double log10_lambda) {
  if (!Solve(log10_lambda)) return std::numeric_limits<double>::infinity();
  const double deviance =
      std::max(response_square_ - right_.dot(coefficients_), 1e-13 * response_square_ + 1e-300);
  const double log_lambda = std::log(lambda_unit_) + std::log(10.0) * log10_lambda;
  return (weight_count_ - kNullSpace) * std::log(deviance) + LogDeterminant(factor_) -
         (static_cast<double>(penalty_.size) - kNullSpace) * log_lambda;
}

// Golden section: the restricted likelihood has one optimum in practice.
double SurfaceFitter::BestLambda(double low, double high, int evaluations) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low);
  double b = low + kGolden * (high - low);
  double at_a = RestrictedLikelihood(a);
  double at_b = RestrictedLikelihood(b);
  for (int i = 2; i < evaluations; ++i) {
    if (at_a < at_b) {
      high = b;
      b = a;
      at_b = at_a;
      a = high - kGolden * (high - low);
      at_a = RestrictedLikelihood(a);
    } else {
      low = a;
      a = b;
      at_a = at_b;
      b = low + kGolden * (high - low);
      at_b = RestrictedLikelihood(b);
    }
  }
  return at_a < at_b ? a : b;
}

// The mean of an exponential over a bin exceeds that of the mean logarithm by half its variance,
// which a slope makes: 1/24 of the square of the step from bin to bin.
void SurfaceFitter::UpdateResiduals() {
  const Eigen::Map<const Eigen::MatrixXd> c(coefficients_.data(), x_.axis.size(), y_.axis.size());
  const Eigen::MatrixXd log_signal = y_.fine * (x_.fine * c).transpose();
  const Eigen::Index below = log_signal.rows() - 1;
  Eigen::ArrayXd steps(log_signal.rows());
  for (Eigen::Index x = 0; x < log_signal.cols(); ++x) {
    const auto column = log_signal.col(x).array();
    steps(0) = 0.0;
    steps.tail(below) = (column.tail(below) - column.head(below)).square();
    if (x > 0) steps += (column - log_signal.col(x - 1).array()).square();
    fitted_.col(x) = (column + level_ + steps / 24.0).matrix();
  }
  ExponentialOf(fitted_.data(), fitted_.size());
  residual_ = (data_ - fitted_).cwiseProduct(root_precision_);
  scale_ = std::max(kMinScale, kMadToSd * MedianOfAbsolute(residual_));
}

void SurfaceFitter::Reweight(Robustness robustness) {
  const Eigen::ArrayXXd r = residual_.array().abs() / scale_;
  if (robustness == Robustness::kHuber) {
    robust_ = (kHuber / r.max(kHuber)).matrix();
    return;
  }
  const Eigen::ArrayXXd inside = (1.0 - (r / kTukey).square()).max(0.0);
  robust_ = inside.square().matrix();
  if (robustness == Robustness::kBiweightDilated) Dilate(r);
}

void SurfaceFitter::Dilate(const Eigen::ArrayXXd& outlying) {
  for (Eigen::Index x = 0; x < outlying.cols(); ++x) {
    for (Eigen::Index y = 0; y < outlying.rows(); ++y) {
      if (outlying(y, x) < kDilateFrom) continue;
      const Eigen::Index top = std::max<Eigen::Index>(0, y - 1);
      const Eigen::Index left = std::max<Eigen::Index>(0, x - 1);
      robust_
          .block(top, left, std::min(outlying.rows() - 1, y + 1) - top + 1,
                 std::min(outlying.cols() - 1, x + 1) - left + 1)
          .setZero();
    }
  }
}

// What is dark up to a corner of the image is vignetting, not dust. No smooth surface follows a
// sharp one: it stays out of the fit, but in the tiles and out of the count of dust.
cv::Mat SurfaceFitter::Dust() const {
  cv::Mat dust = ToMat(robust_) <= 0.0;
  cv::Mat labels;
  cv::connectedComponents(dust, labels, 8, CV_32S);
  const int right = labels.cols - 1;
  const int bottom = labels.rows - 1;
  for (const cv::Point corner :
       {cv::Point(0, 0), cv::Point(right, 0), cv::Point(0, bottom), cv::Point(right, bottom)}) {
    const int label = labels.at<int>(corner);
    if (label != 0) dust.setTo(0, labels == label);
  }
  return dust;
}

SmoothSurface SurfaceFitter::Result() const {
  SmoothSurface surface;
  surface.x_ = x_.axis;
  surface.y_ = y_.axis;
  surface.bin_px_ = binned_.bin_px;
  surface.offset_adu_ = offset_adu_;
  surface.coefficients_.assign(coefficients_.data(), coefficients_.data() + coefficients_.size());
  for (double& c : surface.coefficients_) c += level_;  // the functions sum to one everywhere
  surface.factor_ = factor_;
  surface.normal_ = normal_;
  surface.dispersion_ = scale_ * scale_;
  surface.bins_ = ToMat(fitted_.array() + offset_adu_);
  surface.dust_ = Dust();
  return surface;
}

bool SurfaceFitter::Step(double log10_lambda, Robustness robustness) {
  if (!Solve(log10_lambda)) return false;
  UpdateResiduals();
  if (!fitted_.allFinite()) return false;
  Reweight(robustness);
  Linearise();
  Accumulate();
  return true;
}

Measured<SmoothSurface> SurfaceFitter::Run() {
  if (std::min(data_.rows(), data_.cols()) < kMinBins) return Fault::kTooSmall;
  if (!(data_.maxCoeff() > 0.0)) return Fault::kNoSignal;
  BuildPenalty();
  Start();
  Accumulate();
  if (!Step(0.0, Robustness::kHuber) || !Step(0.0, Robustness::kHuber) ||
      !Step(0.0, Robustness::kBiweight)) {
    return Fault::kFitFailed;
  }
  double lambda = BestLambda(-5.0, 7.0, 6);
  for (int i = 0; i < 3; ++i) {
    if (!Step(lambda, Robustness::kBiweightDilated)) return Fault::kFitFailed;
  }
  lambda = BestLambda(lambda - 2.0, lambda + 2.0, 6);
  if (!Solve(lambda)) return Fault::kFitFailed;
  UpdateResiduals();
  if (!fitted_.allFinite()) return Fault::kFitFailed;
  return Result();
}

}  // namespace qc_metrics
