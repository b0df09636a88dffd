#pragma once

#include <optional>

#include "qc_metrics/detector.h"
#include "qc_metrics/pixel_series.h"

namespace qc_metrics {

/// Variance of rounding to whole numbers, ADU^2.
inline constexpr double kRoundingVariance = 1.0 / 12.0;
/// Below this noise (ADU) rounding is no longer a noise of its own and cannot be removed.
inline constexpr double kLeastNoiseAdu = 0.4;

/// Mean and standard error of the mean of numbers in order of time; a correlation of neighbours
/// makes the error larger.
[[nodiscard]] DetectorValue MeanInTime(const std::vector<double>& values);

/// Pixels of a dark series that are not like the others.
///
/// Method    hot, cold: the mean is more than 8 standard deviations from the median, the standard
///           deviation being that of the offsets (robust) and the pixel's own noise over the frames
///           together. Blinking: the logarithm of the noise is more than 8 robust standard
///           deviations, and at least a factor of 4, above its median.
[[nodiscard]] PixelDefects FindDefects(const PixelSeries& series);

/// Adds the defects of another series of the same sensor.
void Merge(const PixelDefects& other, PixelDefects& defects);

/// Offset, noise and fixed pattern over the pixels that have no defect.
[[nodiscard]] DarkSeries DescribeDark(const PixelSeries& series, const PixelDefects& defects,
                                      bool integer);

/// Slope of the dark level on the exposure, ADU/s; absent without two different exposures.
[[nodiscard]] std::optional<DetectorValue> DarkCurrent(const std::vector<DarkSeries>& darks);

}  // namespace qc_metrics
