#include "qc_metrics/grid_lines.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kCoherence = 0.85;
constexpr int kStrips = 16;
constexpr int kLeastLines = 3;
constexpr double kNoiseSds = 8.0;
constexpr double kOfStrong = 0.3;
constexpr int kCentroidSteps = 60;

/// Direction of the gradients: angle of their axis, and how much they agree (0 .. 1).
struct Direction {
  double angle = 0.0;
  double coherence = 0.0;
};

Direction GradientDirection(const cv::Mat& signal, double sigma) {
  cv::Mat smooth;
  cv::GaussianBlur(signal, smooth, cv::Size(), sigma, sigma, cv::BORDER_REFLECT_101);
  cv::Mat gx;
  cv::Mat gy;
  cv::Sobel(smooth, gx, CV_32F, 1, 0, 3);
  cv::Sobel(smooth, gy, CV_32F, 0, 1, 3);
  const double xx = gx.dot(gx);
  const double yy = gy.dot(gy);
  const double xy = gx.dot(gy);
  if (!(xx + yy > 0.0)) return {};
  return {0.5 * std::atan2(2.0 * xy, xx - yy), std::hypot(xx - yy, 2.0 * xy) / (xx + yy)};
}

/// Mean of the rows of a strip, each moved so that a line of the given slope stands upright about
/// the strip's middle.
std::vector<double> StripProfile(const cv::Mat& signal, int begin, int end, double slope) {
  std::vector<double> sum(static_cast<std::size_t>(signal.cols), 0.0);
  std::vector<double> count(sum.size(), 0.0);
  const double middle = 0.5 * (begin + end - 1);
  for (int y = begin; y < end; ++y) {
    const double move = slope * (y - middle);
    const float* row = signal.ptr<float>(y);
    for (int x = 0; x < signal.cols; ++x) {
      const double from = x + move;
      const int left = static_cast<int>(std::floor(from));
      if (left < 0 || left + 1 >= signal.cols) continue;
      const double share = from - left;
      const auto i = static_cast<std::size_t>(x);
      sum[i] += (1.0 - share) * static_cast<double>(row[left]) +
                share * static_cast<double>(row[left + 1]);
      count[i] += 1.0;
    }
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = count[i] > 0.0 ? sum[i] / count[i] : 0.0;
  return sum;
}

/// Fixed point of the Gaussian-weighted centroid of a profile; nothing when it runs away.
std::optional<double> LineCentre(const std::vector<double>& profile, double start, double sigma) {
  const int reach = static_cast<int>(std::ceil(3.0 * sigma));
  double at = start;
  for (int step = 0; step < kCentroidSteps; ++step) {
    const int c = cvRound(at);
    if (c < reach || c + reach >= static_cast<int>(profile.size())) return std::nullopt;
    double sum = 0.0;
    double moment = 0.0;
    for (int i = c - reach; i <= c + reach; ++i) {
      const double r = i - at;
      const double w = std::exp(-0.5 * r * r / (sigma * sigma));
      sum += w * profile[static_cast<std::size_t>(i)];
      moment += w * profile[static_cast<std::size_t>(i)] * r;
    }
    if (!(sum > 0.0)) return std::nullopt;
    at += 1.8 * moment / sum;
    if (std::abs(at - start) > 2.0 * sigma + 1.0) return std::nullopt;
    if (std::abs(moment) < 1e-6 * sum) return at;
  }
  return std::nullopt;
}

/// Centres of the lines in one profile.
std::vector<double> CentresOf(const std::vector<double>& profile, double sigma, double noise) {
  cv::Mat smooth;
  cv::GaussianBlur(cv::Mat(profile, false).reshape(0, 1), smooth, cv::Size(0, 1), sigma, 1e-6,
                   cv::BORDER_REFLECT_101);
  const double* s = smooth.ptr<double>(0);
  std::vector<std::pair<double, int>> maxima;
  for (int x = 1; x + 1 < smooth.cols; ++x) {
    if (s[x] > s[x - 1] && s[x] >= s[x + 1] && s[x] > noise) maxima.emplace_back(s[x], x);
  }
  if (maxima.empty()) return {};
  const double strongest = std::max_element(maxima.begin(), maxima.end())->first;
  std::vector<double> centres;
  for (const auto& [height, x] : maxima) {
    if (height < kOfStrong * strongest) continue;
    if (const auto centre = LineCentre(profile, x, sigma)) centres.push_back(*centre);
  }
  return centres;
}

/// The commonest distance between neighbouring lines; 0 without one.
double StepOf(const std::vector<std::vector<double>>& strips) {
  std::vector<double> distances;
  for (const auto& centres : strips) {
    for (std::size_t i = 1; i < centres.size(); ++i) {
      distances.push_back(centres[i] - centres[i - 1]);
    }
  }
  if (distances.empty()) return 0.0;
  std::nth_element(distances.begin(), distances.begin() + std::ssize(distances) / 2,
                   distances.end());
  return distances[distances.size() / 2];
}

/// Numbers the lines of all strips about one line of the first full strip.
void Number(const std::vector<std::vector<double>>& strips, const std::vector<double>& middles,
            double slope, ParallelLines& out) {
  std::size_t fullest = 0;
  for (std::size_t s = 0; s < strips.size(); ++s) {
    if (strips[s].size() > strips[fullest].size()) fullest = s;
  }
  for (std::size_t s = 0; s < strips.size(); ++s) {
    const double move = slope * (middles[s] - middles[fullest]);
    int line = 0;
    double last = strips[fullest].front();
    for (const double centre : strips[s]) {
      // From line to line, so that a step that changes over the field adds up.
      const double steps = (centre - move - last) / out.step_px;
      const int whole = static_cast<int>(std::lround(steps));
      if (std::abs(steps - whole) > 0.25) continue;
      line += whole;
      last = centre - move;
      out.crossings.push_back({line, centre, middles[s]});
    }
  }
}

}  // namespace

std::optional<ParallelLines> FindParallelLines(const GridImage& grid) {
  const Direction direction = GradientDirection(grid.signal, grid.sigma_px);
  if (direction.coherence < kCoherence) return std::nullopt;
  ParallelLines out;
  const bool cut_x = std::abs(std::cos(direction.angle)) >= std::abs(std::sin(direction.angle));
  out.axis = cut_x ? LineAxis::kX : LineAxis::kY;
  cv::Mat signal = grid.signal;
  double slope = -std::tan(direction.angle);
  if (!cut_x) {
    signal = grid.signal.t();
    slope = -1.0 / std::tan(direction.angle);
  }
  out.slope = slope;
  const int strips = std::min(kStrips, signal.rows / 4);
  std::vector<std::vector<double>> centres;
  std::vector<double> middles;
  for (int s = 0; s < strips; ++s) {
    const int begin = s * signal.rows / strips;
    const int end = (s + 1) * signal.rows / strips;
    const double noise = kNoiseSds * grid.noise / std::sqrt(static_cast<double>(end - begin));
    const auto profile = StripProfile(signal, begin, end, slope);
    auto found = CentresOf(profile, grid.sigma_px, noise);
    if (static_cast<int>(found.size()) < kLeastLines) continue;
    centres.push_back(std::move(found));
    middles.push_back(0.5 * (begin + end - 1));
  }
  if (2 * static_cast<int>(centres.size()) < strips || centres.empty()) return std::nullopt;
  out.step_px = StepOf(centres);
  Number(centres, middles, slope, out);
  return out;
}

}  // namespace qc_metrics
