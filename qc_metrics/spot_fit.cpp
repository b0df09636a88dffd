#include "qc_metrics/spot_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "qc_metrics/small_fit.h"

namespace qc_metrics {
namespace {

constexpr int kFewestPx = 7;
constexpr double kLeastSigma = 0.4;
constexpr double kLeastSnr = 3.0;

using Vector = SmallFit<6>::Vector;  // background, height, x, y, sigma x, sigma y

double Model(double x, double y, const Vector& p, Vector& row) {
  const double u = (x - p[2]) / p[4];
  const double v = (y - p[3]) / p[5];
  const double g = std::exp(-0.5 * (u * u + v * v));
  const double h = p[1] * g;
  row << 1.0, g, h * u / p[4], h * v / p[5], h * u * u / p[4], h * v * v / p[5];
  return p[0] + h;
}

class Fitting {
 public:
  explicit Fitting(const cv::Mat& window)
      : window_(window), weights_(static_cast<std::size_t>(window.total()), 1.0) {}

  [[nodiscard]] std::optional<SmallFit<6>> Fit(const Vector& start) const {
    const auto columns = static_cast<std::size_t>(window_.cols);
    return FitSmall<6>(
        weights_.size(), start,
        [columns](std::size_t i, const Vector& p, Vector& row) {
          return Model(static_cast<double>(i % columns), static_cast<double>(i / columns), p, row);
        },
        [this](std::size_t i) { return window_.at<double>(static_cast<int>(i)); },
        [this](std::size_t i) { return weights_[i]; });
  }

  /// variance = a + b x signal through the squared residuals, a and b not below 0.
  void WeighByNoise(const Vector& p) {
    const auto columns = static_cast<std::size_t>(window_.cols);
    double n = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
    std::vector<double> signals(weights_.size());
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      Vector row;
      const double value =
          Model(static_cast<double>(i % columns), static_cast<double>(i / columns), p, row);
      const double residual = window_.at<double>(static_cast<int>(i)) - value;
      signals[i] = std::max(0.0, value - p[0]);
      n += 1.0;
      sx += signals[i];
      sy += residual * residual;
      sxx += signals[i] * signals[i];
      sxy += signals[i] * residual * residual;
    }
    const double spread = sxx - sx * sx / n;
    double b = spread > 0.0 ? std::max(0.0, (sxy - sx * sy / n) / spread) : 0.0;
    double a = (sy - b * sx) / n;
    if (a <= 0.05 * sy / n) {
      a = 0.05 * sy / n;
      b = std::max(0.0, (sy - a * n) / std::max(1e-300, sx));
    }
    if (!(a > 0.0)) return;
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = 1.0 / (a + b * signals[i]);
  }

 private:
  const cv::Mat& window_;
  std::vector<double> weights_;
};

}  // namespace

std::optional<Spot> FitSpot(const cv::Mat& window, double x, double y, double sigma) {
  if (std::min(window.rows, window.cols) < kFewestPx) return std::nullopt;
  double low = 0.0;
  double high = 0.0;
  cv::minMaxLoc(window, &low, &high);
  if (!(high > low)) return std::nullopt;
  Fitting fitting(window);
  Vector start;
  start << low, high - low, x, y, sigma, sigma;
  auto fit = fitting.Fit(start);
  if (!fit) return std::nullopt;
  fitting.WeighByNoise(fit->parameters);
  fit = fitting.Fit(fit->parameters);
  if (!fit) return std::nullopt;
  const Vector& p = fit->parameters;
  // The weights are variances already; what is left scales them.
  const double scale = fit->ssr / static_cast<double>(window.total() - 6);
  const Spot spot{.x = p[2],
                  .y = p[3],
                  .u_x = std::sqrt(std::max(0.0, fit->inverse(2, 2) * scale)),
                  .u_y = std::sqrt(std::max(0.0, fit->inverse(3, 3) * scale)),
                  .sigma_x = std::abs(p[4]),
                  .sigma_y = std::abs(p[5]),
                  .height = p[1],
                  .background = p[0]};
  const double u_height = std::sqrt(std::max(0.0, fit->inverse(1, 1) * scale));
  const bool inside =
      spot.x > 0.0 && spot.x < window.cols - 1.0 && spot.y > 0.0 && spot.y < window.rows - 1.0;
  const double widest = 0.5 * std::max(window.cols, window.rows);
  if (!inside || !(spot.height > kLeastSnr * u_height) || spot.sigma_x < kLeastSigma ||
      spot.sigma_y < kLeastSigma || std::max(spot.sigma_x, spot.sigma_y) > widest) {
    return std::nullopt;
  }
  return spot;
}

}  // namespace qc_metrics
