#include <algorithm>
#include <cmath>
#include <fstream>

#include "monitor/simulation/scenario_image.h"
#include "monitor/simulation/stage_series.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;
constexpr auto kWhole = ScenarioKeyKind::kWhole;

constexpr std::array<ScenarioKey, 20> kStageKeys = {{
    {"record", ScenarioKeyKind::kWord, "moves", "a list of places, or a film of beads", 0, 0,
     "moves|drift"},
    {"rounds", kWhole, "10", "moves: times that each is made", 3, 1000},
    {"distances_um", ScenarioKeyKind::kNumbers, "300,3000", "moves: lengths, um", 1, 1e6},
    {"sd_x_um", kNumber, "0.3", "moves: repeatability at the first distance, um", 0, 1e3},
    {"sd_y_um", kNumber, "0.2", "moves: the same along y, um", 0, 1e3},
    {"sd_z_um", kNumber, "0.05", "moves: the same along z, um", 0, 1e3},
    {"sd_grows", kNumber, "1.5", "moves: times larger for each next distance", 0.1, 10},
    {"backlash_x_um", kNumber, "0.8", "moves: um", -1e3, 1e3},
    {"backlash_y_um", kNumber, "0.5", "moves: um", -1e3, 1e3},
    {"columns", kWhole, "96", "drift: width, px", 48, 2048},
    {"rows", kWhole, "96", "drift: height, px", 48, 2048},
    {"pixel_size_um", kNumber, "0.1", "drift: in the specimen, um", 1e-3, 100},
    {"frames", kWhole, "40", "drift: of the film", 3, 10000},
    {"interval_s", kNumber, "2", "drift: between frames, s", 1e-3, 1e5},
    {"velocity_x", kNumber, "0.1", "drift: um/min", -1e3, 1e3},
    {"velocity_y", kNumber, "-0.05", "drift: um/min", -1e3, 1e3},
    {"settling_um", kNumber, "0", "drift: way that decays at first, um", 0, 1e3},
    {"settling_tau_s", kNumber, "5", "drift: how fast it decays, s", 0.01, 1e5},
    {"walk_um", kNumber, "0", "drift: SD of a random step each frame, um", 0, 10},
    {"photons", kNumber, "2000", "drift: electrons at a bead's maximum", 1, 1e6},
}};

constexpr auto kKeys = JoinKeys(kStageKeys, kOpticsKeys, kCameraKeys);

MoveScene MovesOf(const ScenarioSettings& s, std::uint64_t seed) {
  MoveScene scene;
  scene.distances_um = s.Numbers("distances_um");
  scene.rounds = s.Whole("rounds");
  scene.sd_um = {s.Number("sd_x_um"), s.Number("sd_y_um"), s.Number("sd_z_um")};
  scene.sd_grows = s.Number("sd_grows");
  scene.backlash_um = {s.Number("backlash_x_um"), s.Number("backlash_y_um"), 0.0};
  scene.seed = seed;
  return scene;
}

void AddMovesTruth(const MoveScene& scene, Simulated& done) {
  double wider = 1.0;
  for (const double distance : scene.distances_um) {
    const auto add = [&](const std::string& id, const std::string& direction, double value) {
      done.quantities.push_back({.id = id,
                                 .unit = "um",
                                 .value = value,
                                 .of = {{"distance_um", distance}, {"direction", direction}}});
    };
    for (const std::string& direction : scene.directions) {
      add("stage.repeatability.x", direction, wider * scene.sd_um[0]);
      add("stage.repeatability.y", direction, wider * scene.sd_um[1]);
      add("stage.repeatability.z", direction, wider * scene.sd_um[2]);
    }
    add("stage.backlash.x", "+x", scene.backlash_um[0]);
    add("stage.backlash.y", "+y", scene.backlash_um[1]);
    wider *= scene.sd_grows;
  }
}

Simulated RunMoves(const ScenarioSettings& s, const std::string& output, std::uint64_t seed) {
  const MoveScene scene = MovesOf(s, seed);
  std::ofstream file(output, std::ios::binary);
  file << "round,direction,distance_um,x_um,y_um,z_um\n";
  for (const MoveReturn& move : SimulateMoves(scene)) {
    file << move.round << ',' << move.direction << ',' << NumberText(move.distance_um);
    for (const double place : move.position_um) file << ',' << NumberText(place);
    file << '\n';
  }
  if (!file.flush()) throw WriteError("could not write " + output + ": is the disk full?");
  Simulated done{{output}, {}, {}, {"stage", FileName(output)}};
  AddMovesTruth(scene, done);
  return done;
}

DriftScene DriftOf(const ScenarioSettings& s, std::uint64_t seed) {
  DriftScene scene;
  scene.columns = s.Whole("columns");
  scene.rows = s.Whole("rows");
  scene.frames = s.Whole("frames");
  scene.pixel_um = s.Number("pixel_size_um");
  scene.interval_s = s.Number("interval_s");
  scene.velocity_um_per_s = {s.Number("velocity_x") / 60.0, s.Number("velocity_y") / 60.0};
  scene.settling_um = s.Number("settling_um");
  scene.settling_tau_s = s.Number("settling_tau_s");
  scene.walk_um = s.Number("walk_um");
  scene.peak_e = s.Number("photons");
  scene.camera = CameraOf(s);
  scene.seed = seed;
  const double w = scene.columns, h = scene.rows;
  scene.beads_px = {{0.27 * w, 0.31 * h}, {0.71 * w, 0.26 * h}, {0.48 * w, 0.72 * h}};
  const double minutes = scene.interval_s * (scene.frames - 1) / 60.0;
  const double way =
      std::hypot(s.Number("velocity_x"), s.Number("velocity_y")) * minutes + scene.settling_um;
  if (way > 0.12 * std::min(w, h) * scene.pixel_um) {
    throw ScenarioError("the beads would leave the image; make it larger or the drift slower");
  }
  return scene;
}

Simulated RunDrift(const ScenarioSettings& s, const std::string& output, std::uint64_t seed) {
  const DriftScene scene = DriftOf(s, seed);
  OmeImage image = DescribedImage(s);
  image.channels.resize(1);
  image.pixel_size_x_um = image.pixel_size_y_um = scene.pixel_um;
  image.frames = scene.frames;
  image.frame_interval_s = scene.interval_s;
  image.planes = RenderDrift(scene).frames;
  WriteOmeTiff(output, image);
  Simulated done{{output}, {}, {}, {"stage", FileName(output)}};
  for (std::string& word : CameraWords(s)) done.measure.push_back(std::move(word));
  if (scene.walk_um == 0.0 && scene.settling_um == 0.0) {
    done.quantities.push_back(
        {.id = "stage.drift_velocity",
         .unit = "um/min",
         .value = std::hypot(s.Number("velocity_x"), s.Number("velocity_y"))});
  }
  for (const auto& bead : scene.beads_px) {
    done.objects.push_back(
        {.kind = "bead",
         .position_um = {bead[0] * scene.pixel_um, bead[1] * scene.pixel_um, 0.0},
         .channel = 0,
         .expected = "kept"});
  }
  return done;
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  return settings.Text("record") == "moves" ? RunMoves(settings, output, seed)
                                            : RunDrift(settings, output, seed);
}

}  // namespace

const Scenario& StageScenario() {
  static constexpr Scenario kScenario{
      "stage", "moves of a stage and where it came back to, or beads on a stage that drifts",
      "stage --output drift.ome.tif --set record=drift --set velocity_x=0.2", kKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
