#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "monitor/report/picture.h"
#include "monitor/report/psf_pictures.h"
#include "qc_metrics/stack.h"

namespace monitor::report {

/// One bead of a pair of channels, as the map draws it.
struct BeadShift {
  std::array<double, 2> place_um{};     ///< in channel A, the first pixel's centre is 0, 0
  std::array<double, 3> shift_um{};     ///< x, y, z, B minus A
  std::array<double, 3> residual_um{};  ///< what the map leaves over
  bool kept = true;                     ///< false: an outlier
};

/// The field of one pair of channels.
struct ShiftField {
  std::string names;  ///< "525/50 → 607/70"
  double width_um = 0.0, height_um = 0.0;
  std::vector<BeadShift> beads;
  bool mapped = false;  ///< residuals are known
};

/// Both channels' maximum projections over each other, A magenta, B green, white where they agree:
/// coregistration_overlay. Touches each voxel once.
[[nodiscard]] Picture ChannelOverlay(const qc_metrics::Stack& a, const qc_metrics::Stack& b,
                                     const std::array<double, 3>& voxel_um,
                                     const std::string& names);

/// One bead in both channels, projected along z, y and x, colours as above:
/// coregistration_bead_xy, _xz, _yz.
[[nodiscard]] std::vector<Picture> BeadOverlays(const qc_metrics::Stack& a,
                                                const qc_metrics::Stack& b, const BeadFrame& frame,
                                                const std::string& names);

/// Vector map over the field: lateral shifts, what the affine map leaves over, and the axial
/// shift: coregistration_map (SVG).
[[nodiscard]] Picture ShiftMap(const ShiftField& field);

}  // namespace monitor::report
