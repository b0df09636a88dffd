#pragma once

#include <array>
#include <string>

#include "monitor/simulation/camera.h"
#include "monitor/simulation/ome_tiff.h"
#include "monitor/simulation/scenario.h"

namespace monitor::simulation {

// What all kinds of images have in common: a camera and an acquisition program's metadata.

inline constexpr std::array<ScenarioKey, 4> kCameraKeys = {{
    {"gain_e_per_adu", ScenarioKeyKind::kNumber, "0.46", "electrons of one count", 1e-3, 1e3},
    {"camera_offset_adu", ScenarioKeyKind::kNumber, "100", "counts without light", 0, 1e4},
    {"read_noise_e", ScenarioKeyKind::kNumber, "1.6", "SD of the read noise, electrons", 0, 1e3},
    {"bits", ScenarioKeyKind::kWhole, "16", "of the digitiser; it saturates at 2^bits - 1", 8, 16},
}};

inline constexpr std::array<ScenarioKey, 7> kOpticsKeys = {{
    {"numerical_aperture", ScenarioKeyKind::kNumber, "1.4", "of the objective", 0.05, 1.65},
    {"refractive_index", ScenarioKeyKind::kNumber, "1.515", "of the immersion", 1.0, 2.0},
    {"emission_nm", ScenarioKeyKind::kNumbers, "520", "one a channel, with commas", 200, 2000},
    {"excitation_nm", ScenarioKeyKind::kNumbers, "488", "one a channel, with commas", 200, 2000},
    {"exposure_s", ScenarioKeyKind::kNumber, "0.05", "of one plane, s", 1e-6, 1e4},
    {"acquired_at", ScenarioKeyKind::kText, "2026-01-05T09:00:00Z", "ISO 8601 with a zone"},
    {"objective", ScenarioKeyKind::kText, "simulated objective", "its model, in the metadata"},
}};

/// Keys of several lists in one.
template <std::size_t... Sizes>
constexpr auto JoinKeys(const std::array<ScenarioKey, Sizes>&... lists) {
  std::array<ScenarioKey, (Sizes + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& list) {
    for (const ScenarioKey& key : list) all[at++] = key;
  };
  (append(lists), ...);
  return all;
}

[[nodiscard]] Camera CameraOf(const ScenarioSettings& settings);

/// Metadata from kOpticsKeys and the camera's bits, a channel for each emission wavelength.
/// Errors  ScenarioError where excitation and emission differ in number.
[[nodiscard]] OmeImage DescribedImage(const ScenarioSettings& settings);

/// "--set" words that tell `etalon measure` the camera.
[[nodiscard]] std::vector<std::string> CameraWords(const ScenarioSettings& settings);

/// Bead positions and the like: the file's name without its folder.
[[nodiscard]] std::string FileName(const std::string& path);

/// The shortest text that reads back as the same number.
[[nodiscard]] std::string NumberText(double value);

}  // namespace monitor::simulation
