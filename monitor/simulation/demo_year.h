#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace monitor::simulation {

/// What is wrong with an instrument on the day of a check; 1 and 0 are a healthy instrument.
struct InstrumentState {
  double lateral_factor = 1.0;  ///< width of the point spread function over its healthy width
  double axial_factor = 1.0;
  double beam_offset = 0.0;   ///< of the illumination, in field widths along x
  double beam_width = 1.0;    ///< of the illumination, over its healthy width
  double power_factor = 1.0;  ///< of the light source
};

/// One check of the demonstration year: who measured what and when, and the truth behind it.
struct PlannedCheck {
  std::string instrument;
  std::string configuration;
  std::string procedure;  ///< PSF-03 to PSF-05 | FIELD-02 | POWER-01
  std::string analysis;   ///< psf | illumination | power
  std::string purpose;    ///< as_found | repeat
  std::string performer;
  std::chrono::sys_seconds acquired_at;
  std::string file_name;
  InstrumentState state;
  std::uint64_t seed = 0;
};

/// First due day of every procedure of the demonstration year that ends at `now`.
[[nodiscard]] std::chrono::sys_days DemoStart(std::chrono::sys_seconds now);

/// A year of four-weekly checks of three instruments, oldest first, with planted faults: LSM 1's
/// laser ages, the spinning disk's illumination is knocked off centre, a bubble in the widefield's
/// oil is found and repeated, and the widefield's power check is forgotten.
[[nodiscard]] std::vector<PlannedCheck> PlanDemoYear(std::chrono::sys_seconds now);

/// The runs of one instrument's repeat study: remounts by two people on several days.
[[nodiscard]] std::vector<PlannedCheck> PlanRepeatStudy(const std::string& instrument,
                                                        std::chrono::sys_seconds now);

/// One more healthy check, as somebody does it right now.
[[nodiscard]] PlannedCheck PlanCheckNow(std::chrono::sys_seconds now);

/// Draws the calibration image or log of a check: optics, photons, camera; never the numbers that a
/// measurement should find. Throws WriteError.
void RenderCheck(const PlannedCheck& check, const std::filesystem::path& file);

}  // namespace monitor::simulation
