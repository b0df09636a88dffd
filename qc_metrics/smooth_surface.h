#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "qc_metrics/banded_cholesky.h"
#include "qc_metrics/measured.h"
#include "qc_metrics/spline_axis.h"

namespace qc_metrics {

/// An image averaged over square bins, as input of the surface.
struct BinnedImage {
  cv::Size image_px;  ///< size of the image that was binned
  int bin_px = 1;     ///< bins in the last row and column may cover fewer pixels
  cv::Mat mean;       ///< CV_64F, one element a bin
  cv::Mat variance;   ///< CV_64F, expected noise variance of each mean; > 0
};

/// One robust penalised smooth surface for every field: steep, tilted or nearly flat.
///
/// Method    signal = exp(tensor product of cubic B-splines), 12 segments along the longer side,
///           fitted to bin means of the image less its offset (each basis function averaged over
///           the bin's pixels) and penalised by the squared third derivatives of the logarithm,
///           whose null space is a full quadratic: Gaussian beams and nearly flat fields need no
///           more, other fields get what they need. The penalty's weight is chosen by restricted
///           maximum likelihood, the bins' weights by Tukey's biweight on residuals, so that dust
///           is not followed.
/// Uncertainty  halfway between the coefficients' posterior covariance and that of the noise alone,
///           scaled by the robust residual variance.
/// Coordinates x right, y down, pixel centres on integers, the first pixel's centre is 0, 0.
/// Threads   a value; const members may be called from several threads.
/// Source    P. H. C. Eilers, B. D. Marx, Statistical Science 11, 89 (1996), for the penalty on
///           B-spline coefficients; S. N. Wood, J. R. Stat. Soc. B 73, 3 (2011), for the weight.
class SmoothSurface {
 public:
  /// Logarithm of the signal and its derivatives at one point, per pixel.
  struct Jet {
    double value = 0.0;
    double dx = 0.0, dy = 0.0;
    double dxx = 0.0, dxy = 0.0, dyy = 0.0;
  };

  /// Where the light is brightest, with its covariance in px^2 (xx, xy, yy).
  struct Peak {
    cv::Point2d at_px;
    double value = 0.0;
    bool on_border = false;
    std::optional<std::array<double, 3>> covariance_px2;  ///< absent on the border or when flat
  };

  /// Needs at least 12 bins a side; kFitFailed when the normal equations cannot be solved.
  /// kNoSignal when no bin is above the offset.
  [[nodiscard]] static Measured<SmoothSurface> Fit(const BinnedImage& binned, double offset_adu);

  /// In raw ADU, offset included.
  [[nodiscard]] double At(double x_px, double y_px) const;
  [[nodiscard]] Jet LogAt(double x_px, double y_px) const;
  [[nodiscard]] Peak FindPeak() const;

  /// CV_64F, the surface's mean over each bin, raw ADU.
  [[nodiscard]] const cv::Mat& bins() const { return bins_; }
  /// CV_8U, 255 for a bin that the surface ignored as dust. What it ignored up to a corner of the
  /// image is none.
  [[nodiscard]] const cv::Mat& dust() const { return dust_; }
  /// Robust variance of the residuals over the expected one: 1 when noise alone is left.
  [[nodiscard]] double dispersion() const { return dispersion_; }

 private:
  friend class SurfaceFitter;

  [[nodiscard]] std::array<double, 3> GradientCovariance(cv::Point2d at_px) const;

  SplineAxis x_, y_;
  int bin_px_ = 1;
  double offset_adu_ = 0.0;
  std::vector<double> coefficients_;  ///< y-major: index = iy * nx + ix
  BandedMatrix factor_;               ///< Cholesky factor of the penalised normal matrix
  BandedMatrix normal_;               ///< the normal matrix without its penalty
  double dispersion_ = 1.0;
  cv::Mat bins_, dust_;
};

}  // namespace qc_metrics
