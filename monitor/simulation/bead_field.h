#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "monitor/simulation/bead_stack.h"
#include "monitor/simulation/optical_psf.h"

namespace monitor::simulation {

/// A field of beads with what goes wrong on real slides.
struct FieldPlan {
  bool gaussian = true;  ///< Gaussian light of `fwhm_um`; else the optics' light
  Optics optics{};
  double bead_diameter_um = 0.1;
  std::array<double, 3> fwhm_um{};
  double rotation_deg = 0.0, tilt_deg = 0.0;
  double width_spread = 0.0;  ///< relative SD of a bead's widths
  double field_width = 0.0;   ///< relative growth of the lateral width, with the squared radius, to
                              ///< the corners
  double field_coma = 0.0;    ///< waves rms of radial coma in the corners, with the radius
  double peak_e = 2000.0, peak_spread = 0.0;
  int singles = 10;
  int pairs = 0;
  double pair_distance_um = 0.45;
  int edge_beads = 0, saturated_beads = 0, hot_pixels = 0;
  /// Widths along x, y, z that beads are kept apart for; 0: the plan's own. Channels whose beads
  /// are the same need the same.
  std::array<double, 3> room_um{};
};

/// What was planned, in the order of the scene's beads.
struct PlannedField {
  std::vector<std::array<double, 3>> fwhm_um;  ///< true widths along x, y, z
  std::vector<std::string> reasons;            ///< why a bead cannot be used; empty: it can
};

/// Widths along x, y, z of one bead of the plan, in the middle of the field.
[[nodiscard]] std::array<double, 3> TypicalWidths(const FieldPlan& plan);

/// Puts the beads and hot pixels into a scene that has its size and voxel. The same seed gives the
/// same places where `room_um` is the same, whatever the light.
/// Errors  std::runtime_error (ScenarioError) when the field has no room for so many.
[[nodiscard]] PlannedField PlanField(const FieldPlan& plan, std::uint64_t seed, BeadScene& scene);

}  // namespace monitor::simulation
