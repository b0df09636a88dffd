#include <cmath>
#include <filesystem>

#include "monitor/simulation/photon_transfer.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;
constexpr auto kWhole = ScenarioKeyKind::kWhole;
constexpr auto kNumbers = ScenarioKeyKind::kNumbers;

constexpr std::array<ScenarioKey, 16> kSensorKeys = {{
    {"columns", kWhole, "160", "width, px", 16, 4096},
    {"rows", kWhole, "128", "height, px", 16, 4096},
    {"dark_frames", kWhole, "40", "of each dark series", 2, 2000},
    {"dark_exposures_s", kNumbers, "0.01,2", "one dark series each, s", 1e-6, 1e4},
    {"flat_frames", kWhole, "20", "of each flat series", 2, 2000},
    {"flat_levels", kNumbers, "200,800,2000,5000,10000", "electrons a pixel, one series each", 1,
     1e6},
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
    const int number = ++count_[std::string(kind) == "dark" ? 0 : 1];
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
  std::array<int, 2> count_{};
};

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
  add("prnu", "1", truth.prnu);
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
  for (const double level : settings.Numbers("flat_levels")) {
    writer.Write("flat", {.light_e = level,
                          .exposure_s = settings.Number("exposure_s"),
                          .frames = settings.Whole("flat_frames"),
                          .light_flicker = settings.Number("flicker"),
                          .seed = ++draw});
  }
  AddTruth(settings, scene, sensor.Truth(), done);
  return done;
}

}  // namespace

const Scenario& DetectorScenario() {
  static constexpr Scenario kScenario{
      "detector", "a camera in the dark and under flat light, one file a series",
      "detector --output camera.ome.tif --set hot_pixels=12 --set dark_current=1.5", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
