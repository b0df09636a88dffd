#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "monitor/simulation/photon_transfer.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;
constexpr auto kWhole = ScenarioKeyKind::kWhole;
constexpr auto kNumbers = ScenarioKeyKind::kNumbers;

constexpr std::array<ScenarioKey, 17> kSensorKeys = {{
    {"columns", kWhole, "160", "width, px", 16, 4096},
    {"rows", kWhole, "128", "height, px", 16, 4096},
    {"dark_frames", kWhole, "40", "of each dark series", 2, 2000},
    {"dark_exposures_s", kNumbers, "0.01,2", "one dark series each, s", 1e-6, 1e4},
    {"flat_frames", kWhole, "20", "of each flat series", 2, 2000},
    {"flat_levels", kNumbers, "200,800,2000,5000,10000", "electrons a pixel, one series each", 1,
     1e6},
    {"uniform_level", kNumber, "0", "electrons a pixel of one even frame, for SNR and CV; 0: none",
     0, 1e6},
    {"dsnu_e", kNumber, "0.3", "SD of the pixels' offsets, electrons", 0, 1e3},
    {"read_noise_spread", kNumber, "0.1", "SD of the logarithm over the pixels", 0, 1},
    {"prnu", kNumber, "0.005", "SD of the pixels' responses", 0, 0.3},
    {"dark_current", kNumber, "0.5", "electrons a second", 0, 1e4},
    {"full_well_e", kNumber, "30000", "electrons", 100, 1e7},
    {"hot_pixels", kWhole, "5", "that always shine", 0, 2000},
    {"blinking_pixels", kWhole, "0", "that shine half of the time", 0, 2000},
    {"hot_e", kNumber, "100", "electrons a frame of each of them", 1, 1e5},
    {"curvature", kNumber, "0", "part of the response lost at full well", -0.2, 0.5},
    {"flicker", kNumber, "0", "relative SD of the light from frame to frame", 0, 0.2},
}};

constexpr auto kKeys = JoinKeys(kSensorKeys, kOpticsKeys, kCameraKeys);

SensorScene SceneOf(const ScenarioSettings& s, std::uint64_t seed) {
  const Camera camera = CameraOf(s);
  SensorScene scene;
  scene.width = s.Whole("columns");
  scene.height = s.Whole("rows");
  scene.gain_e_per_adu = camera.gain_e_per_adu;
  scene.offset_adu = camera.offset_adu;
  scene.read_noise_e = camera.read_noise_e;
  scene.saturation_adu = camera.saturation_adu;
  scene.dsnu_e = s.Number("dsnu_e");
  scene.read_noise_log_sd = s.Number("read_noise_spread");
  scene.prnu = s.Number("prnu");
  scene.dark_current_e_per_s = s.Number("dark_current");
  scene.full_well_e = s.Number("full_well_e");
  scene.curvature = s.Number("curvature");
  scene.seed = seed;
  Random random(seed ^ 0xdefec7U);
  const int defects = s.Whole("hot_pixels") + s.Whole("blinking_pixels");
  if (4 * defects > scene.width * scene.height) {
    throw ScenarioError("the sensor has no room for so many hot pixels");
  }
  std::vector<bool> taken(static_cast<std::size_t>(scene.width * scene.height), false);
  while (std::ssize(scene.defects) < defects) {
    const int x = static_cast<int>(random.Uniform(0.0, scene.width));
    const int y = static_cast<int>(random.Uniform(0.0, scene.height));
    const auto at = static_cast<std::size_t>(y * scene.width + x);
    if (taken[at]) continue;
    taken[at] = true;
    const bool steady = std::ssize(scene.defects) < s.Whole("hot_pixels");
    scene.defects.push_back(
        {.x = x, .y = y, .extra_e = s.Number("hot_e"), .on_share = steady ? 1.0 : 0.5});
  }
  return scene;
}

/// "folder/name_flat_2.ome.tif" of "folder/name.ome.tif": the whole extension stays.
std::string Beside(const std::string& output, const std::string& addition) {
  const std::filesystem::path path(output);
  const std::string name = path.filename().string();
  const std::size_t dot = name.find('.', 1);
  const std::string stem = name.substr(0, dot);
  const std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  return (path.parent_path() / (stem + addition + extension)).string();
}

/// Writes the series one after the other and notes them.
class SeriesWriter {
 public:
  SeriesWriter(const ScenarioSettings& settings, const std::string& output, const Sensor& sensor,
               Simulated& done)
      : settings_(settings), output_(output), sensor_(sensor), done_(done) {}

  void Write(const char* kind, const SeriesScene& series) {
    OmeImage image = DescribedImage(settings_);
    image.channels.resize(1);
    image.channels[0].exposure_s = series.exposure_s;
    image.planes = sensor_.Record(series);
    image.frames = series.frames;
    const int number = ++count_[kind];
    const bool first = done_.files.empty();
    const std::string path =
        first ? output_ : Beside(output_, "_" + std::string(kind) + "_" + std::to_string(number));
    WriteOmeTiff(path, image);
    done_.files.push_back(path);
    done_.measure.push_back(FileName(path) + ",series=" + kind);
  }

 private:
  const ScenarioSettings& settings_;
  const std::string& output_;
  const Sensor& sensor_;
  Simulated& done_;
  std::map<std::string, int> count_;
};

/// Electrons that a level makes, in the mean over its noise.
double Response(const SensorScene& scene, double light_e) {
  return std::min(light_e * (1.0 - scene.curvature * light_e / scene.full_well_e),
                  scene.full_well_e);
}

bool IsWithinDigitiser(const SensorScene& scene, double electrons) {
  return electrons / scene.gain_e_per_adu + scene.offset_adu < 0.98 * scene.saturation_adu;
}

/// Largest |signal / line - 1| of levels from 5 % of the brightest on, the line of equal relative
/// weights; what the noise of the levels' means adds is the tolerance.
void AddLinearity(const ScenarioSettings& s, const SensorScene& scene, Simulated& done) {
  std::vector<double> lights = s.Numbers("flat_levels");
  const double top = *std::max_element(lights.begin(), lights.end());
  std::erase_if(lights, [&](double light) { return Response(scene, light) < 0.05 * top; });
  if (lights.size() < 3 || top > 0.6 * scene.full_well_e || !IsWithinDigitiser(scene, 1.1 * top)) {
    return;
  }
  double w = 0.0, wx = 0.0, wxx = 0.0, wy = 0.0, wxy = 0.0;
  for (const double light : lights) {
    const double signal = Response(scene, light);
    const double weight = 1.0 / (signal * signal);
    w += weight;
    wx += weight * light;
    wxx += weight * light * light;
    wy += weight * signal;
    wxy += weight * light * signal;
  }
  const double slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  const double start = (wy - slope * wx) / w;
  double worst = 0.0;
  double noise = 0.0;
  for (const double light : lights) {
    const double signal = Response(scene, light);
    worst = std::max(worst, std::abs(signal / (start + slope * light) - 1.0));
    const double frames = s.Whole("flat_frames");
    const double shot = std::sqrt(1.0 / signal / frames / (1.0 * scene.width * scene.height));
    noise = std::max(noise, std::hypot(shot, s.Number("flicker") / std::sqrt(frames)));
  }
  done.quantities.push_back({.id = "detector.linearity_error",
                             .unit = "1",
                             .value = worst,
                             .definition = "etalon.photon_transfer/1",
                             .tolerance = 4.0 * noise});
}

/// Of the even frame: mean over the dark level and spread of its pixels, defects among them.
void AddUniform(const ScenarioSettings& s, const SensorScene& scene, const SensorTruth& truth,
                Simulated& done) {
  const double signal = Response(scene, s.Number("uniform_level"));
  if (!(signal > 0.0) || 1.2 * signal > scene.full_well_e ||
      !IsWithinDigitiser(scene, 1.2 * signal)) {
    return;
  }
  double added = 0.0;
  double added_square = 0.0;
  for (const SensorDefect& defect : scene.defects) {
    const double share = defect.on_share / (1.0 * scene.width * scene.height);
    added += share * defect.extra_e;
    added_square += share * defect.extra_e * defect.extra_e;
  }
  const double variance = signal + added + added_square + std::pow(truth.read_noise_rms_e, 2) +
                          std::pow(truth.dsnu_e, 2) + std::pow(truth.prnu * signal, 2) +
                          std::pow(scene.gain_e_per_adu, 2) / 12.0;
  const double sd = std::sqrt(variance);
  const double dark = truth.offset_adu * scene.gain_e_per_adu;
  const double mean = signal + added;
  const auto add = [&](const char* id, double value) {
    done.quantities.push_back({.id = id, .unit = "1", .value = value, .tolerance = 1e-3 * value});
  };
  add("detector.cv", sd / (mean + dark));
  add("detector.snr", mean / sd);
  add("detector.sbr", mean / dark);
}

void AddFullWell(const ScenarioSettings& s, const SensorScene& scene, Simulated& done) {
  const std::vector<double> lights = s.Numbers("flat_levels");
  const double top = *std::max_element(lights.begin(), lights.end());
  if (top < 1.2 * scene.full_well_e || scene.curvature != 0.0 ||
      !IsWithinDigitiser(scene, 1.05 * scene.full_well_e)) {
    return;
  }
  done.quantities.push_back({.id = "detector.full_well",
                             .unit = "{electron}",
                             .value = scene.full_well_e,
                             .tolerance = 0.01 * scene.full_well_e});
}

void AddTruth(const ScenarioSettings& s, const SensorScene& scene, const SensorTruth& truth,
              Simulated& done) {
  const auto add = [&](const char* id, const char* unit, double value,
                       std::optional<double> tolerance = {}) {
    done.quantities.push_back({.id = std::string("detector.") + id,
                               .unit = unit,
                               .value = value,
                               .tolerance = tolerance});
  };
  const double first = s.Numbers("dark_exposures_s").front();
  add("gain", "{electron}/{adu}", scene.gain_e_per_adu);
  add("offset", "{adu}",
      truth.offset_adu + first * scene.dark_current_e_per_s / scene.gain_e_per_adu);
  // Dark current adds its own noise, little in a short exposure.
  const double dark = first * scene.dark_current_e_per_s;
  add("read_noise.median", "{electron}",
      std::sqrt(truth.read_noise_median_e * truth.read_noise_median_e + dark));
  add("read_noise.rms", "{electron}",
      std::sqrt(truth.read_noise_rms_e * truth.read_noise_rms_e + dark));
  add("dsnu", "{electron}", truth.dsnu_e);
  // A response that bends flattens its own pattern: by q / (1 - q) at the brightest level.
  const std::vector<double> lights = s.Numbers("flat_levels");
  const double bent = std::abs(scene.curvature) * *std::max_element(lights.begin(), lights.end()) /
                      scene.full_well_e;
  if (bent < 0.5) {
    add("prnu", "1", truth.prnu,
        bent > 0.0 ? std::optional(truth.prnu * bent / (1.0 - bent)) : std::nullopt);
  }
  if (s.Numbers("dark_exposures_s").size() > 1) {
    add("dark_current", "{electron}/s", scene.dark_current_e_per_s);
  }
  add("hot_pixels", "{px}", static_cast<double>(scene.defects.size()));
  for (const SensorDefect& defect : scene.defects) {
    done.objects.push_back({.kind = defect.on_share < 1.0 ? "blinking_pixel" : "hot_pixel",
                            .quantities = {{.id = "x", .unit = "{px}", .value = 1.0 * defect.x},
                                           {.id = "y", .unit = "{px}", .value = 1.0 * defect.y}}});
  }
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  const SensorScene scene = SceneOf(settings, seed);
  const Sensor sensor(scene);
  Simulated done;
  done.measure = {"detector"};
  SeriesWriter writer(settings, output, sensor, done);
  std::uint64_t draw = seed;
  for (const double exposure : settings.Numbers("dark_exposures_s")) {
    writer.Write("dark",
                 {.exposure_s = exposure, .frames = settings.Whole("dark_frames"), .seed = ++draw});
  }
  // One lamp: a level is as bright as its exposure is long.
  const std::vector<double> levels = settings.Numbers("flat_levels");
  const double top = *std::max_element(levels.begin(), levels.end());
  for (const double level : levels) {
    writer.Write("flat", {.light_e = level,
                          .exposure_s = settings.Number("exposure_s") * level / top,
                          .frames = settings.Whole("flat_frames"),
                          .light_flicker = settings.Number("flicker"),
                          .seed = ++draw});
  }
  if (settings.Number("uniform_level") > 0.0) {
    writer.Write("uniform", {.light_e = settings.Number("uniform_level"),
                             .exposure_s = settings.Numbers("dark_exposures_s").front(),
                             .frames = 1,
                             .seed = ++draw});
  }
  AddTruth(settings, scene, sensor.Truth(), done);
  AddLinearity(settings, scene, done);
  AddFullWell(settings, scene, done);
  AddUniform(settings, scene, sensor.Truth(), done);
  return done;
}

}  // namespace

const Scenario& DetectorScenario() {
  static constexpr Scenario kScenario{
      "detector", "a camera in the dark and under flat light, one file a series",
      "detector --output camera.ome.tif --set hot_pixels=12 --set curvature=0.05", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
