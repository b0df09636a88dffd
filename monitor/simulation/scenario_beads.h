#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "monitor/simulation/bead_field.h"
#include "monitor/simulation/channel_transform.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {

// What scenarios of bead stacks have in common.

inline constexpr std::array<ScenarioKey, 19> kBeadStackKeys = {{
    {"model", ScenarioKeyKind::kWord, "born_wolf", "how light spreads", 0, 0,
     "gaussian|born_wolf|gibson_lanni"},
    {"modality", ScenarioKeyKind::kWord, "widefield", "what the image is taken with", 0, 0,
     "widefield|confocal"},
    {"pinhole_au", ScenarioKeyKind::kNumber, "1", "confocal: diameter in Airy units; 0: a point", 0,
     10},
    {"columns", ScenarioKeyKind::kWhole, "256", "width, px", 48, 4096},
    {"rows", ScenarioKeyKind::kWhole, "256", "height, px", 48, 4096},
    {"planes", ScenarioKeyKind::kWhole, "41", "slices", 12, 1000},
    {"pixel_size_um", ScenarioKeyKind::kNumber, "0.065", "in the specimen, um", 1e-3, 10},
    {"z_step_um", ScenarioKeyKind::kNumber, "0.2", "between slices, um", 1e-3, 50},
    {"beads", ScenarioKeyKind::kWhole, "15", "isolated beads well inside the stack", 0, 2000},
    {"bead_diameter_um", ScenarioKeyKind::kNumber, "0.1", "0: a point, um", 0, 2},
    {"photons", ScenarioKeyKind::kNumber, "2000", "electrons at the maximum of a bead", 1, 1e6},
    {"photons_spread", ScenarioKeyKind::kNumber, "0.1", "relative SD from bead to bead", 0, 0.3},
    {"background_e", ScenarioKeyKind::kNumber, "20", "electrons a pixel", 0, 1e5},
    {"gradient", ScenarioKeyKind::kNumber, "0",
     "change of the background over the width, of its mean", -1.5, 1.5},
    {"pairs", ScenarioKeyKind::kWhole, "0", "of beads that are too close", 0, 500},
    {"pair_distance_um", ScenarioKeyKind::kNumber, "0.45", "within a pair, um", 0.01, 10},
    {"edge_beads", ScenarioKeyKind::kWhole, "0", "cut by the border of the image", 0, 500},
    {"saturated_beads", ScenarioKeyKind::kWhole, "0", "brighter than the digitiser", 0, 500},
    {"hot_pixels", ScenarioKeyKind::kWhole, "0", "bright in every slice", 0, 10000},
}};

inline constexpr std::array<ScenarioKey, 8> kBeadLightKeys = {{
    {"fwhm_x_um", ScenarioKeyKind::kNumber, "0", "model gaussian; 0: .51 wavelength / NA", 0, 20},
    {"fwhm_y_um", ScenarioKeyKind::kNumber, "0", "model gaussian; 0: .51 wavelength / NA", 0, 20},
    {"fwhm_z_um", ScenarioKeyKind::kNumber, "0", "model gaussian; 0: 1.77 n wavelength / NA^2", 0,
     100},
    {"rotation_deg", ScenarioKeyKind::kNumber, "0", "model gaussian: of the long lateral axis",
     -180, 180},
    {"tilt_deg", ScenarioKeyKind::kNumber, "0", "model gaussian: of the long axis from z", -45, 45},
    {"fwhm_spread", ScenarioKeyKind::kNumber, "0.01", "relative SD of the width from bead to bead",
     0, 0.2},
    {"field_width", ScenarioKeyKind::kNumber, "0",
     "how much wider beads are in the corners, relative", -0.3, 1},
    {"field_coma", ScenarioKeyKind::kNumber, "0",
     "radial coma in the corners, waves rms (optical models)", -0.3, 0.3},
}};

inline constexpr std::array<ScenarioKey, 9> kBeadAberrationKeys = {{
    {"coma_x", ScenarioKeyKind::kNumber, "0", "waves rms", -0.3, 0.3},
    {"coma_y", ScenarioKeyKind::kNumber, "0", "waves rms", -0.3, 0.3},
    {"astigmatism_0", ScenarioKeyKind::kNumber, "0", "waves rms", -0.3, 0.3},
    {"astigmatism_45", ScenarioKeyKind::kNumber, "0", "waves rms", -0.3, 0.3},
    {"spherical", ScenarioKeyKind::kNumber, "0", "waves rms", -0.3, 0.3},
    {"design_index", ScenarioKeyKind::kNumber, "0",
     "gibson_lanni: immersion of the design; 0: as it is", 0, 2},
    {"specimen_index", ScenarioKeyKind::kNumber, "0",
     "gibson_lanni: around the beads; 0: as the immersion", 0, 2},
    {"depth_um", ScenarioKeyKind::kNumber, "0",
     "gibson_lanni: of the beads below the coverslip, um", 0, 100},
    {"coverslip_error_um", ScenarioKeyKind::kNumber, "0",
     "gibson_lanni: glass of index 1.515 too thick, um", -50, 50},
}};

inline constexpr auto kBeadKeys =
    JoinKeys(kBeadStackKeys, kBeadLightKeys, kBeadAberrationKeys, kOpticsKeys, kCameraKeys);

/// A stack of one or several colours of the same beads.
struct BeadChannels {
  OmeImage image;                    ///< all planes, described
  std::vector<BeadScene> scenes;     ///< one a channel
  std::vector<PlannedField> fields;  ///< the same beads in the same order
};

/// Draws the beads of kBeadKeys; channel c is seen through c times `transform`.
/// Errors  ScenarioError.
[[nodiscard]] BeadChannels DrawBeads(const ScenarioSettings& settings,
                                     const ChannelTransform& transform, std::uint64_t seed);

/// c times a transform: shifts, angles and the logarithm of the magnification are multiplied.
[[nodiscard]] ChannelTransform Times(const ChannelTransform& transform, int c);

/// Where a bead is, in um from the first voxel's centre.
[[nodiscard]] std::vector<double> PlaceUm(const BeadScene& scene, std::size_t bead);

/// "--set" words for `etalon measure`: camera and what the metadata cannot say.
[[nodiscard]] std::vector<std::string> BeadWords(const ScenarioSettings& settings);

}  // namespace monitor::simulation
