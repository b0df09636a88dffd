#include "qc_metrics/power_trace.h"

#include <algorithm>
#include <cmath>

#include "qc_metrics/power_outliers.h"
#include "qc_metrics/power_parts.h"
#include "qc_metrics/power_step_places.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kMostBins = 4096;
constexpr std::size_t kLeastForAll = 60;

std::vector<std::size_t> Kept(const std::vector<char>& outliers) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < outliers.size(); ++i) {
    if (outliers[i] == 0) kept.push_back(i);
  }
  return kept;
}

// Means of equal bins of the samples that are kept; each sample alone where they are few.
BinnedTrace Binned(std::span<const double> times_s, std::span<const double> power_mw,
                   const std::vector<std::size_t>& kept) {
  BinnedTrace trace;
  trace.samples_a_bin = (kept.size() + kMostBins - 1) / kMostBins;
  std::size_t last = 0;
  for (std::size_t first = 0; first < kept.size(); first += trace.samples_a_bin) {
    const std::size_t end = std::min(kept.size(), first + trace.samples_a_bin);
    double time = 0.0;
    double power = 0.0;
    for (std::size_t i = first; i < end; ++i) {
      time += times_s[kept[i]] / static_cast<double>(end - first);
      power += power_mw[kept[i]] / static_cast<double>(end - first);
    }
    trace.times_s.push_back(time);
    trace.power_mw.push_back(power);
    const bool single = trace.samples_a_bin == 1;
    trace.gaps.push_back(single && first > 0 ? static_cast<int>(kept[first] - last) : 1);
    last = kept[first];
  }
  return trace;
}

struct Residuals {
  double square = 0.0;           // of the samples kept
  double outlying_square = 0.0;  // of the outliers
  double lagged = 0.0;
  std::vector<double> all;
};

Residuals ResidualsOf(std::span<const double> times_s, std::span<const double> power_mw,
                      const std::vector<char>& outliers, const TraceModel& model) {
  Residuals result;
  double last = 0.0;
  for (std::size_t i = 0; i < times_s.size(); ++i) {
    const double residual = power_mw[i] - model.PowerAt(times_s[i]);
    result.all.push_back(residual);
    if (outliers[i] != 0) {
      result.outlying_square += residual * residual;
      continue;
    }
    result.square += residual * residual;
    result.lagged += residual * last;
    last = residual;
  }
  return result;
}

// The mean is of every sample. Its uncertainty is the noise's; an outlier shifts it by its own
// part.
void FillUncertainties(const Residuals& residuals, const BinnedTrace& trace, std::size_t parts,
                       TraceModel& model) {
  const auto n = static_cast<double>(residuals.all.size());
  const auto kept = n - static_cast<double>(model.outliers.size());
  const double bins = static_cast<double>(trace.times_s.size());
  const double lag1 = model.noise.lag1;
  const double mean_variance = model.noise.sd * model.noise.sd * (1.0 + lag1) / (1.0 - lag1) / bins;
  if (trace.samples_a_bin > 1) {  // the noise of one sample, not that of a bin
    model.noise.sd = std::sqrt(residuals.square / (kept - static_cast<double>(parts)));
    model.noise.lag1 = std::clamp(residuals.lagged / residuals.square, 0.0, 0.97);
  }
  model.mean_u_mw = std::sqrt(mean_variance + residuals.outlying_square / (n * n));
  const double r2 = model.noise.lag1 * model.noise.lag1;
  const double freedom = std::max(1.0, kept - static_cast<double>(parts));
  model.noise_u_mw = model.noise.sd * std::sqrt((1.0 + r2) / (1.0 - r2) / (2.0 * freedom));
}

}  // namespace

double TraceModel::PowerAt(double time_s) const {
  double power = level_mw + slope_mw_per_s * (time_s - middle_s);
  if (settling) power += settling->part_mw * std::exp(-(time_s - first_s) / settling->tau_s);
  for (const auto& step : steps) power += time_s > step.time_s ? step.height_mw : 0.0;
  return power;
}

TraceModel TakeApart(std::span<const double> times_s, std::span<const double> power_mw,
                     TraceParts parts, double band) {
  const bool all = parts == TraceParts::kAll && times_s.size() >= kLeastForAll;
  std::vector<char> outliers(power_mw.size());
  if (all) outliers = FindOutliers(power_mw);
  TraceModel model;
  for (int pass = 0; pass < 2; ++pass) {
    const std::vector<std::size_t> kept = Kept(outliers);
    const BinnedTrace trace = Binned(times_s, power_mw, kept);
    PartsFit fit = all ? FindParts(trace, band) : FitLine(trace);
    if (trace.samples_a_bin > 1)
      PlaceSteps(times_s, power_mw, kept, trace.samples_a_bin, fit.model);
    model = std::move(fit.model);
    Residuals residuals = ResidualsOf(times_s, power_mw, outliers, model);
    for (std::size_t i = 0; i < outliers.size(); ++i) {
      if (outliers[i] != 0) model.outliers.push_back(i);
    }
    FillUncertainties(residuals, trace, fit.columns, model);
    if (!all || pass == 1) break;
    // At both ends, and beside other outliers, only the model tells what the power comes back to.
    std::vector<char> more = AddOutlyingEnds(residuals.all, model.noise.sd, outliers);
    if (more == outliers) break;
    outliers = std::move(more);
  }
  return model;
}

}  // namespace qc_metrics
