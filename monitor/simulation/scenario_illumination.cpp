#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "monitor/simulation/field.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;

constexpr std::array<ScenarioKey, 14> kFieldKeys = {{
    {"columns", ScenarioKeyKind::kWhole, "512", "width, px", 32, 8192},
    {"rows", ScenarioKeyKind::kWhole, "512", "height, px", 32, 8192},
    {"pixel_size_um", kNumber, "0.1", "in the specimen, um", 1e-3, 100},
    {"photons", kNumber, "5000", "electrons a pixel where the light is full", 1, 1e6},
    {"peak_x", kNumber, "0.53", "place of the beam, of the width", -1, 2},
    {"peak_y", kNumber, "0.48", "place of the beam, of the height", -1, 2},
    {"beam_sigma", kNumber, "0.8", "of the Gaussian beam, of the width; 0: flat", 0, 100},
    {"beam_ratio", kNumber, "1", "sigma along y over sigma along x", 0.1, 10},
    {"corner_angle_deg", kNumber, "9", "field angle in the corners; light falls as cos^4", 0, 60},
    {"tilt_x", kNumber, "0", "change of the light over the width, of its mean", -1.5, 1.5},
    {"tilt_y", kNumber, "0", "change of the light over the height, of its mean", -1.5, 1.5},
    {"dust", ScenarioKeyKind::kWhole, "0", "specks", 0, 200},
    {"dust_depth", kNumber, "0.1", "part of the light a speck takes", -1, 1},
    {"dust_radius_px", kNumber, "8", "of a speck", 1, 500},
}};

constexpr auto kKeys = JoinKeys(kFieldKeys, kOpticsKeys, kCameraKeys);

FieldScene SceneOf(const ScenarioSettings& s, std::uint64_t seed) {
  FieldScene scene;
  scene.width = s.Whole("columns");
  scene.height = s.Whole("rows");
  scene.peak_e = s.Number("photons");
  scene.peak_x_px = s.Number("peak_x") * (scene.width - 1);
  scene.peak_y_px = s.Number("peak_y") * (scene.height - 1);
  scene.sigma_x_px = s.Number("beam_sigma") * scene.width;
  scene.sigma_y_px = s.Number("beam_ratio") * scene.sigma_x_px;
  scene.corner_angle_rad = s.Number("corner_angle_deg") * std::numbers::pi / 180.0;
  scene.tilt_x = s.Number("tilt_x");
  scene.tilt_y = s.Number("tilt_y");
  scene.camera = CameraOf(s);
  scene.seed = seed;
  Random random(seed ^ 0xd057U);
  for (int i = 0; i < s.Whole("dust"); ++i) {
    scene.dust.push_back({.x_px = random.Uniform(0.0, scene.width),
                          .y_px = random.Uniform(0.0, scene.height),
                          .radius_px = s.Number("dust_radius_px") * random.Uniform(0.6, 1.4),
                          .depth = s.Number("dust_depth")});
  }
  return scene;
}

double TileMean(const FieldScene& scene, int x0, int y0, int width, int height) {
  double sum = 0.0;
  for (int y = y0; y < y0 + height; ++y) {
    for (int x = x0; x < x0 + width; ++x) sum += FieldLight(scene, x, y);
  }
  return sum / (static_cast<double>(width) * height);
}

/// Darkest over brightest of nine tiles of a tenth of each side, of the light without dust.
double TileUniformity(const FieldScene& scene) {
  const int w = static_cast<int>(std::lround(0.1 * scene.width));
  const int h = static_cast<int>(std::lround(0.1 * scene.height));
  double darkest = std::numeric_limits<double>::infinity(), brightest = 0.0;
  for (const int y : {0, (scene.height - h) / 2, scene.height - h}) {
    for (const int x : {0, (scene.width - w) / 2, scene.width - w}) {
      const double mean = TileMean(scene, x, y, w, h);
      darkest = std::min(darkest, mean);
      brightest = std::max(brightest, mean);
    }
  }
  return darkest / brightest;
}

/// Brightest place by a grid that is refined again and again.
std::array<double, 2> Peak(const FieldScene& scene) {
  std::array<double, 2> best = {0.5 * scene.width, 0.5 * scene.height};
  for (double step = scene.width / 20.0; step > 1e-4; step *= 0.5) {
    const auto centre = best;
    for (int j = -10; j <= 10; ++j) {
      for (int i = -10; i <= 10; ++i) {
        const double x = std::clamp(centre[0] + i * step, -0.5, scene.width - 0.5);
        const double y = std::clamp(centre[1] + j * step, -0.5, scene.height - 0.5);
        if (FieldLight(scene, x, y) > FieldLight(scene, best[0], best[1])) best = {x, y};
      }
    }
  }
  return best;
}

/// Change over the width and the height of the least-squares plane, over the mean.
std::array<double, 2> Tilt(const FieldScene& scene) {
  double sum = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, syy = 0.0;
  const double cx = 0.5 * (scene.width - 1), cy = 0.5 * (scene.height - 1);
  for (int y = 0; y < scene.height; ++y) {
    for (int x = 0; x < scene.width; ++x) {
      const double light = FieldLight(scene, x, y);
      sum += light;
      sx += light * (x - cx);
      sy += light * (y - cy);
      sxx += (x - cx) * (x - cx);
      syy += (y - cy) * (y - cy);
    }
  }
  const double mean = sum / (static_cast<double>(scene.width) * scene.height);
  return {sx / sxx * scene.width / mean, sy / syy * scene.height / mean};
}

std::vector<TrueQuantity> Truth(const FieldScene& scene) {
  const auto peak = Peak(scene);
  const auto tilt = Tilt(scene);
  const double off =
      std::hypot(peak[0] - 0.5 * (scene.width - 1), peak[1] - 0.5 * (scene.height - 1));
  const double diagonal = std::hypot(scene.width, scene.height);
  std::vector<TrueQuantity> all = {{.id = "illumination.uniformity",
                                    .unit = "1",
                                    .value = TileUniformity(scene),
                                    .definition = "etalon.tiles/1",
                                    .tolerance = 0.003},
                                   {.id = "illumination.tilt.x",
                                    .unit = "1",
                                    .value = tilt[0],
                                    .definition = "etalon.surface/2"},
                                   {.id = "illumination.tilt.y",
                                    .unit = "1",
                                    .value = tilt[1],
                                    .definition = "etalon.surface/2"}};
  const bool inside =
      peak[0] > 0 && peak[1] > 0 && peak[0] < scene.width - 1 && peak[1] < scene.height - 1;
  if (!inside) return all;
  all.push_back({.id = "illumination.peak.x",
                 .unit = "{px}",
                 .value = peak[0],
                 .definition = "etalon.surface/2",
                 .tolerance = 6.0});
  all.push_back({.id = "illumination.peak.y",
                 .unit = "{px}",
                 .value = peak[1],
                 .definition = "etalon.surface/2",
                 .tolerance = 6.0});
  all.push_back({.id = "illumination.centring",
                 .unit = "1",
                 .value = 1.0 - 2.0 * off / diagonal,
                 .definition = "etalon.surface/2",
                 .tolerance = 12.0 / diagonal});
  return all;
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  OmeImage image = DescribedImage(settings);
  image.pixel_size_x_um = image.pixel_size_y_um = settings.Number("pixel_size_um");
  Simulated done;
  for (std::size_t c = 0; c < image.channels.size(); ++c) {
    const FieldScene scene = SceneOf(settings, seed + c);
    image.planes.push_back(RenderField(scene));
    for (TrueQuantity& quantity : Truth(scene)) {
      quantity.channel = static_cast<int>(c);
      done.quantities.push_back(std::move(quantity));
    }
    for (const DustSpeck& speck : scene.dust) {
      const double pixel = settings.Number("pixel_size_um");
      done.objects.push_back({.kind = "dust",
                              .position_um = {speck.x_px * pixel, speck.y_px * pixel, 0.0},
                              .channel = static_cast<int>(c)});
    }
  }
  WriteOmeTiff(output, image);
  done.files = {output};
  done.measure = {"illumination", FileName(output)};
  for (std::string& word : CameraWords(settings)) done.measure.push_back(std::move(word));
  return done;
}

}  // namespace

const Scenario& IlluminationScenario() {
  static constexpr Scenario kScenario{
      "illumination", "a uniform fluorescent slide under an imperfect illumination",
      "illumination --output field.ome.tif --set beam_sigma=0.5 --set dust=4", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
