#include <cmath>
#include <numbers>

#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;
constexpr double kFwhmPerSigma = 2.3548200450309493;

constexpr std::array<ScenarioKey, 12> kPlaneKeys = {{
    {"columns", ScenarioKeyKind::kWhole, "128", "width, px", 16, 4096},
    {"rows", ScenarioKeyKind::kWhole, "128", "height, px", 16, 4096},
    {"planes", ScenarioKeyKind::kWhole, "61", "slices", 7, 2000},
    {"pixel_size_um", kNumber, "0.2", "in the specimen, um", 1e-3, 100},
    {"z_step_um", kNumber, "0.1", "between slices, um", 1e-3, 100},
    {"fwhm_um", kNumber, "0.9", "of the axial response, um", 0.01, 200},
    {"plane_tilt_x_deg", kNumber, "0.5", "of the plane along x", -30, 30},
    {"plane_tilt_y_deg", kNumber, "-0.2", "of the plane along y", -30, 30},
    {"centre_um", kNumber, "0", "of the plane from the middle of the stack, um", -1e4, 1e4},
    {"photons", kNumber, "1000", "electrons a pixel in the plane", 1, 1e6},
    {"background_e", kNumber, "20", "electrons a pixel", 0, 1e5},
    {"bleaching", kNumber, "0", "part of the light lost from the first to the last slice", 0, 0.9},
}};

constexpr auto kKeys = JoinKeys(kPlaneKeys, kOpticsKeys, kCameraKeys);

double Slope(const ScenarioSettings& s, const char* key) {
  return std::tan(s.Number(key) * std::numbers::pi / 180.0);
}

/// Expected electrons of one slice of a thin tilted plane with a Gaussian axial response.
cv::Mat ExpectedSlice(const ScenarioSettings& s, int k) {
  cv::Mat slice(s.Whole("rows"), s.Whole("columns"), CV_32F);
  const double step = s.Number("z_step_um"), pixel = s.Number("pixel_size_um");
  const double sigma = s.Number("fwhm_um") / kFwhmPerSigma;
  const double middle = 0.5 * (s.Whole("planes") - 1);
  const double light =
      s.Number("photons") * (1.0 - s.Number("bleaching") * k / (s.Whole("planes") - 1));
  const double centre = s.Number("centre_um"), background = s.Number("background_e");
  const double slope_x = Slope(s, "plane_tilt_x_deg"), slope_y = Slope(s, "plane_tilt_y_deg");
  for (int y = 0; y < slice.rows; ++y) {
    float* row = slice.ptr<float>(y);
    for (int x = 0; x < slice.cols; ++x) {
      const double plane = centre + pixel * (slope_x * (x - 0.5 * (slice.cols - 1)) +
                                             slope_y * (y - 0.5 * (slice.rows - 1)));
      const double u = (step * (k - middle) - plane) / sigma;
      row[x] = static_cast<float>(background + light * std::exp(-0.5 * u * u));
    }
  }
  return slice;
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  OmeImage image = DescribedImage(settings);
  image.channels.resize(1);
  image.pixel_size_x_um = image.pixel_size_y_um = settings.Number("pixel_size_um");
  image.z_step_um = settings.Number("z_step_um");
  const Camera camera = CameraOf(settings);
  Random random(seed);
  for (int k = 0; k < settings.Whole("planes"); ++k) {
    image.planes.push_back(Expose(ExpectedSlice(settings, k), camera, random));
  }
  WriteOmeTiff(output, image);
  // Along z, whatever the tilt: each column crosses the plane with the instrument's own width.
  return {{output},
          {{.id = "sectioning.fwhm.z", .unit = "um", .value = settings.Number("fwhm_um")}},
          {},
          {"sectioning", FileName(output)}};
}

}  // namespace

const Scenario& SectioningScenario() {
  static constexpr Scenario kScenario{
      "sectioning", "a z-stack of a thin fluorescent plane or a mirror",
      "sectioning --output plane.ome.tif --set fwhm_um=1.2 --set plane_tilt_x_deg=1", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
