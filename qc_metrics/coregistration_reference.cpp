#include "qc_metrics/coregistration_reference.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {

double EllipsoidRadius(const std::array<double, 3>& semi_axes_um,
                       const std::array<double, 3>& direction) {
  const double length = std::hypot(direction[0], direction[1], direction[2]);
  if (!(length > 0.0)) {
    return *std::min_element(semi_axes_um.begin(), semi_axes_um.end());
  }
  return length / std::hypot(direction[0] / semi_axes_um[0], direction[1] / semi_axes_um[1],
                             direction[2] / semi_axes_um[2]);
}

}  // namespace qc_metrics
