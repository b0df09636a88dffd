#include "monitor/simulation/grid.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;

constexpr std::array<ScenarioKey, 16> kGridKeys = {{
    {"pattern", ScenarioKeyKind::kWord, "dots", "what the artefact shows", 0, 0,
     "dots|rings|crossing|lines"},
    {"columns", ScenarioKeyKind::kWhole, "512", "width, px", 32, 8192},
    {"rows", ScenarioKeyKind::kWhole, "512", "height, px", 32, 8192},
    {"pixel_size_x_um", kNumber, "0.1", "as it is, um", 1e-3, 100},
    {"pixel_size_y_um", kNumber, "0.1", "as it is, um", 1e-3, 100},
    {"stated_pixel_size_um", kNumber, "0", "in the metadata, um; 0: as it is", 0, 100},
    {"pitch_um", kNumber, "5", "from one feature to the next, um", 0.01, 1e4},
    {"turn_deg", kNumber, "0.4", "of the artefact in the image, from x to y", -44, 44},
    {"shear_deg", kNumber, "0", "by how much the image's right angle closes", -5, 5},
    {"radial", kNumber, "0", "distortion at the corner; positive: pincushion", -0.1, 0.1},
    {"sigma_px", kNumber, "2", "blur of a feature, px", 0.5, 50},
    {"radius_px", kNumber, "6", "rings: of a ring, px", 1, 500},
    {"photons", kNumber, "2000", "electrons a pixel on a feature; negative: dark", -1e5, 1e5},
    {"background_e", kNumber, "50", "electrons a pixel beside them", 0, 1e5},
    {"missing", kNumber, "0", "part of the dots that is not there", 0, 0.5},
    {"jitter_um", kNumber, "0", "SD of the places on the artefact, um", 0, 10},
}};

constexpr auto kKeys = JoinKeys(kGridKeys, kOpticsKeys, kCameraKeys);

GridScene SceneOf(const ScenarioSettings& s, std::uint64_t seed) {
  GridScene scene;
  const std::string& pattern = s.Text("pattern");
  scene.pattern = pattern == "rings"      ? GridPattern::kRings
                  : pattern == "crossing" ? GridPattern::kCrossing
                  : pattern == "lines"    ? GridPattern::kLines
                                          : GridPattern::kDots;
  scene.columns = s.Whole("columns");
  scene.rows = s.Whole("rows");
  scene.pixel_size_x_um = s.Number("pixel_size_x_um");
  scene.pixel_size_y_um = s.Number("pixel_size_y_um");
  scene.pitch_um = s.Number("pitch_um");
  scene.rotation_deg = s.Number("turn_deg");
  scene.shear_deg = s.Number("shear_deg");
  scene.radial = s.Number("radial");
  scene.sigma_px = s.Number("sigma_px");
  scene.radius_px = s.Number("radius_px");
  scene.peak_e = s.Number("photons");
  scene.background_e = s.Number("background_e");
  scene.missing_share = s.Number("missing");
  scene.jitter_um = s.Number("jitter_um");
  scene.camera = CameraOf(s);
  scene.seed = seed;
  if (scene.peak_e + scene.background_e < 0.0) {
    throw ScenarioError("dark features cannot be darker than the background; raise background_e");
  }
  return scene;
}

/// A distorted image has no one pixel size, so its truth is the centre's, which a mean is not.
std::vector<TrueQuantity> Truth(const GridScene& scene) {
  if (scene.radial != 0.0) return {};
  std::vector<TrueQuantity> all = {
      {.id = "geometry.pixel_size.x", .unit = "um", .value = scene.pixel_size_x_um},
      {.id = "geometry.rotation", .unit = "deg", .value = scene.rotation_deg}};
  if (scene.pattern == GridPattern::kLines) return all;
  all.push_back({.id = "geometry.pixel_size.y", .unit = "um", .value = scene.pixel_size_y_um});
  all.push_back({.id = "geometry.shear", .unit = "deg", .value = scene.shear_deg});
  return all;
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  const GridScene scene = SceneOf(settings, seed);
  OmeImage image = DescribedImage(settings);
  image.channels.resize(1);
  const double stated = settings.Number("stated_pixel_size_um");
  image.pixel_size_x_um = stated > 0.0 ? stated : scene.pixel_size_x_um;
  image.pixel_size_y_um = stated > 0.0 ? stated : scene.pixel_size_y_um;
  image.planes = {RenderGrid(scene)};
  WriteOmeTiff(output, image);
  return {{output},
          Truth(scene),
          {},
          {"geometry", FileName(output), "--set", "grid_pitch_um=" + settings.Text("pitch_um")}};
}

}  // namespace

const Scenario& GeometryScenario() {
  static constexpr Scenario kScenario{
      "geometry", "a grid slide or stage micrometer",
      "geometry --output grid.ome.tif --set turn_deg=1.5 --set pixel_size_y_um=0.101", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
