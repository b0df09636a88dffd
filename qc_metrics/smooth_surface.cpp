#include "qc_metrics/smooth_surface.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "qc_metrics/surface_fitter.h"

namespace qc_metrics {
namespace {

constexpr int kNewtonSteps = 60;
constexpr double kBorderPx = 0.01;  // nearer than this, a place is on the border

// The posterior covariance counts the bias that a rough surface would have, the noise alone none;
// real fields are smoother than the first expects: half of each made pulls of .8 to 1.1 in
// simulation.
constexpr double kPosteriorPart = 0.3;

// a^T M b of a symmetric banded matrix.
double Form(const BandedMatrix& m, const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < m.size; ++i) {
    for (std::size_t j = i > m.bandwidth ? i - m.bandwidth : 0; j < i; ++j) {
      sum += m.At(i, j) * (a[i] * b[j] + a[j] * b[i]);
    }
    sum += m.At(i, i) * a[i] * b[i];
  }
  return sum;
}

// Evaluates coefficient-weighted products of two local bases.
double Contract(const std::vector<double>& c, int nx, const SplineAxis::Local& x,
                const std::array<double, 4>& fx, const SplineAxis::Local& y,
                const std::array<double, 4>& fy) {
  double sum = 0.0;
  for (int j = 0; j < 4; ++j) {
    const double* row = &c[static_cast<std::size_t>((y.first + j) * nx + x.first)];
    double line = 0.0;
    for (int i = 0; i < 4; ++i) line += row[i] * fx[static_cast<std::size_t>(i)];
    sum += line * fy[static_cast<std::size_t>(j)];
  }
  return sum;
}

cv::Point2d Clamped(cv::Point2d p, cv::Size2d size) {
  return {std::clamp(p.x, -0.5, size.width - 0.5), std::clamp(p.y, -0.5, size.height - 0.5)};
}

// Along one axis: the Newton step on a dome, else uphill.
double UphillAlong(double d1, double d2, double limit_px) {
  const double step = d2 < 0.0 ? -d1 / d2 : std::copysign(0.5 * limit_px, d1);
  return d1 == 0.0 ? 0.0 : std::clamp(step, -limit_px, limit_px);
}

// Whether the light grows out of the image at this border.
bool IsHeld(double at, double slope, double pixels) {
  return (at <= -0.5 + kBorderPx && slope <= 0.0) ||
         (at >= pixels - 0.5 - kBorderPx && slope >= 0.0);
}

// The Newton step where the surface is a dome, else uphill by a fraction of a segment; along the
// border where that is in the way.
cv::Point2d UphillStep(const SmoothSurface::Jet& jet, cv::Point2d at, cv::Size2d size,
                       double limit_px) {
  const bool held_x = IsHeld(at.x, jet.dx, size.width);
  const bool held_y = IsHeld(at.y, jet.dy, size.height);
  if (held_x || held_y) {
    return {held_x ? 0.0 : UphillAlong(jet.dx, jet.dxx, limit_px),
            held_y ? 0.0 : UphillAlong(jet.dy, jet.dyy, limit_px)};
  }
  const double det = jet.dxx * jet.dyy - jet.dxy * jet.dxy;
  cv::Point2d step;
  if (det > 0.0 && jet.dxx < 0.0) {
    step = {(jet.dxy * jet.dy - jet.dyy * jet.dx) / det,
            (jet.dxy * jet.dx - jet.dxx * jet.dy) / det};
  } else {
    const double slope = std::hypot(jet.dx, jet.dy);
    if (slope == 0.0) return {};
    step = cv::Point2d(jet.dx, jet.dy) * (0.5 * limit_px / slope);
  }
  const double length = cv::norm(step);
  return length > limit_px ? step * (limit_px / length) : step;
}

}  // namespace

Measured<SmoothSurface> SmoothSurface::Fit(const BinnedImage& binned, double offset_adu) {
  return SurfaceFitter(binned, offset_adu).Run();
}

double SmoothSurface::At(double x_px, double y_px) const {
  return offset_adu_ + std::exp(LogAt(x_px, y_px).value);
}

SmoothSurface::Jet SmoothSurface::LogAt(double x_px, double y_px) const {
  const auto x = x_.At(x_px);
  const auto y = y_.At(y_px);
  const int nx = x_.size();
  const auto& c = coefficients_;
  return {.value = Contract(c, nx, x, x.value, y, y.value),
          .dx = Contract(c, nx, x, x.d1, y, y.value),
          .dy = Contract(c, nx, x, x.value, y, y.d1),
          .dxx = Contract(c, nx, x, x.d2, y, y.value),
          .dxy = Contract(c, nx, x, x.d1, y, y.d1),
          .dyy = Contract(c, nx, x, x.value, y, y.d2)};
}

SmoothSurface::Peak SmoothSurface::FindPeak() const {
  cv::Point start;
  cv::minMaxLoc(bins_, nullptr, nullptr, nullptr, &start);
  const cv::Size2d size(x_.pixels, y_.pixels);
  const double limit_px = 0.5 * std::min(x_.SegmentPx(), y_.SegmentPx());
  cv::Point2d at((start.x + 0.5) * bin_px_ - 0.5, (start.y + 0.5) * bin_px_ - 0.5);
  at = Clamped(at, size);
  for (int i = 0; i < kNewtonSteps; ++i) {
    const auto jet = LogAt(at.x, at.y);
    cv::Point2d next = Clamped(at + UphillStep(jet, at, size, limit_px), size);
    // Cut at the border, Newton's direction may lead down; the gradient's never does.
    const double slope = std::hypot(jet.dx, jet.dy);
    if (slope > 0.0 && LogAt(next.x, next.y).value < jet.value) {
      next = Clamped(at + cv::Point2d(jet.dx, jet.dy) * (0.5 * limit_px / slope), size);
    }
    for (int half = 0; half < 8 && LogAt(next.x, next.y).value < jet.value; ++half) {
      next = (next + at) * 0.5;
    }
    const double moved = cv::norm(next - at);
    at = next;
    if (moved < 1e-6) break;
  }
  const auto jet = LogAt(at.x, at.y);
  Peak peak;
  peak.at_px = at;
  peak.value = At(at.x, at.y);
  peak.on_border =
      std::min({at.x, at.y, size.width - 1.0 - at.x, size.height - 1.0 - at.y}) <= -0.5 + kBorderPx;
  const double det = jet.dxx * jet.dyy - jet.dxy * jet.dxy;
  if (peak.on_border || !(det > 0.0) || jet.dxx >= 0.0) return peak;
  // The logarithm peaks where the signal does. Implicit function theorem: the peak moves by -H^-1
  // times the error of the gradient.
  const auto [gxx, gxy, gyy] = GradientCovariance(at);
  const double a = jet.dyy / det, b = -jet.dxy / det, d = jet.dxx / det;  // H^-1 = [a b; b d]
  const std::array<double, 3> covariance = {a * a * gxx + 2.0 * a * b * gxy + b * b * gyy,
                                            a * b * gxx + (a * d + b * b) * gxy + b * d * gyy,
                                            b * b * gxx + 2.0 * b * d * gxy + d * d * gyy};
  // A peak that may lie anywhere in the image and beyond is that of a flat surface.
  if (covariance[0] + covariance[2] < size.width * size.width + size.height * size.height) {
    peak.covariance_px2 = covariance;
  }
  return peak;
}

std::array<double, 3> SmoothSurface::GradientCovariance(cv::Point2d at_px) const {
  const auto x = x_.At(at_px.x);
  const auto y = y_.At(at_px.y);
  std::vector<double> along_x(coefficients_.size(), 0.0);
  std::vector<double> along_y(coefficients_.size(), 0.0);
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t i = 0; i < 4; ++i) {
      const auto k = static_cast<std::size_t>(y.first) + j;
      const auto index =
          k * static_cast<std::size_t>(x_.size()) + static_cast<std::size_t>(x.first) + i;
      along_x[index] = x.d1[i] * y.value[j];
      along_y[index] = x.value[i] * y.d1[j];
    }
  }
  std::vector<double> solved_x = along_x;
  std::vector<double> solved_y = along_y;
  SolveInPlace(factor_, solved_x);
  SolveInPlace(factor_, solved_y);
  const auto covariance = [&](const std::vector<double>& direction,
                              const std::vector<double>& solved_a,
                              const std::vector<double>& solved_b) {
    double posterior = 0.0;
    for (std::size_t i = 0; i < direction.size(); ++i) posterior += direction[i] * solved_b[i];
    return dispersion_ * (kPosteriorPart * posterior +
                          (1.0 - kPosteriorPart) * Form(normal_, solved_a, solved_b));
  };
  return {covariance(along_x, solved_x, solved_x), covariance(along_x, solved_x, solved_y),
          covariance(along_y, solved_y, solved_y)};
}

}  // namespace qc_metrics
