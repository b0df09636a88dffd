#include <cmath>
#include <numbers>

#include "monitor/simulation/scenario_beads.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;

constexpr std::array<ScenarioKey, 9> kTransformKeys = {{
    {"shift_x_um", kNumber, "0.05", "of each channel from the one before, um", -5, 5},
    {"shift_y_um", kNumber, "-0.03", "the same along y, um", -5, 5},
    {"shift_z_um", kNumber, "0.1", "the same along z, um", -10, 10},
    {"magnification", kNumber, "1.0005", "of each channel over the one before", 0.9, 1.1},
    {"turn_deg", kNumber, "0.01", "rotation, positive from x to y", -10, 10},
    {"shear_deg", kNumber, "0", "by how much the right angle closes", -5, 5},
    {"plane_tilt_x", kNumber, "0", "z shift per length along x, um per um", -0.2, 0.2},
    {"plane_tilt_y", kNumber, "0", "z shift per length along y, um per um", -0.2, 0.2},
    {"cubic_per_um2", kNumber, "0", "radial distortion", -1e-4, 1e-4},
}};

constexpr auto kKeys = JoinKeys(kTransformKeys, kBeadKeys);

ChannelTransform TransformOf(const ScenarioSettings& s) {
  return {.shift_um = {s.Number("shift_x_um"), s.Number("shift_y_um"), s.Number("shift_z_um")},
          .magnification = s.Number("magnification"),
          .rotation_deg = s.Number("turn_deg"),
          .shear_deg = s.Number("shear_deg"),
          .tilt = {s.Number("plane_tilt_x"), s.Number("plane_tilt_y")},
          .cubic = s.Number("cubic_per_um2")};
}

/// Channel b seen from channel 0. Distances have no u where the shift is nearly none, so each
/// carries the tolerance of its components.
void AddTruth(const ChannelTransform& map, int b, Simulated& done) {
  const auto add = [&](const char* id, const char* unit, double value,
                       std::optional<double> tolerance = {}) {
    done.quantities.push_back({.id = std::string("coregistration.") + id,
                               .unit = unit,
                               .value = value,
                               .definition = "etalon.affine/1",
                               .tolerance = tolerance,
                               .of = {{"channels", std::vector<int>{0, b}}}});
  };
  const auto& s = map.shift_um;
  const double degrees = 180.0 / std::numbers::pi;
  add("shift.x", "um", s[0]);
  add("shift.y", "um", s[1]);
  add("shift.z", "um", s[2]);
  add("distance.lateral", "um", std::hypot(s[0], s[1]));
  add("distance.axial", "um", std::abs(s[2]));
  add("distance.total", "um", std::hypot(s[0], s[1], s[2]));
  if (map.cubic != 0.0) return;  // what a straight map finds then depends on where the beads lie
  add("magnification", "1", map.magnification);
  add("rotation", "deg", map.rotation_deg);
  add("shear", "deg", map.shear_deg);
  add("tilt.x", "deg", degrees * std::atan(map.tilt[0]));
  add("tilt.y", "deg", degrees * std::atan(map.tilt[1]));
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  const ChannelTransform transform = TransformOf(settings);
  const BeadChannels drawn = DrawBeads(settings, transform, seed);
  if (drawn.scenes.size() < 2) {
    throw ScenarioError(
        "co-registration needs at least two channels; state emission_nm and "
        "excitation_nm of each, with commas");
  }
  WriteOmeTiff(output, drawn.image);
  Simulated done;
  for (std::size_t c = 0; c < drawn.scenes.size(); ++c) {
    if (c > 0) AddTruth(Times(transform, static_cast<int>(c)), static_cast<int>(c), done);
    for (std::size_t i = 0; i < drawn.scenes[c].beads.size(); ++i) {
      const std::string& reason = drawn.fields[c].reasons[i];
      done.objects.push_back({.kind = "bead",
                              .position_um = PlaceUm(drawn.scenes[c], i),
                              .channel = static_cast<int>(c),
                              .expected = reason.empty() ? "kept" : "rejected",
                              .reason = reason});
    }
  }
  done.files = {output};
  done.measure = {"coregistration", FileName(output)};
  for (std::string& word : BeadWords(settings)) done.measure.push_back(std::move(word));
  return done;
}

/// The same keys, but two colours and enough beads over the field.
constexpr auto TwoColours() {
  auto keys = kKeys;
  for (ScenarioKey& key : keys) {
    if (key.name == "emission_nm") key.standard = "520,600";
    if (key.name == "excitation_nm") key.standard = "488,561";
    if (key.name == "model") key.standard = "gaussian";
  }
  return keys;
}

constexpr auto kTwoColours = TwoColours();

}  // namespace

const Scenario& CoregistrationScenario() {
  static constexpr Scenario kScenario{
      "coregistration", "a z-stack of beads that shine in several colours",
      "coregistration --output colours.ome.tif --set shift_x_um=0.08 --set turn_deg=0.05",
      kTwoColours, Run};
  return kScenario;
}

}  // namespace monitor::simulation
