// Fields as they are: few beads, many beads, faint ones, a PSF that changes over the field, a noisy
// confocal, beads at the ends of the stack.

#include <gtest/gtest.h>

#include <map>

#include "qc_metrics/psf.h"
#include "tests/qc_metrics/bead_fields.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;
using monitor::simulation::EllipsoidCovariance;

PsfField Measure(const BeadScene& scene, const PsfSettings& settings) {
  const Stack stack{RenderBeadStack(scene)};
  auto measured = MeasurePsf(stack, settings);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    ADD_FAILURE() << "unexpected fault " << Name(*fault);
    return {};
  }
  return std::get<PsfField>(std::move(measured));
}

/// How many candidates ended how.
std::map<std::string, int> Ends(const PsfField& field) {
  std::map<std::string, int> out;
  for (const PsfBead& bead : field.beads) {
    ++out[bead.rejected ? std::string(Name(*bead.rejected)) : "kept"];
  }
  return out;
}

const PsfBead* BeadNear(const PsfField& field, const std::array<double, 3>& place) {
  const PsfBead* best = nullptr;
  for (const PsfBead& bead : field.beads) {
    const double d = std::hypot(bead.position_px[0] - place[0], bead.position_px[1] - place[1]);
    if (d < 3.0) best = &bead;
  }
  return best;
}

TEST(PsfScenes, FiveBeadsAreMeasuredAndSaidNotToRepresentTheField) {
  const BeadScene scene = FieldScene(5, 2000.0, 101);
  const PsfField field = Measure(scene, SettingsOf(scene));
  EXPECT_EQ(field.Kept(), 5);
  const Report report = PsfReport(field, SettingsOf(scene), 0);
  ASSERT_NE(FindFinding(report, "not_representative"), nullptr);
  const auto* x = FindQuantityOf(report.quantities, "psf.fwhm.x");
  EXPECT_EQ(x->n, 5);
  EXPECT_NEAR(x->value, kFwhmUm[0], 4.0 * x->u.value());
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.planarity.tilt.x"), nullptr);
}

TEST(PsfScenes, FiveHundredBeadsAreAllFoundAndKept) {
  BeadScene scene{720, 720, 24, kVoxelUm};
  scene.seed = 102;
  monitor::simulation::Random random(1102);
  for (const auto& centre : ScatterCentres(scene, 500, 23.0, 12.0, 10.0, random)) {
    scene.beads.push_back({centre, EllipsoidCovariance(kFwhmUm), 2000.0});
  }
  ASSERT_EQ(scene.beads.size(), 500U);
  const PsfField field = Measure(scene, SettingsOf(scene));
  EXPECT_GE(field.Kept(), 499);
  EXPECT_LE(field.beads.size(), 500U);
  const Report report = PsfReport(field, SettingsOf(scene), 0);
  EXPECT_EQ(FindFinding(report, "not_representative"), nullptr);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto* q =
        FindQuantityOf(report.quantities,
                       std::array<const char*, 3>{"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"}[axis]);
    EXPECT_NEAR(q->value / kFwhmUm[axis], 1.0, 0.001);  // .3 % / sqrt(500) = .015 %
  }
  // The worst of nine medians of 55 alike beads is the field's, within four of its u.
  const auto* worst = FindQuantityOf(report.quantities, "psf.fwhm.worst_zone.z");
  ASSERT_NE(worst, nullptr);
  EXPECT_NEAR(worst->value, kFwhmUm[2], 4.0 * worst->u.value());
}

TEST(PsfScenes, FaintBeadsAreKept) {
  const BeadScene scene = FieldScene(40, 200.0, 103);
  const PsfField field = Measure(scene, SettingsOf(scene));
  EXPECT_EQ(field.Kept(), 40);
}

TEST(PsfScenes, APsfThatChangesOverTheFieldIsMappedAndItsBeadsAreKept) {
  BeadScene scene = FieldScene(60, 3000.0, 104, {0.005, 0.0, 0.0});
  double corner = 0.0;
  for (auto& bead : scene.beads) {
    const double x = bead.centre_px[0] / (scene.columns - 1) - 0.5;
    const double y = bead.centre_px[1] / (scene.rows - 1) - 0.5;
    const double r2 = 2.0 * (x * x + y * y);
    corner = std::max(corner, r2);
    bead.covariance_um2 = EllipsoidCovariance(
        {0.212 * (1.0 + 0.4 * r2), 0.235 * (1.0 + 0.4 * r2), 0.706 * (1.0 + 0.1 * x)});
    bead.centre_px[2] = 20.0 + 6.0 * x - 3.0 * y;
  }
  const PsfSettings settings = SettingsOf(scene);
  const PsfField field = Measure(scene, settings);
  EXPECT_EQ(field.Kept(), 60);
  const Report report = PsfReport(field, settings, 0);
  const auto expect = [&](const char* id, double truth, double largest_u) {
    const auto* q = FindQuantityOf(report.quantities, id);
    ASSERT_NE(q, nullptr) << id;
    EXPECT_NEAR(q->value, truth, 4.0 * q->u.value()) << id;
    EXPECT_LT(q->u.value(), largest_u) << id;
  };
  expect("psf.field.lateral.bowl", 0.4, 0.01);
  expect("psf.field.lateral.tilt.x", 0.0, 0.01);
  expect("psf.field.axial.tilt.x", 0.1, 0.01);
  // The field is 320 px wide, 319 of them from the first centre to the last.
  expect("psf.planarity.tilt.x", 6.0 * 0.2 * 320.0 / 319.0, 0.01);
  expect("psf.planarity.tilt.y", -3.0 * 0.2 * 320.0 / 319.0, 0.01);
  EXPECT_GT(FindQuantityOf(report.quantities, "psf.fwhm.worst_zone.lateral")->value,
            1.05 * FindQuantityOf(report.quantities, "psf.fwhm.lateral")->value);
}

TEST(PsfScenes, ANoisyConfocalStackIsMeasuredFromItsOwnNoise) {
  BeadScene scene = FieldScene(30, 120.0, 105);
  scene.pixel_area = monitor::simulation::PixelArea::kDwellAlongX;
  scene.background_e = 2.0;
  scene.camera.gain_e_per_adu = 0.05;  // many counts for a photon
  scene.camera.read_noise_e = 0.3;
  PsfSettings settings{kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]};
  settings.optics = {Modality::kConfocal, 1.4, 1.515, 488.0, 525.0, 1.0};
  const PsfField field = Measure(scene, settings);
  EXPECT_GE(field.Kept(), 29);
  EXPECT_TRUE(field.noise.estimated);
  const Report report = PsfReport(field, settings, 0);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto* q =
        FindQuantityOf(report.quantities,
                       std::array<const char*, 3>{"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"}[axis]);
    EXPECT_NEAR(q->value, kFwhmUm[axis], 4.0 * q->u.value()) << axis;
  }
}

TEST(PsfScenes, BeadsAtTheEndsOfTheStackAreAtTheZEdge) {
  BeadScene scene = FieldScene(16, 2000.0, 106, {0.0, 0.0, 0.0});
  const double width = kFwhmUm[2] / kVoxelUm[2];  // 3.53 slices
  const std::array<double, 4> inside = {1.25 * width, 39.0 - 1.25 * width, 8.0, 30.0};
  const std::array<double, 6> outside = {0.0,  0.6 * width,        0.85 * width,
                                         39.0, 39.0 - 0.6 * width, 39.0 - 0.85 * width};
  for (std::size_t i = 0; i < 4; ++i) scene.beads[i].centre_px[2] = inside[i];
  for (std::size_t i = 0; i < 6; ++i) scene.beads[4 + i].centre_px[2] = outside[i];
  const PsfField field = Measure(scene, SettingsOf(scene));
  for (std::size_t i = 0; i < 10; ++i) {
    const PsfBead* bead = BeadNear(field, scene.beads[i].centre_px);
    ASSERT_NE(bead, nullptr) << i;
    EXPECT_EQ(bead->rejected.has_value(), i >= 4) << i;
    if (bead->rejected) {
      EXPECT_EQ(Name(*bead->rejected), "z_edge") << i;
    }
  }
  EXPECT_EQ(Ends(field)["kept"], 10);
}

}  // namespace
}  // namespace qc_metrics
