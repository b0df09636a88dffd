#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/power_trace.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// One reading of a power meter, in time order.
struct PowerSample {
  double time_s = 0.0;
  double power_mw = 0.0;
  std::optional<double> line_nm;
  std::optional<double> setting_percent;
  std::optional<double> temperature_c;
};

/// Analysis choices; the defaults follow the QUAREP-LiMi short series (300 s at 1 Hz).
struct PowerSettings {
  std::int64_t min_stability_samples = 20;  ///< shorter segments get no stability and no noise
  std::int64_t min_drift_samples = 60;      ///< ... no drift, no settling time, no steps; also
  double min_drift_duration_s = 60.0;       ///< at least this long
  std::int64_t max_edge_samples = 3;        ///< settling samples dropped beside a switch, at most
  double edge_level = 0.9;                  ///< an edge sample lies below this part of the median
  double settled_band = 0.01;  ///< settled: within this part of the power that it settles to
};

/// Which of QUAREP-LiMi WG1's two series a record is, by its own duration and interval.
enum class PowerSeriesKind {
  kOther,
  kShort,  ///< 300 s at 1 s: 285 to 330 s, .8 to 1.25 s
  kLong,   ///< 2 h at 30 s: 6840 to 7920 s, 24 to 37.5 s
};

/// A value with its standard uncertainty, estimate part.
struct PowerValue {
  double value = 0.0;
  double u = 0.0;
};

/// The laser on, at one line and one setting, between two switches. Ratios have the unit 1.
struct PowerSegment {
  std::optional<double> line_nm;
  std::optional<double> setting_percent;
  std::size_t first_sample = 0;  ///< index in the log
  std::int64_t number = 0;  ///< 1-based, in time order over the whole log; 0: of repeated pulses
  PowerSeriesKind kind = PowerSeriesKind::kOther;
  double start_s = 0.0;     ///< of the first sample used
  double end_s = 0.0;       ///< of the last sample used
  double interval_s = 0.0;  ///< median; 0 for one sample
  std::int64_t samples = 0;
  std::int64_t edge_samples_dropped = 0;
  double mean_mw = 0.0;
  std::optional<double> mean_u_mw;  ///< absent with fewer than 3 samples
  double sd_mw = 0.0;               ///< sample SD of all samples
  std::optional<double> sd_u_mw;
  double min_mw = 0.0;
  double max_mw = 0.0;
  std::optional<double> extreme_u_mw;      ///< of min and of max, as those of a repeated record
  std::optional<PowerValue> stability;     ///< 1 - (max - min) / (max + min)
  std::optional<PowerValue> noise;         ///< SD about the trace's parts, outliers out / mean
  std::optional<PowerValue> sd_over_mean;  ///< everything in it
  std::optional<PowerValue> drift_per_h;   ///< slope / mean
  std::optional<PowerValue> settling_s;    ///< 0: settled from the first sample
  bool still_settling = false;             ///< settles after the end of the record
  bool searched = false;                   ///< long enough to look for steps and outliers
  std::optional<TraceModel> trace;         ///< its outliers count from the segment's first sample
};

/// All pulses of one line and setting, at least three.
struct PowerPulses {
  std::vector<std::int64_t> segments;  ///< their numbers
  PowerSegment series;                 ///< of the pulses' means over time; number 0
  PowerValue repeatability;            ///< sample SD of the pulses' means / their mean

  /// Enough of them to be reported as a series, and no longer one by one.
  [[nodiscard]] bool IsSeries() const { return segments.size() >= 20; }
};

/// Mean power against at least five set points of one line, with an intercept.
struct PowerLinearity {
  std::optional<double> line_nm;
  std::int64_t set_points = 0;
  PowerValue slope_mw;      ///< per percent of the setting
  PowerValue intercept_mw;  ///< at a setting of 0
  PowerValue r2;
  PowerValue worst_deviation;  ///< largest |mean - line| / largest mean
  std::vector<double> settings_percent;
  std::vector<double> means_mw;
};

struct Power {
  std::vector<PowerSegment> segments;
  std::vector<PowerPulses> pulses;
  std::vector<PowerLinearity> linearity;
  std::int64_t samples = 0;
  std::int64_t off_samples = 0;
  std::int64_t edge_samples = 0;
};

/// Measures a power meter's log.
///
/// Input     samples in time order, mW; at most 10 million.
/// Method    for each line and setting, on and off populations are split in the log domain (Otsu's
///           threshold, accepted only when their medians differ at least fivefold); a segment is an
///           uninterrupted run of on-samples of one line and setting, also ended by a gap of more
///           than five median intervals. At an edge beside a switch up to `max_edge_samples`
///           samples below `edge_level` x median are dropped and counted.
///           Each segment is taken apart as TakeApart() says. Pulses of one line and setting are
///           also a series of their means.
/// Errors    kTooFew without samples, kNotFinite, kUnsupportedFormat when time runs backwards,
///           kNoSignal when the laser never is on.
/// Uncertainty  from the noise about the trace's parts, a first-order autoregression fitted with
///           them; of extremes as SD of the extreme of such a record; the meter's certificate is
///           not in it.
/// Threads   reentrant, keeps no state.
/// Source    QUAREP-LiMi WG1, illumination power protocol.
[[nodiscard]] Measured<Power> MeasurePower(std::span<const PowerSample> samples,
                                           const PowerSettings& settings = {});

/// The same as quantities (`of`: line_nm, setting_percent, segment, series), objects of kind
/// "step", "outlier" and "segment" (a pulse of a series) and findings. `samples`: those that were
/// measured.
[[nodiscard]] Report PowerReport(const Measured<Power>& measured,
                                 std::span<const PowerSample> samples,
                                 const PowerSettings& settings = {});

}  // namespace qc_metrics
