#include "monitor/simulation/bead_field.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/simulation/optical_shape.h"
#include "monitor/simulation/scenario_beads.h"

namespace monitor::simulation {
namespace {

BeadScene Empty() { return {300, 240, 30, {0.065, 0.065, 0.2}}; }

FieldPlan Gaussian() {
  FieldPlan plan;
  plan.fwhm_um = {0.2, 0.25, 0.7};
  plan.singles = 8;
  return plan;
}

/// Where a bead is in the field: 0 in the centre, 1 in the corners.
double RadiusOf(const BeadScene& scene, std::size_t bead) {
  const auto& at = scene.beads[bead].centre_px;
  return std::hypot(at[0] / (scene.columns - 1) - 0.5, at[1] / (scene.rows - 1) - 0.5) *
         std::sqrt(2.0);
}

TEST(BeadField, WidthGrowsWithTheSquaredRadius) {
  FieldPlan plan = Gaussian();
  plan.field_width = 0.3;
  BeadScene scene = Empty();
  const PlannedField field = PlanField(plan, 4, scene);
  ASSERT_EQ(field.fwhm_um.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    const double grown = 1.0 + 0.3 * std::pow(RadiusOf(scene, i), 2);
    EXPECT_NEAR(field.fwhm_um[i][0], 0.2 * grown, 1e-9);
    EXPECT_NEAR(field.fwhm_um[i][1], 0.25 * grown, 1e-9);
    EXPECT_NEAR(field.fwhm_um[i][2], 0.7, 1e-9);
  }
}

TEST(BeadField, ComaPointsOutwardsAndGrowsWithTheRadius) {
  FieldPlan plan;
  plan.gaussian = false;
  plan.singles = 1;
  plan.field_coma = 0.1;
  BeadScene scene = Empty();
  (void)PlanField(plan, 2, scene);
  const SimulatedBead& bead = scene.beads[0];
  const double x = bead.centre_px[0] / (scene.columns - 1) - 0.5;
  const double y = bead.centre_px[1] / (scene.rows - 1) - 0.5;
  Optics expected = plan.optics;
  expected.aberrations.coma_x = 0.1 * x * std::sqrt(2.0);
  expected.aberrations.coma_y = 0.1 * y * std::sqrt(2.0);
  const ShapeTruth truth = TruthOfBead(expected, plan.bead_diameter_um);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(bead.shape->Truth().fwhm_um[axis], truth.fwhm_um[axis], 1e-9) << axis;
  }
}

TEST(BeadField, ChannelsOfOneRoomHaveTheSamePlaces) {
  FieldPlan narrow = Gaussian(), wide = Gaussian();
  wide.fwhm_um = {0.3, 0.3, 1.0};
  wide.width_spread = narrow.width_spread = 0.02;
  narrow.room_um = wide.room_um = wide.fwhm_um;
  BeadScene first = Empty(), second = Empty();
  (void)PlanField(narrow, 9, first);
  (void)PlanField(wide, 9, second);
  for (std::size_t i = 0; i < first.beads.size(); ++i) {
    EXPECT_EQ(first.beads[i].centre_px, second.beads[i].centre_px);
    EXPECT_EQ(first.beads[i].peak_e, second.beads[i].peak_e);
  }
}

TEST(BeadField, TruthOfALeaningBeadIsTheProfileThroughItsMaximum) {
  FieldPlan plan = Gaussian();
  plan.singles = 1;
  plan.tilt_deg = 20.0;
  BeadScene scene = Empty();
  const PlannedField field = PlanField(plan, 1, scene);
  // A lean from z towards x: 1 / w^2 along x is the sum over the own axes of cos^2 / w_i^2.
  const double c = std::cos(20.0 * CV_PI / 180.0), s = std::sin(20.0 * CV_PI / 180.0);
  EXPECT_NEAR(field.fwhm_um[0][0], 1.0 / std::sqrt(c * c / 0.04 + s * s / 0.49), 1e-9);
  EXPECT_NEAR(field.fwhm_um[0][1], 0.25, 1e-9);
  EXPECT_NEAR(field.fwhm_um[0][2], 1.0 / std::sqrt(s * s / 0.04 + c * c / 0.49), 1e-9);
}

TEST(ChannelTransforms, AreMultiplied) {
  const ChannelTransform one{.shift_um = {0.1, -0.2, 0.3},
                             .magnification = 1.01,
                             .rotation_deg = 0.5,
                             .shear_deg = 0.1,
                             .tilt = {0.01, 0.02},
                             .cubic = 1e-6};
  const ChannelTransform two = Times(one, 2);
  EXPECT_DOUBLE_EQ(two.shift_um[2], 0.6);
  EXPECT_DOUBLE_EQ(two.magnification, 1.0201);
  EXPECT_DOUBLE_EQ(two.rotation_deg, 1.0);
  EXPECT_DOUBLE_EQ(two.shear_deg, 0.2);
  EXPECT_DOUBLE_EQ(two.tilt[1], 0.04);
  EXPECT_DOUBLE_EQ(two.cubic, 2e-6);
  EXPECT_DOUBLE_EQ(Times(one, 0).magnification, 1.0);
}

}  // namespace
}  // namespace monitor::simulation
