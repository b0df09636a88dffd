#include <array>
#include <cstdio>
#include <fstream>
#include <map>

#include "monitor/simulation/bead_stack.h"
#include "monitor/simulation/demo_year.h"
#include "monitor/simulation/field.h"
#include "monitor/simulation/ome_tiff.h"
#include "monitor/simulation/power_trace.h"

namespace monitor::simulation {
namespace {

/// The instruments behind the demonstration, as an optician would describe them when healthy.
struct Optics {
  std::array<double, 3> voxel_um;
  std::array<double, 3> fwhm_um;  ///< of the image of a bead
  PixelArea pixel_area;
  Camera camera;
  double bead_peak_e;
  double numerical_aperture;
  double excitation_nm;
  double emission_nm;
  double field_peak_e;
  double beam_sigma_fields;  ///< of the illumination, in field widths
  double power_mw;
  const char* channel;
  const char* serial;
  const char* objective;
};

const Optics& OpticsOf(const std::string& instrument) {
  static const Camera kPointDetector{
      .gain_e_per_adu = 0.5, .offset_adu = 0.0, .read_noise_e = 0.4, .saturation_adu = 4095.0};
  static const std::map<std::string, Optics> kAll = {{"lsm-1",
                                                      {{0.06, 0.06, 0.15},
                                                       {0.236, 0.241, 0.61},
                                                       PixelArea::kDwellAlongX,
                                                       kPointDetector,
                                                       900.0,
                                                       1.4,
                                                       561.0,
                                                       600.0,
                                                       800.0,
                                                       0.75,
                                                       9.2,
                                                       "561",
                                                       "SIM-0001",
                                                       "63x/1.40 oil"}},
                                                     {"sd-1",
                                                      {{0.065, 0.065, 0.15},
                                                       {0.222, 0.226, 0.565},
                                                       PixelArea::kCameraPixel,
                                                       Camera{},
                                                       2200.0,
                                                       1.45,
                                                       488.0,
                                                       525.0,
                                                       9000.0,
                                                       0.80,
                                                       11.5,
                                                       "488",
                                                       "SIM-0002",
                                                       "100x/1.45 oil"}},
                                                     {"wf-1",
                                                      {{0.1016, 0.1016, 0.2},
                                                       {0.252, 0.247, 0.95},
                                                       PixelArea::kCameraPixel,
                                                       Camera{},
                                                       3000.0,
                                                       1.3,
                                                       475.0,
                                                       525.0,
                                                       9000.0,
                                                       0.80,
                                                       14.0,
                                                       "GFP",
                                                       "SIM-0003",
                                                       "40x/1.30 oil"}}};
  return kAll.at(instrument);
}

std::string Rfc3339(std::chrono::sys_seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

OmeImage Described(const PlannedCheck& check, const Optics& optics) {
  OmeImage image;
  image.channels = {{.name = optics.channel,
                     .excitation_nm = optics.excitation_nm,
                     .emission_nm = optics.emission_nm,
                     .exposure_s = 0.05}};
  image.pixel_size_x_um = optics.voxel_um[0];
  image.pixel_size_y_um = optics.voxel_um[1];
  image.numerical_aperture = optics.numerical_aperture;
  image.refractive_index = 1.515;
  image.significant_bits = optics.camera.saturation_adu < 4096.0 ? 12 : 16;
  image.acquired_at = Rfc3339(check.acquired_at);
  image.microscope_serial = optics.serial;
  image.objective_model = optics.objective;
  return image;
}

void RenderBeads(const PlannedCheck& check, const std::filesystem::path& file) {
  const Optics& optics = OpticsOf(check.instrument);
  BeadScene scene{};
  scene.columns = scene.rows = 256;
  scene.planes = 40;
  scene.voxel_um = optics.voxel_um;
  scene.pixel_area = optics.pixel_area;
  scene.background_e = 0.02 * optics.bead_peak_e;
  scene.camera = optics.camera;
  scene.seed = check.seed;
  Random random(check.seed ^ 0xbeadu);
  const auto centres = ScatterCentres(scene, 14, 36.0, 16.0, 15.0, random);
  for (const auto& centre : centres) {
    const double spread = 1.0 + 0.02 * random.Normal();  // beads are not all alike
    const auto& healthy = optics.fwhm_um;
    const std::array<double, 3> fwhm = {healthy[0] * check.state.lateral_factor * spread,
                                        healthy[1] * check.state.lateral_factor * spread,
                                        healthy[2] * check.state.axial_factor * spread};
    scene.beads.push_back({.centre_px = centre,
                           .covariance_um2 = EllipsoidCovariance(fwhm, random.Uniform(0, 180), 2.0),
                           .peak_e = optics.bead_peak_e * random.Uniform(0.7, 1.2)});
  }
  OmeImage image = Described(check, optics);
  image.z_step_um = optics.voxel_um[2];
  image.planes = RenderBeadStack(scene);
  WriteOmeTiff(file.string(), image);
}

void RenderIllumination(const PlannedCheck& check, const std::filesystem::path& file) {
  const Optics& optics = OpticsOf(check.instrument);
  FieldScene scene;
  scene.width = scene.height = 512;
  scene.peak_e = optics.field_peak_e;
  scene.peak_x_px = scene.width * (0.5 + 0.03 + check.state.beam_offset);
  scene.peak_y_px = scene.height * (0.5 - 0.02 + 0.3 * check.state.beam_offset);
  scene.sigma_x_px = scene.width * optics.beam_sigma_fields * check.state.beam_width;
  scene.sigma_y_px = 1.04 * scene.sigma_x_px;
  scene.corner_angle_rad = 0.15;
  Random random(check.seed ^ 0xf1e1du);
  scene.dust = {{.x_px = random.Uniform(60, 450),
                 .y_px = random.Uniform(60, 450),
                 .radius_px = 7.0,
                 .depth = 0.08}};
  scene.camera = optics.camera;
  scene.seed = check.seed;
  OmeImage image = Described(check, optics);
  image.planes = {RenderField(scene)};
  WriteOmeTiff(file.string(), image);
}

/// A meter's log as SmartLPM writes it: ragged by one cell, times without a zone, in mW.
void WritePowerLog(const PlannedCheck& check, const PowerScene& scene,
                   const std::filesystem::path& file) {
  std::ofstream log(file);
  log << "timestamp\twavelength[nm]\tsetting[%]\tpower[mW]\ttemperature[C]\n";
  for (const PowerReading& reading : RenderPowerTrace(scene)) {
    const auto at = check.acquired_at +
                    std::chrono::milliseconds(static_cast<std::int64_t>(1000.0 * reading.time_s));
    std::string time = Rfc3339(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19);
    time[10] = ' ';
    std::array<char, 128> row{};
    std::snprintf(row.data(), row.size(), "%s.%03d\t%g\t%g\t%.9g\n", time.c_str(),
                  static_cast<int>(at.time_since_epoch().count() % 1000), reading.line_nm,
                  reading.setting_percent, reading.power_mw);
    log << row.data();
  }
  if (!log.flush()) throw WriteError("could not write " + file.string() + ": is the disk full?");
}

void RenderPower(const PlannedCheck& check, const std::filesystem::path& file) {
  const Optics& optics = OpticsOf(check.instrument);
  PowerScene scene;
  scene.steps = {
      {.line_nm = optics.excitation_nm, .setting_percent = 30.0, .on_s = 300.0, .off_s = 10.0}};
  scene.full_power_mw = optics.power_mw * check.state.power_factor / 0.30;
  scene.drift_per_h = 0.004;
  scene.relative_noise = 0.0025;
  scene.noise_lag1 = 0.3;
  scene.seed = check.seed;
  WritePowerLog(check, scene, file);
}

}  // namespace

void RenderCheck(const PlannedCheck& check, const std::filesystem::path& file) {
  if (check.analysis == "psf") return RenderBeads(check, file);
  if (check.analysis == "illumination") return RenderIllumination(check, file);
  if (check.analysis == "power") return RenderPower(check, file);
  throw WriteError("no calibration image can be drawn for the analysis " + check.analysis);
}

}  // namespace monitor::simulation
