#include "qc_metrics/spline_axis.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {

SplineAxis::Local SplineAxis::At(double pixel) const {
  const double per_px = 1.0 / SegmentPx();
  const double u = (pixel + 0.5) * per_px;
  const int segment = std::clamp(static_cast<int>(std::floor(u)), 0, segments - 1);
  const double t = u - segment;
  const double s = 1.0 - t;
  const double first = per_px;
  const double second = per_px * per_px;
  return {
      .first = segment,
      .value = {s * s * s / 6.0, (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
                (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0, t * t * t / 6.0},
      .d1 = {-0.5 * s * s * first, (1.5 * t * t - 2.0 * t) * first,
             -(1.5 * s * s - 2.0 * s) * first, 0.5 * t * t * first},
      .d2 = {s * second, (3.0 * t - 2.0) * second, (3.0 * s - 2.0) * second, t * second},
  };
}

}  // namespace qc_metrics
