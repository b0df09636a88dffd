#include "qc_metrics/detector_transfer.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr int kFewestLevels = 3;
constexpr double kFittedShare = 0.7;  // of the signal where the variance turns (EMVA 1288)
constexpr double kTurnedShare = 0.5;  // of the line's variance: the well is full
constexpr double kLinearFrom = 0.05;  // of the largest fitted signal: levels that linearity sees
constexpr double kLargestChi2 = 2.0;  // per degree of freedom, before u follows the scatter
constexpr int kFewestLinear = 3;

struct Line {
  double slope = 0.0, intercept = 0.0;
  double u_slope = 0.0, reduced_chi2 = 0.0;
  int levels = 0;
};

bool IsInFit(const TransferLevel& level) {
  return level.state == LevelState::kFitted || level.state == LevelState::kDark;
}

/// Weighted least squares of variance on mean.
std::optional<Line> WeightedLine(const std::vector<TransferLevel>& levels) {
  double w = 0.0, wx = 0.0, wxx = 0.0, wy = 0.0, wxy = 0.0;
  Line line;
  for (const TransferLevel& level : levels) {
    if (!IsInFit(level) || !(level.variance_u_adu2 > 0.0)) continue;
    const double weight = 1.0 / (level.variance_u_adu2 * level.variance_u_adu2);
    w += weight;
    wx += weight * level.mean_adu;
    wxx += weight * level.mean_adu * level.mean_adu;
    wy += weight * level.variance_adu2;
    wxy += weight * level.mean_adu * level.variance_adu2;
    ++line.levels;
  }
  if (line.levels < kFewestLevels) return std::nullopt;
  const double spread = wxx - wx * wx / w;
  if (!(spread > 1e-9 * wxx)) return std::nullopt;
  line.slope = (wxy - wx * wy / w) / spread;
  line.intercept = (wy - line.slope * wx) / w;
  line.u_slope = std::sqrt(1.0 / spread);
  if (!(line.slope > 0.0)) return std::nullopt;
  double chi2 = 0.0;
  for (const TransferLevel& level : levels) {
    if (!IsInFit(level) || !(level.variance_u_adu2 > 0.0)) continue;
    const double residual = level.variance_adu2 - line.intercept - line.slope * level.mean_adu;
    chi2 += residual * residual / (level.variance_u_adu2 * level.variance_u_adu2);
  }
  if (line.levels > 2) line.reduced_chi2 = chi2 / (line.levels - 2);
  if (line.reduced_chi2 > kLargestChi2) line.u_slope *= std::sqrt(line.reduced_chi2);
  return line;
}

/// Marks levels at and beyond 70 % of the signal at which the variance is largest, once a brighter
/// level shows that it turned.
void LeaveOutTurned(std::vector<TransferLevel>& levels) {
  const TransferLevel* top = nullptr;
  for (const TransferLevel& level : levels) {
    const bool usable = IsInFit(level) || level.state == LevelState::kSaturated;
    if (usable && (top == nullptr || level.variance_adu2 > top->variance_adu2)) top = &level;
  }
  if (top == nullptr) return;
  const double turn_adu = top->mean_adu;
  const double offset_adu = turn_adu - top->signal_adu.value_or(turn_adu);
  const bool turned = std::any_of(levels.begin(), levels.end(), [&](const TransferLevel& level) {
    return level.mean_adu > turn_adu && level.variance_adu2 < 0.9 * top->variance_adu2;
  });
  if (!turned) return;
  for (TransferLevel& level : levels) {
    if (level.state != LevelState::kFitted) continue;
    if (level.mean_adu - offset_adu > kFittedShare * (turn_adu - offset_adu)) {
      level.state = LevelState::kSaturated;
    }
  }
}

/// Mean signal of the brightest level whose variance has gone.
std::optional<DetectorValue> FullWell(const std::vector<TransferLevel>& levels, const Line& line,
                                      const DetectorValue& gain) {
  const TransferLevel* full = nullptr;
  for (const TransferLevel& level : levels) {
    const double expected = line.intercept + line.slope * level.mean_adu;
    const bool turned = level.state == LevelState::kSaturated && level.signal_adu &&
                        level.variance_adu2 < kTurnedShare * expected;
    if (turned && (full == nullptr || level.mean_adu > full->mean_adu)) full = &level;
  }
  if (full == nullptr) return std::nullopt;
  const double signal = *full->signal_adu;
  // A well that is only just full still lacks a part of its noise: at most .4 SD of the frames.
  const double lacking = 0.4 * std::sqrt(std::max(0.0, full->variance_adu2));
  const double u_signal = std::hypot(full->mean_u_adu, lacking);
  return DetectorValue{gain.value * signal, std::hypot(*gain.u * signal, gain.value * u_signal)};
}

std::optional<DetectorValue> Prnu(const std::vector<TransferLevel>& levels) {
  double weight = 0.0;
  double sum = 0.0;
  double shared = 0.0;  // all levels see the same pixels: this part no number of levels averages
  for (const TransferLevel& level : levels) {
    if (level.state != LevelState::kFitted || !level.prnu_squared) continue;
    const double of_all = level.prnu_shared * std::max(0.0, level.prnu_squared->value);
    const double own = 1.0 / (*level.prnu_squared->u * *level.prnu_squared->u - of_all * of_all);
    weight += own;
    sum += own * level.prnu_squared->value;
    shared = std::max(shared, level.prnu_shared);
  }
  if (!(weight > 0.0) || !std::isfinite(weight)) return std::nullopt;
  const double square = sum / weight;
  const double u = std::hypot(1.0 / std::sqrt(weight), shared * std::max(0.0, square));
  const double prnu = std::sqrt(std::max(0.0, square));
  return DetectorValue{prnu, square > u ? u / (2.0 * prnu) : std::sqrt(u)};
}

/// Levels with a stated exposure that the straight line of the response goes through.
std::vector<const TransferLevel*> LinearLevels(const std::vector<TransferLevel>& levels) {
  double top = 0.0;
  for (const TransferLevel& level : levels) {
    if (IsInFit(level)) top = std::max(top, level.signal_adu.value_or(0.0));
  }
  std::vector<const TransferLevel*> out;
  for (const TransferLevel& level : levels) {
    if (level.state != LevelState::kFitted || !level.exposure_s || !level.signal_adu) continue;
    if (*level.signal_adu >= kLinearFrom * top) out.push_back(&level);
  }
  return out;
}

/// Largest relative deviation from signal = a + b exposure, each level of equal relative weight.
std::optional<DetectorValue> LinearityError(const std::vector<TransferLevel>& levels) {
  const std::vector<const TransferLevel*> used = LinearLevels(levels);
  if (used.size() < kFewestLinear) return std::nullopt;
  double w = 0.0, wt = 0.0, wtt = 0.0, wy = 0.0, wty = 0.0;
  for (const TransferLevel* level : used) {
    const double signal = *level->signal_adu;
    const double t = *level->exposure_s;
    const double weight = 1.0 / (signal * signal);
    w += weight;
    wt += weight * t;
    wtt += weight * t * t;
    wy += weight * signal;
    wty += weight * t * signal;
  }
  const double spread = wtt - wt * wt / w;
  if (!(spread > 1e-6 * wtt)) return std::nullopt;
  const double slope = (wty - wt * wy / w) / spread;
  const double intercept = (wy - slope * wt) / w;
  DetectorValue worst;
  for (const TransferLevel* level : used) {
    const double line = intercept + slope * *level->exposure_s;
    const double deviation = std::abs(*level->signal_adu / line - 1.0);
    if (!std::isfinite(deviation) || deviation < worst.value) continue;
    // The level pulls the line towards itself.
    const double relative = line * line;
    const double from_middle = *level->exposure_s - wt / w;
    const double leverage = (1.0 / w + from_middle * from_middle / spread) / relative;
    worst = {deviation,
             level->mean_u_adu / std::abs(line) * std::sqrt(std::max(0.0, 1.0 - leverage))};
  }
  return worst;
}

double WorstDeviation(const std::vector<TransferLevel>& levels, const Line& line) {
  double worst = 0.0;
  for (const TransferLevel& level : levels) {
    if (!IsInFit(level)) continue;
    const double expected = line.intercept + line.slope * level.mean_adu;
    worst = std::max(worst, std::abs(level.variance_adu2 / expected - 1.0));
  }
  return worst;
}

}  // namespace

std::optional<PhotonTransfer> FitTransfer(std::vector<TransferLevel>& levels) {
  LeaveOutTurned(levels);
  const std::optional<Line> line = WeightedLine(levels);
  if (!line) return std::nullopt;
  PhotonTransfer out;
  out.slope_adu = line->slope;
  out.intercept_adu2 = line->intercept;
  out.reduced_chi2 = line->reduced_chi2;
  out.levels = line->levels;
  out.gain_e_per_adu = {1.0 / line->slope, line->u_slope / (line->slope * line->slope)};
  out.worst_deviation = WorstDeviation(levels, *line);
  out.prnu = Prnu(levels);
  out.full_well_e = FullWell(levels, *line, out.gain_e_per_adu);
  out.linearity_error = LinearityError(levels);
  return out;
}

}  // namespace qc_metrics
