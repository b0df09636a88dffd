#pragma once

#include <span>
#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/stage.h"

namespace monitor::report {

/// Where the stage came back to, each return less the mean of its distance (stage_returns).
[[nodiscard]] Picture StageReturns(std::span<const qc_metrics::StagePosition> positions);

/// The path against time and in the plane (stage_track), steps with the threshold and mean squared
/// displacement (stage_drift).
[[nodiscard]] std::vector<Picture> StageTrackPictures(const qc_metrics::StageTrack& track,
                                                      const qc_metrics::StageDrift& drift,
                                                      const qc_metrics::DriftSettings& settings);

}  // namespace monitor::report
