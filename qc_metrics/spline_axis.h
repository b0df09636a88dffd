#pragma once

#include <array>

namespace qc_metrics {

/// Uniform cubic B-splines along one side of an image of `pixels` pixels.
///
/// The knots divide [-1/2, pixels - 1/2], the pixels' full extent, in `segments` equal parts; there
/// are segments + 3 basis functions.
struct SplineAxis {
  int pixels = 1;
  int segments = 1;

  /// The four functions that do not vanish at one place, with derivatives per pixel.
  struct Local {
    int first = 0;
    std::array<double, 4> value{}, d1{}, d2{};
  };

  [[nodiscard]] int size() const { return segments + 3; }
  [[nodiscard]] double SegmentPx() const { return static_cast<double>(pixels) / segments; }

  /// Places outside of the extent use the polynomial of the nearest segment.
  [[nodiscard]] Local At(double pixel) const;
};

}  // namespace qc_metrics
