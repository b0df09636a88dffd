#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/power_regression.h"

namespace qc_metrics {

/// A lasting change of level.
struct TraceStep {
  double time_s = 0.0;  ///< middle between the last sample before and the first after
  double time_u_s = 0.0;
  double height_mw = 0.0;
  double height_u_mw = 0.0;
};

/// The way to the settled level: part x exp(-t / tau), t from the first sample.
struct TraceSettling {
  double part_mw = 0.0;
  double tau_s = 0.0;
  double time_s = 0.0;  ///< until the part is `band` of the settled power; may lie after the end
  double time_u_s = 0.0;
};

/// A trace told apart: level + drift + settling + steps + noise, and outliers.
struct TraceModel {
  double level_mw = 0.0;  ///< at the middle of the record, the part before any step
  double slope_mw_per_s = 0.0;
  double slope_u_mw_per_s = 0.0;
  double middle_s = 0.0;
  double first_s = 0.0;
  std::optional<TraceSettling> settling;
  std::vector<TraceStep> steps;       ///< in time order
  std::vector<std::size_t> outliers;  ///< indices of samples
  SeriesNoise noise;                  ///< without the outliers
  double noise_u_mw = 0.0;
  double mean_u_mw = 0.0;  ///< of the mean of all samples, outliers included
  bool wanders = false;    ///< something slow is left that no part describes

  [[nodiscard]] double PowerAt(double time_s) const;
};

enum class TraceParts { kLine, kAll };

/// Takes a trace apart.
///
/// Input    times rising, s; power, mW; at least 3 samples. `band`: part of the settled power
/// within
///          which it counts as settled.
/// Method   kLine: straight line only. kAll: outliers first (FindOutliers); then steps and one
///          settling exponential are added one at a time, the one that explains most first, while
///          it is significant (SignificantSigmas) against noise known from differences of
///          neighbours; a step must also be sudden: as high between the samples just beside it.
///          Finally all parts, the drift and the noise are fitted together (FitSeries) and what is
///          not significant then is taken out again. Settling is sought between 1.5 intervals and a
///          third of the record: slower is drift. More than 4096 samples are averaged in equal bins
///          for all but outliers, noise and the place of a step.
/// Accuracy see DEFINITIONS.md, power.drift.
/// Threads  reentrant, keeps no state. Time linear in samples.
[[nodiscard]] TraceModel TakeApart(std::span<const double> times_s,
                                   std::span<const double> power_mw, TraceParts parts, double band);

}  // namespace qc_metrics
