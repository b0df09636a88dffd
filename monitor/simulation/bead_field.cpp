#include "monitor/simulation/bead_field.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "monitor/simulation/optical_shape.h"
#include "monitor/simulation/scenario.h"

namespace monitor::simulation {
namespace {

using Place = std::array<double, 3>;

constexpr double kFwhmPerSigma = 2.3548200450309493;

/// Draws the beads of a plan one after the other.
class FieldMaker {
 public:
  FieldMaker(const FieldPlan& plan, std::uint64_t seed, BeadScene& scene)
      : plan_(plan), random_(seed ^ 0xf1e1dULL), scene_(scene) {
    if (!plan.gaussian) shape_ = std::make_shared<OpticalShape>(plan.optics, plan.bead_diameter_um);
    typical_ = plan.room_um[0] > 0.0 ? plan.room_um : TypicalWidths(plan);
  }

  PlannedField Make() {
    const Camera& camera = scene_.camera;
    const double brightest = (camera.saturation_adu - camera.offset_adu) * camera.gain_e_per_adu;
    if (plan_.peak_e * (1.0 + 4.0 * plan_.peak_spread) + 2.0 * scene_.background_e > brightest) {
      throw ScenarioError("so many photons saturate the camera; raise bits or gain_e_per_adu");
    }
    for (int i = 0; i < plan_.singles; ++i) Add(FreePlace(), "", plan_.peak_e);
    for (int i = 0; i < plan_.saturated_beads; ++i) Add(FreePlace(), "saturated", 2.0 * brightest);
    for (int i = 0; i < plan_.pairs; ++i) AddPair();
    for (int i = 0; i < plan_.edge_beads; ++i) AddAtEdge();
    for (int i = 0; i < plan_.hot_pixels; ++i) {
      scene_.hot_pixels.push_back({static_cast<int>(random_.Uniform(0.0, scene_.columns)),
                                   static_cast<int>(random_.Uniform(0.0, scene_.rows)),
                                   random_.Uniform(0.5, 2.0) * plan_.peak_e});
    }
    return std::move(field_);
  }

 private:
  [[nodiscard]] double LateralPx() const {
    return std::max(typical_[0] / scene_.voxel_um[0], typical_[1] / scene_.voxel_um[1]);
  }

  [[nodiscard]] double Separation() const { return std::max(9.0 * LateralPx(), 24.0); }

  /// A place with nothing near it: nine widths, and at least 24 pixels, from every other bead.
  Place FreePlace() {
    const double margin = std::max(5.0 * LateralPx(), 13.0);
    const double axial = std::max(1.8 * typical_[2] / scene_.voxel_um[2], 4.0);
    if (2.0 * margin >= std::min(scene_.columns, scene_.rows) || 2.0 * axial >= scene_.planes - 1) {
      throw ScenarioError("the stack is too small for its beads; make it larger or deeper");
    }
    for (int attempt = 0; attempt < 20000; ++attempt) {
      const Place place = {random_.Uniform(margin, scene_.columns - 1 - margin),
                           random_.Uniform(margin, scene_.rows - 1 - margin),
                           random_.Uniform(axial, scene_.planes - 1 - axial)};
      if (IsFree(place, Separation())) return place;
    }
    throw ScenarioError("the field has no room for so many beads; make it larger or ask for fewer");
  }

  [[nodiscard]] bool IsFree(const Place& place, double separation) const {
    return std::all_of(places_.begin(), places_.end(), [&](const Place& other) {
      return std::hypot(place[0] - other[0], place[1] - other[1]) >= separation;
    });
  }

  void AddPair() {
    const Place middle = FreePlace();
    const double angle = random_.Uniform(0.0, 2.0 * std::numbers::pi);
    for (const double side : {-0.5, 0.5}) {
      const double reach = side * plan_.pair_distance_um;
      Add({middle[0] + reach * std::cos(angle) / scene_.voxel_um[0],
           middle[1] + reach * std::sin(angle) / scene_.voxel_um[1], middle[2]},
          "too_close", plan_.peak_e);
    }
  }

  void AddAtEdge() {
    for (int attempt = 0; attempt < 2000; ++attempt) {
      Place place = FreePlace();
      const double inside = random_.Uniform(0.0, LateralPx());
      const int side = static_cast<int>(random_.Uniform(0.0, 4.0));
      const std::size_t axis = side < 2 ? 0 : 1;
      const int size = axis == 0 ? scene_.columns : scene_.rows;
      place[axis] = side % 2 == 0 ? inside : size - 1 - inside;
      if (IsFree(place, Separation())) return Add(place, "edge", plan_.peak_e);
    }
    throw ScenarioError("the border has no room for so many beads; make the field larger");
  }

  void Add(Place place, const std::string& reason, double peak_e) {
    places_.push_back(place);
    // All draws come before anything that depends on the light: channels have the same places.
    const double bright = std::max(0.3, 1.0 + plan_.peak_spread * random_.Normal());
    const double lateral = 1.0 + plan_.width_spread * random_.Normal();
    const double axial = 1.0 + plan_.width_spread * random_.Normal();
    const double x = place[0] / (scene_.columns - 1) - 0.5, y = place[1] / (scene_.rows - 1) - 0.5;
    const double radius = std::hypot(x, y) * std::numbers::sqrt2;  // 1 in the corners
    const double grown = lateral * (1.0 + plan_.field_width * radius * radius);
    SimulatedBead bead{place, {}, peak_e * bright};
    std::array<double, 3> fwhm{};
    if (plan_.gaussian) {
      bead.covariance_um2 = EllipsoidCovariance(
          {plan_.fwhm_um[0] * grown, plan_.fwhm_um[1] * grown, plan_.fwhm_um[2] * axial},
          plan_.rotation_deg, plan_.tilt_deg);
      fwhm = GaussianWidths(bead.covariance_um2);
    } else {
      bead.shape = ShapeAt(x, y);
      bead.lateral_scale = grown;
      bead.axial_scale = axial;
      const auto& own = bead.shape->Truth().fwhm_um;
      fwhm = {own[0] * grown, own[1] * grown, own[2] * axial};
    }
    scene_.beads.push_back(std::move(bead));
    field_.fwhm_um.push_back(fwhm);
    field_.reasons.push_back(reason);
  }

  /// The light at a place of the field, in parts of the width and height from its centre.
  std::shared_ptr<const OpticalShape> ShapeAt(double x, double y) {
    if (plan_.field_coma == 0.0) return shape_;
    Optics optics = plan_.optics;
    optics.aberrations.coma_x += plan_.field_coma * x * std::numbers::sqrt2;
    optics.aberrations.coma_y += plan_.field_coma * y * std::numbers::sqrt2;
    // Light of many orders takes long to tabulate: a coarser cut keeps a field of them quick.
    return std::make_shared<OpticalShape>(optics, plan_.bead_diameter_um, 2e-3);
  }

  /// Widths along the image's axes through the maximum: from the inverse of the covariance.
  static std::array<double, 3> GaussianWidths(const Covariance& c) {
    const cv::Matx33d precision =
        cv::Matx33d(c.xx, c.xy, c.xz, c.xy, c.yy, c.yz, c.xz, c.yz, c.zz).inv();
    return {kFwhmPerSigma / std::sqrt(precision(0, 0)), kFwhmPerSigma / std::sqrt(precision(1, 1)),
            kFwhmPerSigma / std::sqrt(precision(2, 2))};
  }

  const FieldPlan& plan_;
  Random random_;
  BeadScene& scene_;
  std::shared_ptr<const OpticalShape> shape_;
  std::array<double, 3> typical_{};
  std::vector<Place> places_;
  PlannedField field_;
};

}  // namespace

std::array<double, 3> TypicalWidths(const FieldPlan& plan) {
  return plan.gaussian ? plan.fwhm_um : TruthOfBead(plan.optics, plan.bead_diameter_um).fwhm_um;
}

PlannedField PlanField(const FieldPlan& plan, std::uint64_t seed, BeadScene& scene) {
  return FieldMaker(plan, seed, scene).Make();
}

}  // namespace monitor::simulation
