#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// A value with its standard uncertainty (k = 1); no u means unknown.
struct StageValue {
  double value = 0.0;
  std::optional<double> u = std::nullopt;
};

/// Where the stage was found after it went away and came back to the same nominal place.
struct StagePosition {
  std::string direction;     ///< of the move: "+x", "x-", "-x+y", "left", any word
  double distance_um = 0.0;  ///< of the move; 0: a reference, the stage has not moved yet
  std::array<double, 3> position_um{};
  bool has_z = false;
};

/// All returns after moves of one distance in one direction; empty direction: in all of them.
struct MoveGroup {
  std::string direction;
  double distance_um = 0.0;
  int n = 0;
  int axes = 2;
  std::array<StageValue, 3> sd_um{};        ///< repeatability, sample SD
  std::array<StageValue, 3> mean_um{};      ///< of the position
  std::array<StageValue, 3> accuracy_um{};  ///< mean less the mean of the references
  bool has_accuracy = false;
};

/// Mean after moves in a direction less the mean after moves in the opposite one.
struct Backlash {
  std::string direction;  ///< the positive one of the two
  double distance_um = 0.0;
  std::array<bool, 3> moves{};  ///< along which axes the direction goes
  std::array<StageValue, 3> um{};
};

struct StageMoves {
  std::vector<MoveGroup> groups;  ///< by distance, then direction; the one of all directions first
  std::vector<Backlash> backlash;
  int too_few = 0;  ///< groups with fewer than 3 returns
};

/// The step of a direction along x, y, z: "+x" is {1, 0, 0}, "-x+y" {-1, 1, 0}; "left", "right",
/// "up", "down" are -x, +x, -y, +y (y down). Absent for other words: such a group has no opposite.
[[nodiscard]] std::optional<std::array<int, 3>> DirectionOf(const std::string& direction);

/// Repeatability, accuracy and backlash of moves.
///
/// Input     positions of one bead or of the stage's own encoder; every direction is a group.
/// Method    repeatability: sample SD of the positions after moves of one distance in one direction
///           (unidirectional) and in all directions together (bidirectional). Backlash: difference
///           of the means after opposite moves. After ISO 230-2, whose target is here the place
///           that the stage left.
/// Errors    kTooFew (no group with 3 returns), kNotFinite.
/// Uncertainty  exact for normal scatter: sample figures of few values scatter by more than the
///           usual formulas say; absent below 4 (SD) and 4 together (differences).
[[nodiscard]] Measured<StageMoves> MeasureMoves(std::span<const StagePosition> positions);

/// The mean path of the beads; one entry a frame.
struct StageTrack {
  double frame_interval_s = 0.0;
  int axes = 2;
  std::vector<std::array<double, 3>> position_um{};  ///< relative to the first frame
  std::vector<std::array<double, 3>> u_um{};
};

/// `stable_um`: the stage is stable once every step from frame to frame is below.
struct DriftSettings {
  double stable_um = 0.1;
};

/// One lag of the mean squared displacement.
struct LagDisplacement {
  double lag_s = 0.0;
  double msd_um2 = 0.0;  ///< noise of the localisation removed
  double u_um2 = 0.0;    ///< of another recording of the same path
};

struct StageDrift {
  StageValue velocity_um_per_min;                        ///< length of the mean velocity
  std::array<StageValue, 3> axis_velocity_um_per_min{};  ///< signed
  std::optional<StageValue> stabilisation_s;             ///< absent: not within the series
  std::vector<double> step_um;                           ///< from frame k to k + 1
  std::vector<LagDisplacement> msd;
  double seconds = 0.0;
};

/// Drift of a track.
///
/// Method    velocity: mean position of the last tenth of the frames less that of the first tenth,
///           over the time between; stabilisation: the first time after which EVERY step is below
///           `stable_um`; mean squared displacement over all pairs of each lag up to a quarter of
///           the series, less the localisation's own variance.
/// Errors    kTooFew (fewer than 3 frames), kNotFinite.
/// Uncertainty  localisation only: another recording of the same drift.
[[nodiscard]] Measured<StageDrift> MeasureDrift(const StageTrack& track,
                                                const DriftSettings& settings);

/// The same as quantities; `stage.repeatability.*` with of.distance_um and of.direction.
[[nodiscard]] Report MovesReport(const Measured<StageMoves>& moves);
[[nodiscard]] Report DriftReport(const Measured<StageDrift>& drift, const StageTrack& track,
                                 const DriftSettings& settings);

}  // namespace qc_metrics
