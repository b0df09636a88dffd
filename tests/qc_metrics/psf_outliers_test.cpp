// Marks and zones on fields whose beads are made by hand.

#include "qc_metrics/psf_outliers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "qc_metrics/psf_zones.h"

namespace qc_metrics {
namespace {

PsfBead Bead(double x, double y, double lateral_um, double u_um) {
  PsfBead bead;
  bead.position_px = {x, y, 10.0};
  GaussianBead g;
  g.lateral_um = {lateral_um, u_um};
  for (auto& fwhm : g.fwhm_um) fwhm = {lateral_um, u_um};
  g.fwhm_um[2] = {0.8, 0.01};
  g.asymmetry = {0.95, 0.01};
  bead.gaussian = g;
  return bead;
}

PsfField Field(const std::vector<double>& widths, double u_um) {
  PsfField field;
  field.columns = 512;
  field.rows = 512;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    field.beads.push_back(Bead(100.0 + 50.0 * static_cast<double>(i % 3), 200.0, widths[i], u_um));
  }
  return field;
}

// Seven beads about .300: the distances .001 .001 .002 .002 .003 and one more; chance allows
// sqrt(2 ln 210) (1 + 5 / 7) = 5.606.
TEST(FindOutliers, ABeadBeyondWhatChanceAllowsIsMarked) {
  const double bound = std::sqrt(2.0 * std::log(210.0)) * (1.0 + 5.0 / 7.0);
  const double sd = 1.4826 * 0.002;  // the median of 0 1 1 2 2 3 and far, in thousandths
  for (const double part : {0.98, 1.02}) {
    const auto marks = FindOutliers(
        Field({0.300, 0.299, 0.301, 0.298, 0.302, 0.297, 0.300 + part * bound * sd}, 0.0));
    // With the far one above, the median of the seven stays .300.
    ASSERT_EQ(marks.size(), part > 1.0 ? 1U : 0U) << part;
    if (marks.empty()) continue;
    EXPECT_EQ(marks[0].bead, 6U);
    EXPECT_NEAR(marks[0].score, part * bound, 1e-9);
  }
  // Beads that are less certain than they scatter are judged by their own u.
  EXPECT_TRUE(
      FindOutliers(
          Field({0.300, 0.299, 0.301, 0.298, 0.302, 0.297, 0.300 + 1.5 * bound * sd}, 0.005))
          .empty());
  // Four others say nothing.
  EXPECT_TRUE(FindOutliers(Field({0.300, 0.299, 0.301, 0.900}, 0.0)).empty());
  EXPECT_EQ(FindOutliers(Field({0.300, 0.299, 0.301, 0.298, 0.900}, 0.0)).size(), 1U);
}

TEST(FindOutliers, RejectedBeadsNeitherCountNorAreMarked) {
  PsfField field = Field({0.300, 0.299, 0.301, 0.298, 0.302, 0.297, 0.9, 0.9}, 0.0);
  field.beads[6].rejected = RejectReason::kEdge;
  const auto marks = FindOutliers(field);
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0].bead, 7U);
}

// A width that grows over the field is the field's: from 16 beads on a surface is taken off.
TEST(FindOutliers, WhatTheFieldDoesIsNoOutlier) {
  PsfField field;
  field.columns = field.rows = 512;
  for (int i = 0; i < 16; ++i) {
    const double x = 32.0 + 150.0 * (i % 4), y = 32.0 + 150.0 * (i / 4);
    const double ripple = 0.0005 * std::sin(12.9898 * i * i);
    field.beads.push_back(
        Bead(x, y, 0.3 + 0.0001 * x + (x > 400.0 && y > 400.0 ? 0.02 : 0.0) + ripple, 1e-4));
  }
  EXPECT_EQ(FindOutliers(field).size(), 1U);
  field.beads.back().gaussian->lateral_um.value -= 0.02;
  EXPECT_TRUE(FindOutliers(field).empty());
}

TEST(AddOutliers, WritesTheScoreToItsObjectAndOneFinding) {
  const PsfField field = Field({0.300, 0.299, 0.301, 0.298, 0.302, 0.297, 0.5, 0.6}, 0.0);
  Report report;
  report.objects.resize(8);
  AddOutliers(field, 2, report);
  EXPECT_TRUE(report.objects[0].quantities.empty());
  ASSERT_EQ(report.objects[6].quantities.size(), 1U);
  EXPECT_EQ(report.objects[6].quantities[0].id, "psf.outlier");
  EXPECT_EQ(report.objects[7].quantities[0].channel, 2);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].text.substr(0, 12), "2 kept beads");
}

// 300 px in thirds of 100: a pixel's centre at 99 is the last of the first, at 100 the next one's.
TEST(ZoneOf, SplitsTheFieldInThirds) {
  PsfField field;
  field.columns = 300;
  field.rows = 150;
  EXPECT_EQ(ZoneOf(field, 0.0, 0.0), 0U);
  EXPECT_EQ(ZoneOf(field, 99.4, 49.4), 0U);
  EXPECT_EQ(ZoneOf(field, 99.6, 49.4), 1U);
  EXPECT_EQ(ZoneOf(field, 99.4, 49.6), 3U);
  EXPECT_EQ(ZoneOf(field, 199.6, 99.6), 8U);
  EXPECT_EQ(ZoneOf(field, 299.9, 20.0), 2U);
  EXPECT_EQ(ZoneOf(field, -3.0, 200.0), 6U);
  EXPECT_EQ(ZonesCovered(field), 0);
  field.beads = {Bead(10.0, 10.0, 0.3, 0.01), Bead(20.0, 10.0, 0.3, 0.01),
                 Bead(290.0, 140.0, 0.3, 0.01)};
  EXPECT_EQ(ZonesCovered(field), 2);
  field.beads[2].rejected = RejectReason::kEdge;
  EXPECT_EQ(ZonesCovered(field), 1);
}

// Two zones of .30 and .36 um: the worst and its ratio to theory, by hand.
TEST(AddZones, TellsEachZoneTheWorstAndItsRatio) {
  PsfField field;
  field.columns = field.rows = 300;
  field.beads = {Bead(10.0, 10.0, 0.30, 0.003), Bead(20.0, 10.0, 0.31, 0.003),
                 Bead(30.0, 10.0, 0.29, 0.003), Bead(290.0, 10.0, 0.36, 0.004)};
  PsfSettings settings{.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2};
  settings.optics = {.modality = Modality::kWidefield,
                     .numerical_aperture = 1.2,
                     .refractive_index = 1.33,
                     .excitation_nm = std::nullopt,
                     .emission_nm = 520.0,
                     .pinhole_au = std::nullopt};
  Report report;
  AddZones(field, settings, 0, report);
  std::map<std::string, std::vector<Quantity>> by_id;
  for (const Quantity& q : report.quantities) by_id[q.id].push_back(q);
  const auto& worst = by_id["psf.fwhm.worst_zone.lateral"];
  ASSERT_EQ(worst.size(), 1U);
  EXPECT_NEAR(worst[0].value, 0.36, 1e-12);
  EXPECT_EQ(worst[0].n, 1);
  EXPECT_NEAR(*worst[0].u, 0.004, 1e-12);
  const auto& zones = by_id["psf.fwhm.zone.lateral"];
  ASSERT_EQ(zones.size(), 2U);
  EXPECT_EQ(std::get<std::string>(zones[0].of.at("zone")), "top_left");
  EXPECT_NEAR(zones[0].value, 0.30, 1e-12);
  EXPECT_EQ(zones[0].n, 3);
  EXPECT_EQ(std::get<std::string>(zones[1].of.at("zone")), "top_right");
  const auto& ratios = by_id["psf.fwhm_ratio.worst_zone.lateral"];
  ASSERT_EQ(ratios.size(), Comparators(settings.optics).size());
  EXPECT_NEAR(ratios[0].value, 0.36 / (0.51 * 0.52 / 1.2), 1e-12);
  EXPECT_NEAR(*ratios[0].u, 0.004 / (0.51 * 0.52 / 1.2), 1e-12);
  EXPECT_EQ(ratios[0].unit, "1");
  const auto& axial = by_id["psf.fwhm_ratio.worst_zone.axial"];
  ASSERT_FALSE(axial.empty());
  EXPECT_NEAR(axial[0].value, 0.8 / (1.77 * 1.33 * 0.52 / 1.44), 1e-12);
  field.beads[3].rejected = RejectReason::kEdge;
  Report one;
  AddZones(field, settings, 0, one);
  EXPECT_TRUE(one.quantities.empty());  // one zone has nothing to be worse than
}

}  // namespace
}  // namespace qc_metrics
