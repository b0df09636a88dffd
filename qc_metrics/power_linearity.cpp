#include "qc_metrics/power_linearity.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace qc_metrics {
namespace {

constexpr std::size_t kLeastSetPoints = 5;
constexpr double kPi = 3.14159265358979323846;

struct SetPoint {
  double setting = 0.0;
  double mean_mw = 0.0;
  double variance_mw2 = 0.0;
};

std::vector<SetPoint> SetPoints(std::span<const PowerSegment> segments,
                                std::optional<double> line_nm) {
  std::map<double, std::vector<const PowerSegment*>> by_setting;
  for (const auto& segment : segments) {
    if (segment.line_nm == line_nm && segment.setting_percent) {
      by_setting[*segment.setting_percent].push_back(&segment);
    }
  }
  std::vector<SetPoint> points;
  for (const auto& [setting, members] : by_setting) {
    SetPoint point{.setting = setting};
    const auto n = static_cast<double>(members.size());
    for (const auto* segment : members) {
      point.mean_mw += segment->mean_mw / n;
      point.variance_mw2 += std::pow(segment->mean_u_mw.value_or(0.0) / n, 2);
    }
    points.push_back(point);
  }
  return points;
}

struct Sums {
  double n = 0.0, mean_x = 0.0, mean_y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0, largest = 0.0;
};

Sums SumsOf(const std::vector<SetPoint>& points) {
  Sums sums{.n = static_cast<double>(points.size())};
  for (const auto& p : points) {
    sums.mean_x += p.setting / sums.n;
    sums.mean_y += p.mean_mw / sums.n;
  }
  for (const auto& p : points) {
    sums.xx += (p.setting - sums.mean_x) * (p.setting - sums.mean_x);
    sums.xy += (p.setting - sums.mean_x) * (p.mean_mw - sums.mean_y);
    sums.yy += (p.mean_mw - sums.mean_y) * (p.mean_mw - sums.mean_y);
    sums.largest = std::max(sums.largest, p.mean_mw);
  }
  return sums;
}

// Variance of one point's residual: its own mean's, and that of every mean through the line.
double ResidualVariance(const std::vector<SetPoint>& points, const Sums& sums, std::size_t i) {
  double variance = 0.0;
  for (std::size_t j = 0; j < points.size(); ++j) {
    const double through_line = 1.0 / sums.n + (points[i].setting - sums.mean_x) *
                                                   (points[j].setting - sums.mean_x) / sums.xx;
    const double weight = (i == j ? 1.0 : 0.0) - through_line;
    variance += weight * weight * points[j].variance_mw2;
  }
  return variance;
}

// By how much the largest of the deviations is expected to be above the true largest one, because
// whichever noise lifts most is taken: of each other point, what it may lie above the one taken.
double ExpectedExcess(const std::vector<double>& deviations, const std::vector<double>& variances,
                      std::size_t taken) {
  double excess = 0.0;
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    const double sd = std::sqrt(variances[i] + variances[taken]);
    if (i == taken || !(sd > 0.0)) continue;
    const double below = (deviations[taken] - deviations[i]) / sd;
    excess += sd * (std::exp(-0.5 * below * below) / std::sqrt(2.0 * kPi) -
                    0.5 * below * std::erfc(below / std::sqrt(2.0)));
  }
  return excess;
}

// Everything that follows from the residuals of the line: R2 and the worst deviation.
void FillDeviations(const std::vector<SetPoint>& points, const Sums& sums,
                    PowerLinearity& linearity) {
  std::vector<double> residuals;
  double squares = 0.0;
  for (const auto& p : points) {
    residuals.push_back(p.mean_mw - sums.mean_y -
                        linearity.slope_mw.value * (p.setting - sums.mean_x));
    squares += residuals.back() * residuals.back();
  }
  std::vector<double> variances;
  double first_order = 0.0;
  double second_order = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double variance = ResidualVariance(points, sums, i);
    const double change =
        2.0 * (squares / sums.yy * (points[i].mean_mw - sums.mean_y) - residuals[i]);
    first_order += change * change * points[i].variance_mw2;
    second_order += variance;
    variances.push_back(variance);
    residuals[i] = std::abs(residuals[i]);
  }
  const auto worst = static_cast<std::size_t>(std::max_element(residuals.begin(), residuals.end()) -
                                              residuals.begin());
  linearity.worst_deviation = {
      .value = residuals[worst] / sums.largest,
      .u = std::hypot(std::sqrt(variances[worst]), ExpectedExcess(residuals, variances, worst)) /
           sums.largest};
  linearity.r2 = {.value = 1.0 - squares / sums.yy,
                  .u = std::hypot(std::sqrt(first_order), second_order) / sums.yy};
}

std::optional<PowerLinearity> Linearity(std::span<const PowerSegment> segments,
                                        std::optional<double> line_nm) {
  const std::vector<SetPoint> points = SetPoints(segments, line_nm);
  if (points.size() < kLeastSetPoints) return std::nullopt;
  const Sums sums = SumsOf(points);
  if (!(sums.yy > 0.0) || !(sums.largest > 0.0)) return std::nullopt;
  PowerLinearity linearity;
  linearity.line_nm = line_nm;
  linearity.set_points = static_cast<std::int64_t>(points.size());
  linearity.slope_mw.value = sums.xy / sums.xx;
  linearity.intercept_mw.value = sums.mean_y - linearity.slope_mw.value * sums.mean_x;
  double slope = 0.0;
  double intercept = 0.0;
  for (const auto& p : points) {
    const double weight = (p.setting - sums.mean_x) / sums.xx;
    slope += weight * weight * p.variance_mw2;
    intercept += std::pow(1.0 / sums.n - weight * sums.mean_x, 2) * p.variance_mw2;
    linearity.settings_percent.push_back(p.setting);
    linearity.means_mw.push_back(p.mean_mw);
  }
  linearity.slope_mw.u = std::sqrt(slope);
  linearity.intercept_mw.u = std::sqrt(intercept);
  FillDeviations(points, sums, linearity);
  return linearity;
}

}  // namespace

std::vector<PowerLinearity> MeasureLinearity(std::span<const PowerSegment> segments) {
  std::vector<std::optional<double>> lines;
  for (const auto& segment : segments) {
    if (std::find(lines.begin(), lines.end(), segment.line_nm) == lines.end()) {
      lines.push_back(segment.line_nm);
    }
  }
  std::vector<PowerLinearity> result;
  for (const auto& line : lines) {
    if (auto linearity = Linearity(segments, line)) result.push_back(std::move(*linearity));
  }
  return result;
}

}  // namespace qc_metrics
