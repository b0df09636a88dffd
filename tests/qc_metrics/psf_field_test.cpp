// Zones, maps, planarity and outliers of fields whose beads are made up, so that every number is
// known.

#include <gtest/gtest.h>

#include <numbers>

#include "monitor/simulation/random.h"
#include "qc_metrics/psf_field_fit.h"
#include "qc_metrics/psf_field_map.h"
#include "qc_metrics/psf_outliers.h"
#include "qc_metrics/psf_summary.h"
#include "qc_metrics/psf_zones.h"
#include "tests/qc_metrics/bead_fields.h"

namespace qc_metrics {
namespace {

TEST(PsfZones, AreThirdsOfTheField) {
  const PsfField field = EmptyField(512, 300);
  EXPECT_EQ(ZoneOf(field, 0.0, 0.0), 0U);
  EXPECT_EQ(ZoneOf(field, 170.16, 0.0), 0U);  // 512 / 3 = 170.667, pixel centres on integers
  EXPECT_EQ(ZoneOf(field, 170.17, 0.0), 1U);
  EXPECT_EQ(ZoneOf(field, 340.9, 0.0), 2U);
  EXPECT_EQ(ZoneOf(field, 0.0, 99.4), 0U);
  EXPECT_EQ(ZoneOf(field, 0.0, 99.6), 3U);
  EXPECT_EQ(ZoneOf(field, 0.0, 199.6), 6U);
  EXPECT_EQ(ZoneOf(field, 256.0, 150.0), 4U);
  EXPECT_EQ(ZoneOf(field, -3.0, -3.0), 0U);
  EXPECT_EQ(ZoneOf(field, 600.0, 400.0), 8U);
  EXPECT_EQ(kZoneNames[2], "top_right");
  EXPECT_EQ(kZoneNames[6], "bottom_left");
}

/// 36 beads on a grid, four in each zone, those of the bottom right 10 % wider.
PsfField ZonedField() {
  PsfField field = EmptyField();
  for (int i = 0; i < 36; ++i) {
    const auto at = GridPlace(field, 6, i);
    Reading r;
    const double wider = ZoneOf(field, at[0], at[1]) == 8 ? 1.1 : 1.0;
    r.x_um *= wider;
    r.y_um *= wider;
    r.z_um *= wider;
    field.beads.push_back(BeadAt(at[0], at[1], 30.0, r));
  }
  return field;
}

TEST(PsfZones, EachZoneHasItsMedianAndTheWorstStandsAlone) {
  PsfField field = ZonedField();
  PsfSettings settings = kFieldSettings;
  settings.optics = {Modality::kWidefield, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  Report report;
  AddZones(field, settings, 3, report);
  const auto* zone = FindQuantityOf(report.quantities, "psf.fwhm.zone.z", {}, "bottom_right");
  ASSERT_NE(zone, nullptr);
  EXPECT_EQ(zone->definition, "etalon.halfmax/1");
  EXPECT_NEAR(zone->value, 1.1 * 0.706, 1e-12);
  EXPECT_EQ(zone->n, 4);
  EXPECT_EQ(zone->channel, 3);
  EXPECT_EQ(zone->unit, "um");
  EXPECT_NEAR(zone->u.value(), 1.2533 * 0.003 * zone->value / 2.0, 1e-6);
  EXPECT_NEAR(FindQuantityOf(report.quantities, "psf.fwhm.zone.z", {}, "left")->value, 0.706,
              1e-12);
  const auto count = [&](const std::string& id) {
    return std::count_if(report.quantities.begin(), report.quantities.end(),
                         [&](const Quantity& q) { return q.id == id; });
  };
  for (const char* axis : {"x", "y", "z", "lateral"}) {
    EXPECT_EQ(count(std::string("psf.fwhm.zone.") + axis), 9);
    EXPECT_EQ(count(std::string("psf.fwhm.worst_zone.") + axis), 3);
  }
  const auto value = [&](const char* id, const char* definition) {
    return FindQuantityOf(report.quantities, id, definition)->value;
  };
  EXPECT_NEAR(value("psf.fwhm.worst_zone.x", "etalon.halfmax/1"), 1.1 * 0.212, 1e-12);
  EXPECT_NEAR(value("psf.fwhm.worst_zone.y", "etalon.gauss3d/1"), 1.01 * 1.1 * 0.235, 1e-12);
  EXPECT_NEAR(value("psf.fwhm.worst_zone.z", "metroloj_qc.fwhm1d/1"), 1.02 * 1.1 * 0.706, 1e-12);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.fwhm.worst_zone.x")->definition,
            "etalon.halfmax/1");
  EXPECT_TRUE(FindQuantityOf(report.quantities, "psf.fwhm.worst_zone.x")->of.empty());
  const auto* ratio = FindQuantityOf(report.quantities, "psf.fwhm_ratio.worst_zone.lateral",
                                     "metroloj_qc.fwhm1d/1", "metroloj_qc.widefield");
  ASSERT_NE(ratio, nullptr);
  EXPECT_NEAR(ratio->value, 1.02 * 1.1 * std::sqrt(0.212 * 0.235) / (0.51 * 0.525 / 1.4), 1e-9);
  EXPECT_EQ(ratio->unit, "1");
  const auto* axial = FindQuantityOf(report.quantities, "psf.fwhm_ratio.worst_zone.axial",
                                     "etalon.halfmax/1", "metroloj_qc.widefield");
  ASSERT_NE(axial, nullptr);
  EXPECT_NEAR(axial->value, 1.1 * 0.706 / (1.77 * 1.515 * 0.525 / 1.96), 1e-9);
  EXPECT_NEAR(axial->u.value() / axial->value, zone->u.value() / zone->value, 1e-12);
}

TEST(PsfZones, TheSharedUncertaintyDoesNotAverageDown) {
  PsfField field = ZonedField();
  field.light.shared.fwhm = {0.0, 0.0, 0.002};
  Report report;
  AddZones(field, kFieldSettings, 0, report);
  const auto* zone = FindQuantityOf(report.quantities, "psf.fwhm.zone.z", {}, "left");
  const double own = std::sqrt(0.003 * 0.003 - 0.002 * 0.002);
  EXPECT_NEAR(zone->u.value() / zone->value, std::hypot(1.2533 * own / 2.0, 0.002), 1e-6);
}

TEST(PsfZones, OneZoneOrASingleBeadHasNone) {
  PsfField field = EmptyField();
  for (int i = 0; i < 6; ++i) field.beads.push_back(BeadAt(20.0 + 10.0 * i, 40.0, 30.0));
  Report report;
  AddZones(field, kFieldSettings, 0, report);
  EXPECT_TRUE(report.quantities.empty());
  field.beads.push_back(BeadAt(400.0, 400.0, 30.0));
  AddZones(field, kFieldSettings, 0, report);
  EXPECT_FALSE(report.quantities.empty());
  PsfSettings bead = kFieldSettings;
  bead.scope = PsfScope::kBead;
  report = {};
  AddZones(field, bead, 0, report);
  EXPECT_TRUE(report.quantities.empty());
}

/// Kept beads in the first `zones` zones, `kept` of them in all, and rejected ones.
bool IsRepresentative(int zones, int kept, int rejected, RejectReason reason) {
  PsfField field = EmptyField();
  for (int i = 0; i < kept; ++i) {
    const auto at = GridPlace(field, 3, i % zones);
    field.beads.push_back(BeadAt(at[0] + 0.1 * i, at[1], 30.0));
  }
  for (int i = 0; i < rejected; ++i) field.beads.push_back(RejectedAt(100.0, 100.0, reason));
  const auto findings = PsfFindings(field, kFieldSettings, 0);
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& f) { return f.code == "not_representative"; });
}

TEST(PsfRepresentative, NeedsSevenZonesAndSixtyPercentOfTheIsolatedBeads) {
  EXPECT_TRUE(IsRepresentative(7, 12, 8, RejectReason::kLowR2));  // 12 of 20
  EXPECT_FALSE(IsRepresentative(6, 12, 0, RejectReason::kLowR2));
  EXPECT_FALSE(IsRepresentative(9, 12, 9, RejectReason::kLowR2));
  // What counts against the instrument, and what only says that a bead does not lie alone.
  for (const auto reason : {RejectReason::kFitFailed, RejectReason::kLowSnr,
                            RejectReason::kTooLarge, RejectReason::kSaturated}) {
    EXPECT_FALSE(IsRepresentative(9, 12, 9, reason)) << Name(reason);
  }
  for (const auto reason : {RejectReason::kEdge, RejectReason::kZEdge, RejectReason::kTooClose,
                            RejectReason::kDoublet, RejectReason::kHotPixel}) {
    EXPECT_TRUE(IsRepresentative(9, 12, 30, reason)) << Name(reason);
  }
}

std::vector<FieldPoint> Surface(int side, double tilt_x, double tilt_y, double bowl) {
  std::vector<FieldPoint> points;
  for (int i = 0; i < side * side; ++i) {
    const double x = (i % side + 0.5) / side - 0.5;
    const double y = (i / side + 0.5) / side - 0.5;
    points.push_back({x, y, 2.0 + tilt_x * x + tilt_y * y + bowl * 2.0 * (x * x + y * y)});
  }
  return points;
}

TEST(PsfFieldFit, RecoversTiltsAndBowlExactly) {
  const auto fit = FitField(Surface(5, 0.3, -0.2, 0.1));
  ASSERT_TRUE(fit.has_value());
  EXPECT_EQ(fit->fitted_terms, 4);
  EXPECT_EQ(fit->points, 25);
  const std::array<double, 4> truth = {2.0, 0.3, -0.2, 0.1};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(fit->terms[i], truth[i], 1e-9);
  EXPECT_NEAR(fit->At(0.5, 0.5), 2.0 + 0.15 - 0.1 + 0.1, 1e-9);  // the bowl is 1 in a corner
  EXPECT_NEAR(fit->At(-0.5, 0.0), 2.0 - 0.15 + 0.05, 1e-9);
}

TEST(PsfFieldFit, FewOrAlignedPointsHaveNoTilt) {
  auto points = Surface(4, 0.3, 0.0, 0.0);  // 16 points
  EXPECT_EQ(FitField(points)->fitted_terms, 4);
  std::swap(points[3], points[12]);  // the first eleven still span the field
  points.resize(12);
  EXPECT_EQ(FitField(points)->fitted_terms, 4);
  points.resize(11);
  EXPECT_EQ(FitField(points)->fitted_terms, 3);
  EXPECT_EQ(FitField(points)->u[3], 0.0);
  points.resize(6);
  EXPECT_TRUE(FitField(points).has_value());
  points.resize(5);
  EXPECT_FALSE(FitField(points).has_value());
  for (const double narrow : {0.07, 0.09}) {  // SD across the diagonal
    std::vector<FieldPoint> line;
    for (int i = 0; i < 20; ++i) {
      const double along = i / 19.0 - 0.5;
      const double across = (i % 2 == 0 ? narrow : -narrow) / std::sqrt(2.0);
      line.push_back({along + across, along - across, 1.0});
    }
    EXPECT_EQ(FitField(line).has_value(), narrow > 0.08) << narrow;
  }
}

TEST(PsfFieldFit, ABeadOfDirtDoesNotTiltTheField) {
  auto points = Surface(6, 0.0, 0.0, 0.0);
  monitor::simulation::Random random(3);
  for (FieldPoint& p : points) p.value += 0.01 * random.Normal();
  points[35].value += 1.0;  // a corner: least squares would tilt by .2
  const auto fit = FitField(points);
  ASSERT_TRUE(fit.has_value());
  EXPECT_LT(std::abs(fit->terms[1]), 4.0 * fit->u[1]);
  EXPECT_LT(std::abs(fit->terms[2]), 4.0 * fit->u[2]);
  EXPECT_LT(fit->u[1], 0.012);  // .01 / (6 sqrt(.081)) = .0059 without dirt
  EXPECT_NEAR(fit->residual_sd, 0.01, 0.004);
}

/// SDs of pulls of the four terms over random fields of n beads.
std::array<double, 4> PullsOf(int beads, int fields) {
  monitor::simulation::Random random(11);
  std::array<double, 4> squares{};
  for (int k = 0; k < fields; ++k) {
    std::vector<FieldPoint> points;
    for (int i = 0; i < beads; ++i) {
      const double x = random.Uniform(-0.5, 0.5);
      const double y = random.Uniform(-0.5, 0.5);
      const double truth = 2.0 + 0.3 * x - 0.2 * y + 0.1 * 2.0 * (x * x + y * y);
      points.push_back({x, y, truth + 0.05 * random.Normal()});
    }
    const auto fit = FitField(points);
    const std::array<double, 4> truth = {2.0, 0.3, -0.2, 0.1};
    for (std::size_t i = 0; fit && i < 4; ++i) {
      squares[i] += std::pow((fit->terms[i] - truth[i]) / fit->u[i], 2) / fields;
    }
  }
  for (double& s : squares) s = std::sqrt(s);
  return squares;
}

TEST(PsfFieldFit, UncertaintiesAreTrue) {
  // The SD of 600 pulls scatters by 3 %.
  for (const double pull : PullsOf(40, 600)) {
    EXPECT_GT(pull, 0.9);
    EXPECT_LT(pull, 1.1);
  }
  for (const int beads : {12, 15, 20}) {
    for (const double pull : PullsOf(beads, 600)) {
      EXPECT_GT(pull, 0.85) << beads;
      EXPECT_LT(pull, 1.18) << beads;
    }
  }
  // The fewest that tell a bowl, all four terms together: known to 1 %, and 4 % small.
  double squares = 0.0;
  for (const double pull : PullsOf(12, 8000)) squares += pull * pull / 4.0;
  EXPECT_NEAR(std::sqrt(squares), 1.04, 0.03);
}

/// 25 beads whose lateral width grows to the right, whose axial width grows downwards and whose
/// focus lies on a tilted bowl.
PsfField MappedField() {
  PsfField field = EmptyField(500, 250);
  for (int i = 0; i < 25; ++i) {
    const auto at = GridPlace(field, 5, i);
    const double x = (at[0] - 249.5) / 500.0;
    const double y = (at[1] - 124.5) / 250.0;
    Reading r;
    r.x_um *= 1.0 + 0.1 * x;
    r.y_um *= 1.0 + 0.1 * x;
    r.z_um *= 1.0 - 0.2 * y;
    r.asymmetry *= 1.0 + 0.02 * 2.0 * (x * x + y * y);
    const double z_um = 6.0 + 0.4 * x - 0.3 * y + 0.1 * 2.0 * (x * x + y * y);
    field.beads.push_back(BeadAt(at[0], at[1], z_um / 0.2, r));
  }
  field.beads.push_back(RejectedAt(100.0, 100.0, RejectReason::kLowR2));
  return field;
}

TEST(PsfFieldMap, SaysHowTheFieldChanges) {
  Report report;
  AddFieldMaps(MappedField(), kFieldSettings, 1, report);
  const auto value = [&](const char* id) {
    const auto* q = FindQuantityOf(report.quantities, id);
    if (q == nullptr) {
      ADD_FAILURE() << id;
      return 0.0;
    }
    EXPECT_EQ(q->definition, "etalon.field_plane/1");
    EXPECT_EQ(q->n, 25);
    EXPECT_EQ(q->channel, 1);
    return q->value;
  };
  EXPECT_NEAR(value("psf.field.lateral.tilt.x"), 0.1, 1e-9);
  EXPECT_NEAR(value("psf.field.lateral.tilt.y"), 0.0, 1e-9);
  EXPECT_NEAR(value("psf.field.axial.tilt.y"), -0.2, 1e-9);
  EXPECT_NEAR(value("psf.field.axial.bowl"), 0.0, 1e-9);
  EXPECT_NEAR(value("psf.field.asymmetry.bowl"), 0.02, 1e-9);
  EXPECT_NEAR(value("psf.planarity.tilt.x"), 0.4, 1e-9);
  EXPECT_NEAR(value("psf.planarity.tilt.y"), -0.3, 1e-9);
  EXPECT_NEAR(value("psf.planarity.bowl"), 0.1, 1e-9);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.planarity.bowl")->unit, "um");
  const double slope = std::hypot(0.4 / (500 * 0.065), 0.3 / (250 * 0.065));
  EXPECT_NEAR(value("psf.planarity.angle"), std::atan(slope) * 180.0 / std::numbers::pi, 1e-9);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.planarity.angle")->unit, "deg");
  PsfSettings bead = kFieldSettings;
  bead.scope = PsfScope::kBead;
  report = {};
  AddFieldMaps(MappedField(), bead, 1, report);
  EXPECT_TRUE(report.quantities.empty());
}

TEST(PsfFieldMap, FocusIsTheMaximumOfTheLightWhereAShapeWasLearned) {
  PsfField field = MappedField();
  for (PsfBead& bead : field.beads) {
    if (!bead.halfmax) continue;
    bead.halfmax->source = HalfmaxSource::kPooledShape;
    bead.halfmax->maximum_px = {0.0, 0.0, 10.0};
  }
  const auto maps = FieldMaps(field, kFieldSettings);
  ASSERT_EQ(maps.size(), 4U);
  EXPECT_EQ(maps[3].name, "focus");
  EXPECT_NEAR(maps[3].fit.terms[0], 2.0, 1e-9);
  EXPECT_EQ(maps[0].definition, "etalon.halfmax/1");
  EXPECT_EQ(maps[2].unit, "1");
}

TEST(PsfFieldMap, TheAngleHasTheUncertaintyOfItsSteepestSlope) {
  PsfField field = MappedField();
  monitor::simulation::Random random(5);
  for (PsfBead& bead : field.beads) bead.position_px[2] += 0.2 * random.Normal();
  Report report;
  AddFieldMaps(field, kFieldSettings, 0, report);
  const auto u = [&](const char* id) { return FindQuantityOf(report.quantities, id)->u.value(); };
  const double sx = FindQuantityOf(report.quantities, "psf.planarity.tilt.x")->value / 32.5;
  const double sy = FindQuantityOf(report.quantities, "psf.planarity.tilt.y")->value / 16.25;
  const double along =
      std::hypot(sx * u("psf.planarity.tilt.x") / 32.5, sy * u("psf.planarity.tilt.y") / 16.25) /
      std::hypot(sx, sy);
  // On a grid the two tilts are independent.
  EXPECT_NEAR(u("psf.planarity.angle"), along * 180.0 / std::numbers::pi, 1e-3 * along * 57.3);
  EXPECT_GT(u("psf.planarity.tilt.x"), 0.01);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.planarity.tilt.x")->u_method, "fit_residuals");
}

// Beads about one diagonal tie the two tilts together: the law of propagation, by differences.
TEST(PsfFieldMap, TheAnglesUncertaintyKnowsThatTheTiltsAreTied) {
  PsfField field = MappedField();
  monitor::simulation::Random random(6);
  for (PsfBead& bead : field.beads) {
    bead.position_px[2] += 0.2 * random.Normal();
    const double off = bead.position_px[0] / field.columns - bead.position_px[1] / field.rows;
    if (std::abs(off) > 0.45) bead.rejected = RejectReason::kEdge;
  }
  const FieldFit fit = FieldMaps(field, kFieldSettings).back().fit;
  ASSERT_GT(std::abs(fit.covariance_xy), 0.2 * fit.u[1] * fit.u[2]);
  const auto angle = [](double x, double y) {
    return std::atan(std::hypot(x / 32.5, y / 16.25)) * 180.0 / std::numbers::pi;
  };
  const double gx =
      (angle(fit.terms[1] + 1e-6, fit.terms[2]) - angle(fit.terms[1], fit.terms[2])) / 1e-6;
  const double gy =
      (angle(fit.terms[1], fit.terms[2] + 1e-6) - angle(fit.terms[1], fit.terms[2])) / 1e-6;
  const double variance = gx * gx * fit.u[1] * fit.u[1] + gy * gy * fit.u[2] * fit.u[2] +
                          2.0 * gx * gy * fit.covariance_xy;
  Report report;
  AddFieldMaps(field, kFieldSettings, 0, report);
  const Quantity* found = FindQuantityOf(report.quantities, "psf.planarity.angle");
  EXPECT_NEAR(found->u.value() / std::sqrt(variance), 1.0, 1e-4);
}

PsfField OutlierField(int beads, double odd_axial) {
  PsfField field = EmptyField();
  monitor::simulation::Random random(9);
  for (int i = 0; i < beads; ++i) {
    const auto at = GridPlace(field, 6, (7 * i) % 36);
    Reading r;
    r.x_um *= 1.0 + 0.01 * random.Normal();
    r.z_um *= i == 2 ? odd_axial : 1.0 + 0.01 * random.Normal();
    field.beads.push_back(BeadAt(at[0], at[1], 30.0, r));
  }
  return field;
}

TEST(PsfOutliers, AreMarkedFromFiveBeadsOnAndStay) {
  EXPECT_TRUE(FindOutliers(OutlierField(4, 1.5)).empty());
  for (const int beads : {5, 15, 16, 36}) {
    const PsfField field = OutlierField(beads, 1.5);
    const auto marks = FindOutliers(field);
    ASSERT_EQ(marks.size(), 1U) << beads;
    EXPECT_EQ(marks[0].bead, 2U);
    EXPECT_GT(marks[0].score, 10.0);
  }
  EXPECT_TRUE(FindOutliers(OutlierField(36, 1.0)).empty());
  const PsfField field = OutlierField(30, 0.7);  // narrower is as odd as wider
  const Report report = PsfReport(field, kFieldSettings, 2);
  const Finding* finding = FindFinding(report, "outliers");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kInfo);
  EXPECT_NE(finding->text.find("1 kept bead is"), std::string::npos);
  ASSERT_EQ(report.objects.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(report.objects[i].state, ObjectState::kKept);
    EXPECT_EQ(FindQuantityOf(report.objects[i].quantities, "psf.outlier") != nullptr, i == 2);
  }
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.fwhm.z")->n, 30);
}

TEST(PsfOutliers, ScoreIsInRobustSdsAndNotBelowTheBeadsOwnUncertainty) {
  PsfField field = EmptyField();
  const std::array<double, 5> widths = {0.70, 0.71, 0.72, 0.73, 0.82};  // median .72, MAD .01
  for (int i = 0; i < 5; ++i) {
    Reading r;
    r.z_um = widths[static_cast<std::size_t>(i)];
    field.beads.push_back(BeadAt(50.0 + 90.0 * i, 250.0, 30.0, r));
  }
  auto marks = FindOutliers(field);
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_NEAR(marks[0].score, 0.10 / (1.4826 * 0.01), 1e-6);
  for (PsfBead& bead : field.beads)
    bead.halfmax->fwhm_um[2].u = 0.018;  // 5.56 of it; the bound is 6.33
  EXPECT_TRUE(FindOutliers(field).empty());
  for (PsfBead& bead : field.beads) bead.halfmax->fwhm_um[2].u = 0.0155;
  marks = FindOutliers(field);
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_NEAR(marks[0].score, 0.10 / 0.0155, 1e-6);
}

TEST(PsfOutliers, ChanceMarksABeadInFewerThanOneFieldInTen) {
  for (const int beads : {5, 15, 16, 36}) {
    monitor::simulation::Random random(31);
    int fields = 0;
    for (int k = 0; k < 200; ++k) {
      PsfField field = EmptyField();
      for (int i = 0; i < beads; ++i) {
        const auto at = GridPlace(field, 6, (7 * i) % 36);
        Reading r;
        r.x_um *= 1.0 + 0.01 * random.Normal();
        r.z_um *= 1.0 + 0.01 * random.Normal();
        r.asymmetry *= 1.0 + 0.01 * random.Normal();
        field.beads.push_back(BeadAt(at[0], at[1], 30.0, r));
      }
      fields += FindOutliers(field).empty() ? 0 : 1;
    }
    EXPECT_LT(fields, 30) << beads;  // 20 expected at most, 4.2 their SD
  }
}

TEST(PsfOutliers, WhatTheFieldDoesIsNoOutlier) {
  // 25 % wider in the corners: those beads are the field's, not odd.
  PsfField field = EmptyField();
  monitor::simulation::Random random(21);
  for (int i = 0; i < 36; ++i) {
    const auto at = GridPlace(field, 6, i);
    const double x = at[0] / 512.0 - 0.5;
    const double y = at[1] / 512.0 - 0.5;
    Reading r;
    const double wider = (1.0 + 0.5 * (x * x + y * y)) * (1.0 + 0.004 * random.Normal());
    r.x_um *= wider;
    r.y_um *= wider;
    field.beads.push_back(BeadAt(at[0], at[1], 30.0, r));
  }
  EXPECT_TRUE(FindOutliers(field).empty());
}

}  // namespace
}  // namespace qc_metrics
