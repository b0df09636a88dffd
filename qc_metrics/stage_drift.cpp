#include <algorithm>
#include <cmath>

#include "qc_metrics/stage.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kFewestFrames = 3;
constexpr double kSecondsPerMinute = 60.0;

/// Mean over frames [begin, end) of one axis.
StageValue MeanOf(const StageTrack& track, std::size_t axis, std::size_t begin, std::size_t end) {
  const auto n = static_cast<double>(end - begin);
  double sum = 0.0;
  double variance = 0.0;
  for (std::size_t k = begin; k < end; ++k) {
    sum += track.position_um[k][axis];
    variance += track.u_um[k][axis] * track.u_um[k][axis];
  }
  return {sum / n, std::sqrt(variance) / n};
}

void Velocity(const StageTrack& track, StageDrift& out) {
  const std::size_t frames = track.position_um.size();
  const std::size_t tenth = std::max<std::size_t>(1, frames / 10);
  const double minutes =
      static_cast<double>(frames - tenth) * track.frame_interval_s / kSecondsPerMinute;
  double squares = 0.0;
  double weighted = 0.0;
  double variances = 0.0;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
    const StageValue first = MeanOf(track, axis, 0, tenth);
    const StageValue last = MeanOf(track, axis, frames - tenth, frames);
    const double velocity = (last.value - first.value) / minutes;
    const double u = std::hypot(*last.u, *first.u) / minutes;
    out.axis_velocity_um_per_min[axis] = {velocity, u};
    squares += velocity * velocity;
    weighted += velocity * velocity * u * u;
    variances += u * u;
  }
  const double length = std::sqrt(squares);
  out.velocity_um_per_min = {
      length, length > 0.0 ? std::sqrt(weighted) / length : std::sqrt(variances / track.axes)};
}

double Step(const StageTrack& track, std::size_t from, std::size_t to) {
  double squares = 0.0;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
    const double step = track.position_um[to][axis] - track.position_um[from][axis];
    squares += step * step;
  }
  return std::sqrt(squares);
}

/// The first frame after which every step is below the threshold; absent when the last one is not.
void Stabilisation(const StageTrack& track, const DriftSettings& settings, StageDrift& out) {
  std::size_t stable_from = track.position_um.size() - 1;
  while (stable_from > 0 && out.step_um[stable_from - 1] < settings.stable_um) --stable_from;
  if (stable_from + 1 == track.position_um.size()) return;
  // Stable at the first frame already: no time is known better than to one interval.
  out.stabilisation_s = StageValue{static_cast<double>(stable_from) * track.frame_interval_s,
                                   track.frame_interval_s / std::sqrt(12.0)};
}

/// What the localisation adds to the variance of a lag's sum of squares, along one axis.
///
/// The sum is a quadratic form of the frames' errors e: its linear part is 2 e_k (d_(k-lag) - d_k)
/// summed over the frames, d the steps; its square part has the variance q = 2 sum A_ij^2 s_i^2
/// s_j^2, A holding the number of steps that end at a frame and -1 for each pair. Steps that are
/// measured hold errors themselves, which raises the linear part by 2 q: linear + q - 2 q is left.
double VarianceOfSquares(const StageTrack& track, std::size_t axis, std::size_t lag) {
  const std::size_t frames = track.position_um.size();
  const auto variance = [&](std::size_t k) { return track.u_um[k][axis] * track.u_um[k][axis]; };
  const auto step = [&](std::size_t k) {
    return track.position_um[k + lag][axis] - track.position_um[k][axis];
  };
  double linear = 0.0;
  double square = 0.0;
  for (std::size_t k = 0; k < frames; ++k) {
    const bool ends = k >= lag;
    const bool begins = k + lag < frames;
    const double pull = (ends ? step(k - lag) : 0.0) - (begins ? step(k) : 0.0);
    const double steps = (ends ? 1.0 : 0.0) + (begins ? 1.0 : 0.0);
    linear += 4.0 * pull * pull * variance(k);
    square += 2.0 * steps * steps * variance(k) * variance(k);
    if (begins) square += 4.0 * variance(k) * variance(k + lag);
  }
  return std::max(square, linear - square);
}

void MeanSquares(const StageTrack& track, StageDrift& out) {
  const std::size_t frames = track.position_um.size();
  for (std::size_t lag = 1; lag <= std::max<std::size_t>(1, frames / 4); ++lag) {
    double squares = 0.0;
    double noise = 0.0;
    double variance = 0.0;
    for (std::size_t k = 0; k + lag < frames; ++k) {
      const double step = Step(track, k, k + lag);
      squares += step * step;
      for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
        noise += track.u_um[k][axis] * track.u_um[k][axis] +
                 track.u_um[k + lag][axis] * track.u_um[k + lag][axis];
      }
    }
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
      variance += VarianceOfSquares(track, axis, lag);
    }
    const auto pairs = static_cast<double>(frames - lag);
    out.msd.push_back({static_cast<double>(lag) * track.frame_interval_s, (squares - noise) / pairs,
                       std::sqrt(variance) / pairs});
  }
}

}  // namespace

Measured<StageDrift> MeasureDrift(const StageTrack& track, const DriftSettings& settings) {
  const std::size_t frames = track.position_um.size();
  if (frames < kFewestFrames || !(track.frame_interval_s > 0.0)) return Fault::kTooFew;
  for (const auto& position : track.position_um) {
    for (const double part : position) {
      if (!std::isfinite(part)) return Fault::kNotFinite;
    }
  }
  StageDrift out;
  out.seconds = static_cast<double>(frames - 1) * track.frame_interval_s;
  for (std::size_t k = 0; k + 1 < frames; ++k) out.step_um.push_back(Step(track, k, k + 1));
  Velocity(track, out);
  Stabilisation(track, settings, out);
  MeanSquares(track, out);
  return out;
}

}  // namespace qc_metrics
