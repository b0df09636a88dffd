// What a bead adds to the width, against simulated light of a point and of a ball.

#include "qc_metrics/psf_bead_size.h"

#include <gtest/gtest.h>

#include "tests/qc_metrics/bead_fields.h"
#include "tests/qc_metrics/optical_scenes.h"

namespace qc_metrics {
namespace {

namespace sim = monitor::simulation;

/// Report with one object a bead, corrected for balls of `diameter_um`.
Report CorrectedReport(const PsfField& field, const Optics& optics, double diameter_um) {
  PsfSettings settings = kFieldSettings;
  settings.optics = optics;
  settings.bead_diameter_um = diameter_um;
  Report report;
  report.objects.resize(field.beads.size());
  AddBeadCorrected(field, settings, 1, report);
  return report;
}

/// A bead that reads exactly what light of this optics and ball is.
PsfField FieldOf(const sim::ShapeTruth& truth) {
  PsfField field = EmptyField();
  Reading r;
  r.x_um = truth.fwhm_um[0];
  r.y_um = truth.fwhm_um[1];
  r.z_um = truth.fwhm_um[2];
  field.beads.push_back(BeadAt(256.0, 256.0, 30.0, r));
  return field;
}

struct Case {
  const char* name;
  sim::Optics light;
  Optics told;
};

std::vector<Case> Cases() {
  const Optics camera{Modality::kWidefield, 1.4, 1.515, 488.0, 520.0, std::nullopt};
  Optics confocal = camera;
  confocal.modality = Modality::kConfocal;
  confocal.pinhole_au = 1.0;
  std::vector<Case> out;
  out.push_back({"Born-Wolf", {}, camera});
  out.push_back({"spherical", {.aberrations = {.spherical = 0.05}}, camera});
  out.push_back({"astigmatism", {.aberrations = {.astigmatism_0 = 0.05}}, camera});
  out.push_back({"Gibson-Lanni", {.model = sim::OpticalModel::kGibsonLanni}, camera});
  out.push_back({"confocal", {.detection = sim::Detection::kConfocal}, confocal});
  confocal.pinhole_au = 0.0;
  out.push_back(
      {"point pinhole", {.detection = sim::Detection::kConfocal, .pinhole_au = 0.0}, confocal});
  return out;
}

TEST(PsfBeadSize, TheWidthOfAPointComesBackFromThatOfABall) {
  constexpr std::array<const char*, 3> kIds = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  for (const Case& one : Cases()) {
    const auto point = sim::TruthOfBead(one.light, 0.0);
    for (const double diameter : {0.10, 0.17}) {
      if (diameter > 0.85 * point.fwhm_um[0]) continue;  // the point pinhole's is .13 um
      const auto ball = sim::TruthOfBead(one.light, diameter);
      const Report report = CorrectedReport(FieldOf(ball), one.told, diameter);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto* q = FindQuantityOf(report.quantities, kIds[axis], "etalon.bead_corrected/1");
        ASSERT_NE(q, nullptr) << one.name;
        // The table's own error: .3 % lateral where the ball adds 11 %; axial, its scatter of .15.
        const double tolerance = axis == 2 ? 0.009 : 0.006;
        EXPECT_NEAR(q->value / point.fwhm_um[axis], 1.0, tolerance)
            << one.name << " " << diameter << " " << axis;
      }
    }
  }
}

TEST(PsfBeadSize, FactorsFollowTheLight) {
  Optics optics;
  const auto lateral = [&](double share) { return BallFactorOf(optics, share).lateral; };
  EXPECT_NEAR(lateral(0.5), 0.200 + 0.030 * 0.25 + 0.025 * 0.0625, 1e-12);  // unknown
  EXPECT_NEAR(BallFactorOf(optics, 0.5).u_lateral, 0.030, 1e-12);
  for (const auto modality : {Modality::kSpinningDisk, Modality::kOther}) {
    optics.modality = modality;
    EXPECT_EQ(lateral(0.0), 0.200);
  }
  for (const auto modality : {Modality::kWidefield, Modality::kLightSheet}) {
    optics.modality = modality;
    EXPECT_EQ(lateral(0.0), 0.199);
    EXPECT_EQ(BallFactorOf(optics, 0.0).u_lateral, 0.008);
  }
  optics.modality = Modality::kTwoPhoton;
  EXPECT_EQ(lateral(0.0), 0.238);
  optics.modality = Modality::kConfocal;
  EXPECT_EQ(lateral(0.0), 0.200);  // without its pinhole
  optics.pinhole_au = 0.0;
  EXPECT_NEAR(lateral(0.0), 0.238, 1e-12);
  optics.pinhole_au = 1.0;
  EXPECT_NEAR(lateral(0.0), 0.164, 1e-12);
  EXPECT_EQ(BallFactorOf(optics, 0.0).u_lateral, 0.015);
  optics.pinhole_au = 1.125;
  EXPECT_NEAR(lateral(0.0), 0.5 * (0.164 + 0.1745), 1e-12);
  optics.pinhole_au = 5.0;
  EXPECT_NEAR(lateral(0.0), 0.193, 1e-12);
  EXPECT_NEAR(BallFactorOf(optics, 0.5).axial, 0.33, 1e-12);
  EXPECT_NEAR(BallFactorOf(optics, 0.5).u_axial, 0.15, 1e-12);
  // Pinholes of the table against the light itself, at a small ball.
  for (const double pinhole : {0.5, 0.75, 1.25, 2.0}) {
    const sim::Optics light{.detection = sim::Detection::kConfocal, .pinhole_au = pinhole};
    const double width = sim::TruthOfBead(light, 0.0).fwhm_um[0];
    const double ball = 0.3 * width;
    const double blurred = sim::TruthOfBead(light, ball).fwhm_um[0];
    optics.pinhole_au = pinhole;
    EXPECT_NEAR(lateral(ball / blurred), (blurred * blurred - width * width) / (ball * ball), 0.004)
        << pinhole;
  }
}

TEST(PsfBeadSize, EntriesAreDerivedAndStandLast) {
  PsfField field = EmptyField();
  for (int i = 0; i < 9; ++i) {
    const auto at = GridPlace(field, 3, i);
    field.beads.push_back(BeadAt(at[0], at[1], 30.0));
  }
  field.beads.push_back(RejectedAt(50.0, 50.0, RejectReason::kLowR2));
  PsfSettings settings = kFieldSettings;
  settings.optics.modality = Modality::kWidefield;
  settings.bead_diameter_um = 0.1;
  const Report report = PsfReport(field, settings, 0);
  for (const char* id : {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z", "psf.fwhm.lateral"}) {
    const Quantity* last = nullptr;
    for (const Quantity& q : report.quantities) last = q.id == id ? &q : last;
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->definition, "etalon.bead_corrected/1");
    EXPECT_EQ(std::get<std::string>(last->of.at("derived_from")), "etalon.halfmax/1");
    EXPECT_EQ(last->n, 9);
    EXPECT_EQ(last->unit, "um");
    EXPECT_LT(last->value, FindQuantityOf(report.quantities, id, "etalon.halfmax/1")->value);
  }
  const auto* x = FindQuantityOf(report.quantities, "psf.fwhm.x", "etalon.bead_corrected/1");
  const double lateral = std::sqrt(0.212 * 0.235);
  const BallFactor k = BallFactorOf(settings.optics, 0.1 / lateral);
  EXPECT_NEAR(x->value, std::sqrt(0.212 * 0.212 - k.lateral * 0.01), 1e-12);
  // Of the median of nine beads, and half the factor's share.
  const double own = 1.2533 * 0.003 * 0.212 * 0.212 / x->value / 3.0;
  EXPECT_NEAR(x->u.value(), std::hypot(own, 0.5 * 0.008 * 0.01 / x->value), 1e-6);
  EXPECT_EQ(x->u_method, "propagated");
  const auto& object = report.objects[0].quantities;
  const auto* of_bead = FindQuantityOf(object, "psf.fwhm.z", "etalon.bead_corrected/1");
  ASSERT_NE(of_bead, nullptr);
  EXPECT_NEAR(of_bead->value, std::sqrt(0.706 * 0.706 - k.axial * 0.01), 1e-12);
  EXPECT_NEAR(
      of_bead->u.value(),
      std::hypot(0.003 * 0.706 * 0.706 / of_bead->value, 0.5 * 0.15 * 0.01 / of_bead->value), 1e-9);
  EXPECT_TRUE(report.objects[9].quantities.empty());
  settings.bead_diameter_um.reset();
  EXPECT_EQ(FindQuantityOf(PsfReport(field, settings, 0).quantities, "psf.fwhm.x",
                           "etalon.bead_corrected/1"),
            nullptr);
}

TEST(PsfBeadSize, ALargeBeadIsRefusedAndSaid) {
  const PsfField field = [] {
    PsfField out = EmptyField();
    Reading r;
    r.x_um = r.y_um = 0.2;
    out.beads.push_back(BeadAt(256.0, 256.0, 30.0, r));
    return out;
  }();
  Report report = CorrectedReport(field, {}, 0.179);
  EXPECT_EQ(report.quantities.size(), 4U);
  EXPECT_TRUE(report.findings.empty());
  report = CorrectedReport(field, {}, 0.181);
  EXPECT_TRUE(report.quantities.empty());
  EXPECT_TRUE(report.objects[0].quantities.empty());
  const Finding* finding = FindFinding(report, "bead_too_large");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kWarning);
  EXPECT_EQ(finding->channel, 1);
}

TEST(PsfBeadSize, AMeasuredFieldOfBallsGivesTheWidthOfAPoint) {
  const sim::Optics light;
  const double diameter = 0.17;
  const OpticalScene optical =
      OpticalField(LightOf(light, diameter), 14, 4000.0, 61, 200, /*spread=*/0.0);
  PsfSettings settings = SettingsOf(optical.scene);
  settings.optics = {Modality::kWidefield, 1.4, 1.515, 488.0, 520.0, std::nullopt};
  settings.bead_diameter_um = diameter;
  const Stack stack{RenderBeadStack(optical.scene)};
  const auto measured = MeasurePsf(stack, settings);
  ASSERT_TRUE(std::holds_alternative<PsfField>(measured));
  const Report report = PsfReport(std::get<PsfField>(measured), settings, 0);
  const auto point = sim::TruthOfBead(light, 0.0).fwhm_um;
  constexpr std::array<const char*, 3> kIds = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto* q = FindQuantityOf(report.quantities, kIds[axis], "etalon.bead_corrected/1");
    ASSERT_NE(q, nullptr);
    EXPECT_NEAR(q->value / point[axis], 1.0, 0.015) << axis;  // A10
    RecordProperty(std::string("error_percent_") + "xyz"[axis],
                   std::to_string(100.0 * (q->value / point[axis] - 1.0)));
  }
}

// What all beads share does not average down; a width's relative uncertainty grows by the square of
// the width over what is left of it.
TEST(PsfBeadSize, TheSharedUncertaintyDoesNotAverageDown) {
  PsfField field = EmptyField();
  for (int i = 0; i < 9; ++i) {
    const auto at = GridPlace(field, 3, i);
    field.beads.push_back(BeadAt(at[0], at[1], 30.0));
  }
  field.light.shared.fwhm = {0.002, 0.0, 0.0};
  Optics optics;
  optics.modality = Modality::kWidefield;
  const Report report = CorrectedReport(field, optics, 0.15);
  const auto* x = FindQuantityOf(report.quantities, "psf.fwhm.x", "etalon.bead_corrected/1");
  ASSERT_NE(x, nullptr);
  const double growth = 0.212 * 0.212 / (x->value * x->value);
  const double own = std::sqrt(0.003 * 0.003 - 0.002 * 0.002);
  const double by_factor = 0.5 * 0.008 * 0.15 * 0.15 / (x->value * x->value);
  EXPECT_NEAR(x->u.value() / x->value,
              std::hypot(1.2533 * own * growth / 3.0, 0.002 * growth, by_factor), 1e-6);
}

}  // namespace
}  // namespace qc_metrics
