#include "qc_metrics/psf_line_profile.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;
constexpr int kMaxSteps = 200;

/// a, height b - a, c and d in voxels relative to the first one.
using Line = Eigen::Vector4d;

double ValueAt(const Line& line, double x) {
  const double u = (x - line[2]) / line[3];
  return line[0] + line[1] * std::exp(-0.5 * u * u);
}

/// Normal equations and the sum of squared residuals.
struct Normal {
  Eigen::Matrix4d matrix = Eigen::Matrix4d::Zero();
  Eigen::Vector4d gradient = Eigen::Vector4d::Zero();
  double ssr = 0.0;
};

Normal BuildNormal(std::span<const float> values, const Line& line) {
  Normal out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double u = (static_cast<double>(i) - line[2]) / line[3];
    const double g = u * u < 80.0 ? std::exp(-0.5 * u * u) : 0.0;
    const double residual = static_cast<double>(values[i]) - line[0] - line[1] * g;
    const double slope = line[1] * g / line[3];
    const Eigen::Vector4d j(1.0, g, slope * u, slope * u * u);
    out.matrix += j * j.transpose();
    out.gradient += j * residual;
    out.ssr += residual * residual;
  }
  return out;
}

Line Start(std::span<const float> values, std::size_t peak) {
  const double low = static_cast<double>(*std::min_element(values.begin(), values.end()));
  const double high = static_cast<double>(values[peak]);
  const double half = 0.5 * (low + high);
  std::size_t left = peak;
  std::size_t right = peak;
  while (left > 0 && static_cast<double>(values[left]) > half) --left;
  while (right + 1 < values.size() && static_cast<double>(values[right]) > half) ++right;
  const double width = std::max(1.0, static_cast<double>(right - left));
  return {low, high - low, static_cast<double>(peak), width / kFwhmPerSigma};
}

double TotalSquares(std::span<const float> values) {
  double mean = 0.0;
  for (const float value : values) mean += static_cast<double>(value);
  mean /= static_cast<double>(values.size());
  double total = 0.0;
  for (const float value : values) {
    total += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  return total;
}

/// Levenberg-Marquardt; true when the last accepted step no longer changes the sum.
bool Minimise(std::span<const float> values, Line& line, Normal& normal) {
  double damping = 1e-3;
  for (int step = 0; step < kMaxSteps; ++step) {
    Eigen::Matrix4d damped = normal.matrix;
    damped.diagonal() *= 1.0 + damping;
    const Eigen::Vector4d delta = damped.ldlt().solve(normal.gradient);
    const Line trial = line + delta;
    const Normal next = BuildNormal(values, trial);
    if (!delta.allFinite() || !std::isfinite(next.ssr) || std::abs(trial[3]) < 0.05) {
      damping *= 10.0;
    } else if (next.ssr <= normal.ssr) {
      const bool done = normal.ssr - next.ssr <= 1e-12 * normal.ssr;
      line = trial;
      normal = next;
      damping *= 0.1;
      if (done) return true;
    } else {
      damping *= 10.0;
    }
    if (damping > 1e12) return next.ssr - normal.ssr <= 1e-9 * normal.ssr;
  }
  return false;
}

}  // namespace

std::optional<LineBead> FitLine(std::span<const float> values, int first_voxel, std::size_t peak,
                                double voxel_um) {
  if (values.size() < 5 || peak >= values.size()) {
    return std::nullopt;
  }
  Line line = Start(values, peak);
  Normal normal = BuildNormal(values, line);
  const double total = TotalSquares(values);
  if (!(total > 0.0) || !Minimise(values, line, normal) || !line.allFinite() ||
      std::abs(line[3]) < 0.2 || line[2] < -1.0 || line[2] > static_cast<double>(values.size())) {
    return std::nullopt;
  }
  const double variance = normal.ssr / static_cast<double>(values.size() - 4);
  const Eigen::Matrix4d inverse = normal.matrix.ldlt().solve(Eigen::Matrix4d::Identity());
  LineBead out;
  out.offset_adu = line[0];
  out.peak_adu = line[0] + line[1];
  out.centre_um = (first_voxel + line[2]) * voxel_um;
  out.sigma_um = std::abs(line[3]) * voxel_um;
  out.fwhm_um = {kFwhmPerSigma * out.sigma_um,
                 kFwhmPerSigma * voxel_um * std::sqrt(std::max(0.0, variance * inverse(3, 3)))};
  out.ssr = normal.ssr;
  out.r2 = 1.0 - normal.ssr / total;
  out.first_voxel = first_voxel;
  out.voxels = static_cast<int>(values.size());
  return out;
}

double LineValue(const LineBead& line, double position_um) {
  const Line own(line.offset_adu, line.peak_adu - line.offset_adu, line.centre_um, line.sigma_um);
  return ValueAt(own, position_um);
}

}  // namespace qc_metrics
