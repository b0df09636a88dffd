#pragma once

#include <optional>
#include <vector>

#include "qc_metrics/detector.h"

namespace qc_metrics {

/// The spread of the pixels of a uniform region, frame by frame; kNoiseFrames and more are averaged
/// into one.
///
/// Input     planes of any size, CV_8U, CV_16U, CV_32S or CV_32F; `dark` is the level without
/// light. Method    CV = sample SD / mean of the raw values (MetroloJ_QC); SNR = (mean - dark) / SD
/// and SBR
///           = (mean - dark) / dark (NoiSee).
/// Uncertainty  moments up to the fourth, pixels taken as independent; the scatter of the frames
///           where they are averaged.
/// Errors    kUnsupportedFormat, kTooSmall (under 16 pixels), kNotFinite, kNoSignal (mean not above
///           0), kSaturated (more than 1 % of the pixels).
[[nodiscard]] Measured<std::vector<UniformRegion>> MeasureRegion(
    const Stack& frames, std::optional<DetectorValue> dark, std::optional<double> saturation_adu);

}  // namespace qc_metrics
