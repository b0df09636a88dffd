#include <algorithm>
#include <cmath>
#include <memory>

#include "monitor/simulation/bead_field.h"
#include "monitor/simulation/scenario_image.h"

namespace monitor::simulation {
namespace {

constexpr auto kNumber = ScenarioKeyKind::kNumber;
constexpr auto kWhole = ScenarioKeyKind::kWhole;

constexpr std::array<ScenarioKey, 19> kStackKeys = {{
    {"model", ScenarioKeyKind::kWord, "born_wolf", "how light spreads", 0, 0,
     "gaussian|born_wolf|gibson_lanni"},
    {"modality", ScenarioKeyKind::kWord, "widefield", "what the image is taken with", 0, 0,
     "widefield|confocal"},
    {"pinhole_au", kNumber, "1", "confocal: diameter in Airy units; 0: a point", 0, 10},
    {"columns", kWhole, "256", "width, px", 48, 4096},
    {"rows", kWhole, "256", "height, px", 48, 4096},
    {"planes", kWhole, "41", "slices", 12, 1000},
    {"pixel_size_um", kNumber, "0.065", "in the specimen, um", 1e-3, 10},
    {"z_step_um", kNumber, "0.2", "between slices, um", 1e-3, 50},
    {"beads", kWhole, "15", "isolated beads well inside the stack", 0, 2000},
    {"bead_diameter_um", kNumber, "0.1", "0: a point, um", 0, 2},
    {"photons", kNumber, "2000", "electrons at the maximum of a bead", 1, 1e6},
    {"photons_spread", kNumber, "0.1", "relative SD from bead to bead", 0, 0.3},
    {"background_e", kNumber, "20", "electrons a pixel", 0, 1e5},
    {"gradient", kNumber, "0", "change of the background over the width, of its mean", -1.5, 1.5},
    {"pairs", kWhole, "0", "of beads that are too close", 0, 500},
    {"pair_distance_um", kNumber, "0.45", "within a pair, um", 0.01, 10},
    {"edge_beads", kWhole, "0", "cut by the border of the image", 0, 500},
    {"saturated_beads", kWhole, "0", "brighter than the digitiser", 0, 500},
    {"hot_pixels", kWhole, "0", "bright in every slice", 0, 10000},
}};

constexpr std::array<ScenarioKey, 9> kGaussianKeys = {{
    {"fwhm_x_um", kNumber, "0", "model gaussian; 0: .51 wavelength / NA", 0, 20},
    {"fwhm_y_um", kNumber, "0", "model gaussian; 0: .51 wavelength / NA", 0, 20},
    {"fwhm_z_um", kNumber, "0", "model gaussian; 0: 1.77 n wavelength / NA^2", 0, 100},
    {"rotation_deg", kNumber, "0", "model gaussian: of the long lateral axis", -180, 180},
    {"tilt_deg", kNumber, "0", "model gaussian: of the long axis from z", -45, 45},
    {"fwhm_spread", kNumber, "0.01", "relative SD of the width from bead to bead", 0, 0.2},
    {"field_width", kNumber, "0", "how much wider beads are in the corners, relative", -0.3, 1},
    {"field_coma", kNumber, "0", "radial coma in the corners, waves rms (optical models)", -0.3,
     0.3},
    {"channel_shift_um", kNumber, "0", "of each channel along x from the one before, um", -5, 5},
}};

constexpr std::array<ScenarioKey, 9> kAberrationKeys = {{
    {"coma_x", kNumber, "0", "waves rms", -0.3, 0.3},
    {"coma_y", kNumber, "0", "waves rms", -0.3, 0.3},
    {"astigmatism_0", kNumber, "0", "waves rms", -0.3, 0.3},
    {"astigmatism_45", kNumber, "0", "waves rms", -0.3, 0.3},
    {"spherical", kNumber, "0", "waves rms", -0.3, 0.3},
    {"design_index", kNumber, "0", "gibson_lanni: immersion of the design; 0: as it is", 0, 2},
    {"specimen_index", kNumber, "0", "gibson_lanni: around the beads; 0: as the immersion", 0, 2},
    {"depth_um", kNumber, "0", "gibson_lanni: of the beads below the coverslip, um", 0, 100},
    {"coverslip_error_um", kNumber, "0", "gibson_lanni: glass of index 1.515 too thick, um", -50,
     50},
}};

constexpr auto kKeys =
    JoinKeys(kStackKeys, kGaussianKeys, kAberrationKeys, kOpticsKeys, kCameraKeys);

Optics OpticsOf(const ScenarioSettings& s, double emission_nm, double excitation_nm) {
  const double index = s.Number("refractive_index");
  const auto or_index = [&](const char* key) {
    const double value = s.Number(key);
    if (value != 0.0 && value < 1.0) {
      throw ScenarioError("key '" + std::string(key) + "' takes 0 or an index of at least 1");
    }
    return value == 0.0 ? index : value;
  };
  Optics o;
  o.model =
      s.Text("model") == "gibson_lanni" ? OpticalModel::kGibsonLanni : OpticalModel::kBornWolf;
  o.detection = s.Text("modality") == "confocal" ? Detection::kConfocal : Detection::kWidefield;
  o.numerical_aperture = s.Number("numerical_aperture");
  o.refractive_index = index;
  o.emission_um = 1e-3 * emission_nm;
  o.excitation_um = 1e-3 * excitation_nm;
  o.pinhole_au = s.Number("pinhole_au");
  o.aberrations = {.astigmatism_0 = s.Number("astigmatism_0"),
                   .astigmatism_45 = s.Number("astigmatism_45"),
                   .coma_x = s.Number("coma_x"),
                   .coma_y = s.Number("coma_y"),
                   .spherical = s.Number("spherical")};
  o.design_index = or_index("design_index");
  o.specimen_index = or_index("specimen_index");
  o.depth_um = s.Number("depth_um");
  o.coverslip_um = o.design_coverslip_um + s.Number("coverslip_error_um");
  if (o.numerical_aperture >= index) {
    throw ScenarioError("numerical_aperture must be below refractive_index");
  }
  return o;
}

FieldPlan PlanOf(const ScenarioSettings& s, const Optics& optics) {
  FieldPlan plan;
  plan.gaussian = s.Text("model") == "gaussian";
  plan.optics = optics;
  plan.bead_diameter_um = s.Number("bead_diameter_um");
  const double na = optics.numerical_aperture;
  const auto or_theory = [&](const char* key, double theory) {
    return s.Number(key) == 0.0 ? theory : s.Number(key);
  };
  const double lateral = 0.51 * optics.emission_um / na;
  plan.fwhm_um = {
      or_theory("fwhm_x_um", lateral), or_theory("fwhm_y_um", lateral),
      or_theory("fwhm_z_um", 1.77 * optics.refractive_index * optics.emission_um / (na * na))};
  plan.rotation_deg = s.Number("rotation_deg");
  plan.tilt_deg = s.Number("tilt_deg");
  plan.width_spread = s.Number("fwhm_spread");
  plan.field_width = s.Number("field_width");
  plan.field_coma = s.Number("field_coma");
  plan.singles = s.Whole("beads");
  plan.pairs = s.Whole("pairs");
  plan.pair_distance_um = s.Number("pair_distance_um");
  plan.edge_beads = s.Whole("edge_beads");
  plan.saturated_beads = s.Whole("saturated_beads");
  plan.hot_pixels = s.Whole("hot_pixels");
  plan.peak_e = s.Number("photons");
  plan.peak_spread = s.Number("photons_spread");
  return plan;
}

BeadScene EmptyScene(const ScenarioSettings& s, std::uint64_t seed) {
  BeadScene scene{};
  scene.columns = s.Whole("columns");
  scene.rows = s.Whole("rows");
  scene.planes = s.Whole("planes");
  const double pixel = s.Number("pixel_size_um");
  scene.voxel_um = {pixel, pixel, s.Number("z_step_um")};
  scene.background_e = s.Number("background_e");
  scene.background_slope_e_per_px[0] = s.Number("gradient") * scene.background_e / scene.columns;
  scene.pixel_area =
      s.Text("modality") == "confocal" ? PixelArea::kDwellAlongX : PixelArea::kCameraPixel;
  scene.camera = CameraOf(s);
  scene.seed = seed;
  return scene;
}

void AddTruth(const PlannedField& field, const BeadScene& scene, int channel, Simulated& done) {
  std::array<std::vector<double>, 3> widths;
  const std::array<std::string, 3> ids = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  int kept = 0;
  for (std::size_t i = 0; i < scene.beads.size(); ++i) {
    const auto& at = scene.beads[i].centre_px;
    TrueObject bead{.kind = "bead",
                    .position_um = {at[0] * scene.voxel_um[0], at[1] * scene.voxel_um[1],
                                    at[2] * scene.voxel_um[2]},
                    .channel = channel,
                    .expected = field.reasons[i].empty() ? "kept" : "rejected",
                    .reason = field.reasons[i]};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      bead.quantities.push_back(
          {.id = ids[axis], .unit = "um", .value = field.fwhm_um[i][axis], .channel = channel});
      if (field.reasons[i].empty()) widths[axis].push_back(field.fwhm_um[i][axis]);
    }
    kept += field.reasons[i].empty() ? 1 : 0;
    done.objects.push_back(std::move(bead));
  }
  for (std::size_t axis = 0; axis < 3 && kept > 0; ++axis) {
    std::vector<double>& all = widths[axis];
    std::sort(all.begin(), all.end());
    const double median = 0.5 * (all[(all.size() - 1) / 2] + all[all.size() / 2]);
    done.quantities.push_back({.id = ids[axis], .unit = "um", .value = median, .channel = channel});
  }
  done.quantities.push_back({.id = "psf.beads.kept",
                             .unit = "1",
                             .value = static_cast<double>(kept),
                             .channel = channel});
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  OmeImage image = DescribedImage(settings);
  const bool confocal = settings.Text("modality") == "confocal";
  image.pixel_size_x_um = image.pixel_size_y_um = settings.Number("pixel_size_um");
  image.z_step_um = settings.Number("z_step_um");
  Simulated done;
  for (std::size_t c = 0; c < image.channels.size(); ++c) {
    OmeChannel& channel = image.channels[c];
    channel.acquisition_mode = confocal ? "LaserScanningConfocalMicroscopy" : "WideField";
    const Optics optics = OpticsOf(settings, *channel.emission_nm, *channel.excitation_nm);
    BeadScene scene = EmptyScene(settings, seed + 7919 * c);
    FieldPlan plan = PlanOf(settings, optics);
    plan.shift_x_um = settings.Number("channel_shift_um") * static_cast<double>(c);
    const PlannedField field = PlanField(plan, seed, scene);
    for (cv::Mat& plane : RenderBeadStack(scene)) image.planes.push_back(std::move(plane));
    AddTruth(field, scene, static_cast<int>(c), done);
  }
  WriteOmeTiff(output, image);
  done.files = {output};
  done.measure = {"psf", FileName(output)};
  for (std::string& word : CameraWords(settings)) done.measure.push_back(std::move(word));
  if (confocal) {
    done.measure.insert(done.measure.end(), {"--set", "scan_axis=x"});
    if (settings.Number("pinhole_au") > 0.0) {
      done.measure.insert(done.measure.end(),
                          {"--set", "pinhole_au=" + settings.Text("pinhole_au")});
    }
  }
  return done;
}

}  // namespace

const Scenario& PsfScenario() {
  static constexpr Scenario kScenario{
      "psf", "a z-stack of sub-resolution beads",
      "psf --output beads.ome.tif --set model=gibson_lanni --set coma_x=0.05 --set pairs=3", kKeys,
      Run};
  return kScenario;
}

}  // namespace monitor::simulation
