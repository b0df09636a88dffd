// Hard fields: beads too dim, clumps, and a lens whose light changes over the field.

#include <gtest/gtest.h>

#include "qc_metrics/psf.h"
#include "tests/qc_metrics/bead_fields.h"
#include "tests/qc_metrics/optical_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;
using monitor::simulation::EllipsoidCovariance;

PsfField Measure(const BeadScene& scene) {
  auto measured = MeasurePsf({RenderBeadStack(scene)}, SettingsOf(scene));
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    ADD_FAILURE() << "unexpected fault " << Name(*fault);
    return {};
  }
  return std::get<PsfField>(std::move(measured));
}

std::string ReasonAt(const PsfField& field, const std::array<double, 3>& place) {
  for (const PsfBead& bead : field.beads) {
    if (std::hypot(bead.position_px[0] - place[0], bead.position_px[1] - place[1]) < 3.0) {
      return bead.rejected ? std::string(Name(*bead.rejected)) : "kept";
    }
  }
  return "none";
}

/// Background 20 electrons, read noise 1.6: one SD is 4.75, the gate at 10 of it 47 electrons.
TEST(PsfHardScenes, DimBeadsAreOfLowSnrAndCostNoOther) {
  BeadScene scene = FieldScene(30, 500.0, 301);
  for (std::size_t i = 0; i < 8; ++i) scene.beads[i].peak_e = 36.0;
  const PsfField field = Measure(scene);
  int low = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::string reason = ReasonAt(field, scene.beads[i].centre_px);
    EXPECT_TRUE(reason == "low_snr" || reason == "none") << reason;
    low += reason == "low_snr" ? 1 : 0;
  }
  EXPECT_GE(low, 4);  // the rest do not stand out of the projection
  EXPECT_EQ(field.Kept(), 22);
}

TEST(PsfHardScenes, AClumpIsTooLarge) {
  BeadScene scene = FieldScene(30, 2000.0, 302);
  for (std::size_t i = 0; i < 2; ++i) {
    scene.beads[i].covariance_um2 = EllipsoidCovariance({0.62, 0.65, 0.75});
    scene.beads[i].centre_px[2] = 20.0;
  }
  const PsfField field = Measure(scene);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(ReasonAt(field, scene.beads[i].centre_px), "too_large");
  }
  EXPECT_GE(field.Kept(), 26);  // a neighbour may lie in a clump's light
}

/// Coma of .04 waves in the right half, none in the left: one shape for all of them is wrong for
/// each by a little, but the bad side must not vanish by rejection.
TEST(PsfHardScenes, AFieldWhoseLightChangesKeepsItsBadSide) {
  monitor::simulation::Optics comatic;
  comatic.aberrations.coma_x = 0.04;
  const auto bad = LightOf(comatic);
  OpticalScene optical = OpticalField(LightOf({}), 24, 2000.0, 303, 260);
  int right = 0;
  for (std::size_t i = 0; i < optical.scene.beads.size(); ++i) {
    auto& bead = optical.scene.beads[i];
    if (bead.centre_px[0] < 130.0) continue;
    ++right;
    bead.shape = bad;
    const auto& truth = bad->Truth().fwhm_um;
    optical.fwhm_um[i] = {truth[0] * bead.lateral_scale, truth[1] * bead.lateral_scale,
                          truth[2] * bead.axial_scale};
  }
  ASSERT_GT(right, 6);
  const PsfField field = Measure(optical.scene);
  std::array<ErrorSums, 3> errors;
  int kept_right = 0;
  for (std::size_t i = 0; i < optical.scene.beads.size(); ++i) {
    const auto& centre = optical.scene.beads[i].centre_px;
    for (const PsfBead& bead : field.beads) {
      if (bead.rejected ||
          std::hypot(bead.position_px[0] - centre[0], bead.position_px[1] - centre[1]) > 4.0) {
        continue;
      }
      kept_right += centre[0] < 130.0 ? 0 : 1;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        errors[axis].Add(bead.halfmax->fwhm_um[axis], optical.fwhm_um[i][axis]);
      }
    }
  }
  EXPECT_GE(kept_right, right - 2);  // two on the line may look odd among the good ones
  EXPECT_GE(errors[0].n, 21);
  for (const ErrorSums& axis : errors) {
    // One shape for two lights: .6 .5 1.2 % were seen, of which noise is .5.
    EXPECT_LT(axis.Rms(), 0.02);
    EXPECT_LT(axis.Pull(), 1.5);
  }
}

}  // namespace
}  // namespace qc_metrics
