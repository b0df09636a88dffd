#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/measured.h"
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
  std::int64_t min_drift_samples = 60;      ///< ... and no drift; also
  double min_drift_duration_s = 60.0;       ///< at least this long
  std::int64_t max_edge_samples = 3;        ///< settling samples dropped beside a switch, at most
  double edge_level = 0.9;                  ///< an edge sample lies below this part of the median
};

/// The laser on, at one line and one setting, between two switches. Ratios have the unit 1.
struct PowerSegment {
  std::optional<double> line_nm;
  std::optional<double> setting_percent;
  std::int64_t number = 0;  ///< 1-based, in time order over the whole log
  double start_s = 0.0;     ///< of the first sample used
  double end_s = 0.0;       ///< of the last sample used
  std::int64_t samples = 0;
  std::int64_t edge_samples_dropped = 0;
  double mean_mw = 0.0;
  std::optional<double> mean_u_mw;  ///< absent with fewer than 3 samples
  double sd_mw = 0.0;               ///< sample SD
  double min_mw = 0.0;
  double max_mw = 0.0;
  std::optional<double> stability;  ///< 1 - (max - min) / (max + min)
  std::optional<double> noise;      ///< SD about the straight line / mean
  std::optional<double> noise_u;
  std::optional<double> drift_per_h;  ///< slope / mean
  std::optional<double> drift_u_per_h;
  double lag1 = 0.0;  ///< lag-1 autocorrelation of the residuals, bias corrected
};

/// Mean power against set points of one line, with an intercept.
struct PowerLinearity {
  std::optional<double> line_nm;
  std::int64_t set_points = 0;
  double r2 = 0.0;
  double worst_deviation = 0.0;  ///< largest |mean - line| / largest mean
  std::optional<double> worst_deviation_u;
};

struct Power {
  std::vector<PowerSegment> segments;
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
/// Errors    kTooFew without samples, kNotFinite, kUnsupportedFormat when time runs backwards,
///           kNoSignal when the laser never is on.
/// Uncertainty  of the mean and of the drift: residuals about the straight line, inflated for lag-1
///           autocorrelation; the meter's certificate is not in it.
/// Threads   reentrant, keeps no state.
/// Source    QUAREP-LiMi WG1, illumination power protocol.
[[nodiscard]] Measured<Power> MeasurePower(std::span<const PowerSample> samples,
                                           const PowerSettings& settings = {});

/// The same as quantities (`of`: line_nm, setting_percent, segment) and findings.
[[nodiscard]] Report PowerReport(const Measured<Power>& measured,
                                 const PowerSettings& settings = {});

}  // namespace qc_metrics
