#include "monitor/simulation/scenario_beads.h"

#include <algorithm>
#include <cmath>

namespace monitor::simulation {
namespace {

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

}  // namespace

BeadChannels DrawBeads(const ScenarioSettings& settings, const ChannelTransform& transform,
                       std::uint64_t seed) {
  BeadChannels drawn;
  drawn.image = DescribedImage(settings);
  const bool confocal = settings.Text("modality") == "confocal";
  drawn.image.pixel_size_x_um = drawn.image.pixel_size_y_um = settings.Number("pixel_size_um");
  drawn.image.z_step_um = settings.Number("z_step_um");
  std::vector<FieldPlan> plans;
  std::array<double, 3> room{};
  for (OmeChannel& channel : drawn.image.channels) {
    channel.acquisition_mode = confocal ? "LaserScanningConfocalMicroscopy" : "WideField";
    plans.push_back(
        PlanOf(settings, OpticsOf(settings, *channel.emission_nm, *channel.excitation_nm)));
    const std::array<double, 3> widths = TypicalWidths(plans.back());
    for (std::size_t axis = 0; axis < 3; ++axis) room[axis] = std::max(room[axis], widths[axis]);
  }
  for (std::size_t c = 0; c < plans.size(); ++c) {
    plans[c].room_um = room;
    BeadScene scene = EmptyScene(settings, seed + 7919 * c);
    drawn.fields.push_back(PlanField(plans[c], seed, scene));
    const ChannelTransform own = Times(transform, static_cast<int>(c));
    for (std::size_t i = 0; i < scene.beads.size(); ++i) {
      const std::vector<double> at = PlaceUm(scene, i);
      const auto moved = Apply(own, scene, {at[0], at[1], at[2]});
      for (std::size_t axis = 0; axis < 3; ++axis) {
        scene.beads[i].centre_px[axis] = moved[axis] / scene.voxel_um[axis];
      }
    }
    for (cv::Mat& plane : RenderBeadStack(scene)) drawn.image.planes.push_back(std::move(plane));
    drawn.scenes.push_back(std::move(scene));
  }
  return drawn;
}

ChannelTransform Times(const ChannelTransform& transform, int c) {
  ChannelTransform times = transform;
  for (double& shift : times.shift_um) shift *= c;
  times.magnification = std::pow(transform.magnification, c);
  times.rotation_deg *= c;
  times.shear_deg *= c;
  for (double& tilt : times.tilt) tilt *= c;
  times.cubic *= c;
  return times;
}

std::vector<double> PlaceUm(const BeadScene& scene, std::size_t bead) {
  const auto& at = scene.beads[bead].centre_px;
  return {at[0] * scene.voxel_um[0], at[1] * scene.voxel_um[1], at[2] * scene.voxel_um[2]};
}

std::vector<std::string> BeadWords(const ScenarioSettings& settings) {
  std::vector<std::string> words = CameraWords(settings);
  if (settings.Text("modality") != "confocal") return words;
  words.insert(words.end(), {"--set", "scan_axis=x"});
  if (settings.Number("pinhole_au") > 0.0) {
    words.insert(words.end(), {"--set", "pinhole_au=" + settings.Text("pinhole_au")});
  }
  return words;
}

}  // namespace monitor::simulation
