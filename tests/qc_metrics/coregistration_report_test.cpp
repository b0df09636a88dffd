// Quantities, objects and findings of co-registration from results made by hand.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "qc_metrics/catalogue.h"
#include "qc_metrics/coregistration.h"
#include "qc_metrics/coregistration_reference.h"

namespace qc_metrics {
namespace {

TEST(EllipsoidReference, IsTheDistanceOfTheSurfaceInADirection) {
  const std::array<double, 3> axes = {0.1, 0.2, 0.5};
  EXPECT_NEAR(EllipsoidRadius(axes, {3.0, 0.0, 0.0}), 0.1, 1e-15);
  EXPECT_NEAR(EllipsoidRadius(axes, {0.0, -2.0, 0.0}), 0.2, 1e-15);
  EXPECT_NEAR(EllipsoidRadius(axes, {0.0, 0.0, 1e-3}), 0.5, 1e-15);
  EXPECT_EQ(EllipsoidRadius(axes, {0.0, 0.0, 0.0}), 0.1);
  // The published form with angles, phi from x in the plane, theta from z.
  for (const auto& [phi, theta] :
       {std::pair(0.3, 0.7), std::pair(2.5, 1.9), std::pair(-1.0, 1.2)}) {
    const std::array<double, 3> d = {std::cos(phi) * std::sin(theta),
                                     std::sin(phi) * std::sin(theta), std::cos(theta)};
    const double published =
        0.1 * 0.2 * 0.5 /
        std::sqrt(std::pow(0.2 * 0.5 * d[0], 2) + std::pow(0.1 * 0.5 * d[1], 2) +
                  std::pow(0.1 * 0.2 * d[2], 2));
    EXPECT_NEAR(EllipsoidRadius(axes, {4.0 * d[0], 4.0 * d[1], 4.0 * d[2]}), published, 1e-12);
  }
}

// |(Rx dx, Ry dy, Rz dz)| of a unit direction.
double MetrolojOldRadius(const std::array<double, 3>& semi_axes_um,
                         const std::array<double, 3>& direction) {
  return std::hypot(direction[0] * semi_axes_um[0], direction[1] * semi_axes_um[1],
                    direction[2] * semi_axes_um[2]) /
         std::hypot(direction[0], direction[1], direction[2]);
}

// Defect of MetroloJ before 1.1: right along the axes, too long in between.
TEST(EllipsoidReference, TheOldReadingIsTooLongInObliqueDirections) {
  const std::array<double, 3> axes = {0.2, 0.2, 0.6};
  EXPECT_NEAR(MetrolojOldRadius(axes, {0.0, 0.0, 2.0}), 0.6, 1e-15);
  EXPECT_NEAR(MetrolojOldRadius(axes, {1.0, 0.0, 0.0}), 0.2, 1e-15);
  const std::array<double, 3> oblique = {1.0, 0.0, 1.0};
  EXPECT_NEAR(MetrolojOldRadius(axes, oblique), std::sqrt(0.5 * (0.04 + 0.36)), 1e-12);
  EXPECT_NEAR(EllipsoidRadius(axes, oblique), std::sqrt(2.0 / (1.0 / 0.04 + 1.0 / 0.36)), 1e-12);
  EXPECT_GT(MetrolojOldRadius(axes, oblique) / EllipsoidRadius(axes, oblique), 1.6);
}

constexpr std::array<double, 3> kShift = {0.03, -0.04, 0.12};

CoregistrationSettings Settings() {
  CoregistrationSettings settings;
  for (const double emission : {520.0, 610.0}) {
    PsfSettings channel{0.08, 0.08, 0.2};
    channel.gain_e_per_adu = 1.0;
    channel.camera_offset_adu = 100.0;
    channel.read_noise_e = 1.0;
    channel.optics = {.modality = Modality::kWidefield,
                      .numerical_aperture = 1.4,
                      .refractive_index = 1.515,
                      .emission_nm = emission};
    settings.channels.push_back(channel);
  }
  return settings;
}

PsfField EmptyField() {
  PsfField field;
  field.columns = field.rows = 375;
  field.planes = 40;
  field.noise.estimated = false;
  return field;
}

/// Nine beads, one in each zone, all shifted by kShift, and one that one channel lacks.
Coregistration Result() {
  Coregistration result;
  result.channels = {EmptyField(), EmptyField()};
  PairResult pair;
  pair.b = 1;
  for (int i = 0; i < 9; ++i) {
    BeadPair bead;
    bead.bead_a = bead.bead_b = i;
    bead.position_um = {5.0 + 10.0 * (i % 3), 5.0 + 10.0 * (i / 3), 4.0};
    bead.shift_um = kShift;
    bead.u_um = {0.001, 0.002, 0.003};
    bead.peer_shift_um = std::array<double, 3>{0.0, 0.0, 0.1 + 0.01 * i};
    pair.beads.push_back(bead);
  }
  BeadPair alone;
  alone.bead_a = 9;
  alone.position_um = {1.0, 2.0, 3.0};
  alone.rejected = "unmatched";
  pair.beads.push_back(alone);
  result.pairs.push_back(pair);
  result.pairs[0].state = PairState::kBeadsOnly;
  return result;
}

/// The same with a map.
Coregistration Mapped() {
  Coregistration result = Result();
  std::vector<Displacement> shifts;
  for (const BeadPair& bead : result.pairs[0].beads) {
    if (bead.rejected.empty()) {
      shifts.push_back(
          {{bead.position_um[0] - 14.95, bead.position_um[1] - 14.95}, bead.shift_um, bead.u_um});
    }
  }
  result.pairs[0].state = PairState::kMapped;
  result.pairs[0].map = DescribeMap(*FitAffine(shifts, 0.1));
  return result;
}

const Quantity* Find(const std::vector<Quantity>& list, const std::string& id,
                     const std::string& definition, const std::string& comparator = "") {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Quantity& q) {
    const auto of = q.of.find("comparator");
    const bool same =
        comparator.empty() || (of != q.of.end() && std::get<std::string>(of->second) == comparator);
    return q.id == id && q.definition == definition && same;
  });
  return found == list.end() ? nullptr : &*found;
}

std::vector<std::string> Codes(const Report& report) {
  std::vector<std::string> codes;
  for (const Finding& finding : report.findings) codes.push_back(finding.code);
  return codes;
}

TEST(CoregistrationReport, ListsTheMapFirstAndTheMediansBesideIt) {
  const Report report = CoregistrationReport(Mapped(), Settings());
  constexpr std::array<const char*, 3> kIds = {"coregistration.shift.x", "coregistration.shift.y",
                                               "coregistration.shift.z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto* first = &*std::find_if(report.quantities.begin(), report.quantities.end(),
                                       [&](const Quantity& q) { return q.id == kIds[axis]; });
    EXPECT_EQ(first->definition, "etalon.affine/1");
    EXPECT_NEAR(first->value, kShift[axis], 1e-12);
    EXPECT_EQ(first->unit, "um");
    EXPECT_EQ(first->n, 9);
    EXPECT_EQ(first->u_method, "fit_covariance");
    EXPECT_FALSE(first->channel);
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(first->of.at("channels")),
              (std::vector<std::int64_t>{0, 1}));
    const auto* median = Find(report.quantities, kIds[axis], "etalon.median_shift/1");
    ASSERT_NE(median, nullptr);
    EXPECT_NEAR(median->value, kShift[axis], 1e-12);
    EXPECT_NEAR(*median->u, 0.001 * static_cast<double>(axis + 1) * 1.2533 / 3.0, 1e-6);
  }
  const auto value = [&](const char* id) { return Find(report.quantities, id, "etalon.affine/1"); };
  EXPECT_NEAR(value("coregistration.distance.lateral")->value, 0.05, 1e-12);
  EXPECT_NEAR(value("coregistration.distance.axial")->value, 0.12, 1e-12);
  EXPECT_NEAR(value("coregistration.distance.total")->value, 0.13, 1e-12);
  EXPECT_NEAR(*value("coregistration.distance.lateral")->u,
              std::hypot(0.03 * 0.001, 0.04 * 0.002) / 0.05 / 3.0, 1e-7);
  EXPECT_NEAR(value("coregistration.magnification")->value, 1.0, 1e-12);
  EXPECT_NEAR(value("coregistration.rotation")->value, 0.0, 1e-9);
  EXPECT_NEAR(value("coregistration.residual.lateral")->value, 0.0, 1e-9);
  for (const Quantity& q : report.quantities) {
    EXPECT_NE(FindQuantity(q.id), nullptr) << q.id;
  }
}

TEST(CoregistrationReport, TheRatioIsToTheLongerEmissionsEllipsoid) {
  const Report report = CoregistrationReport(Mapped(), Settings());
  // Half widths at half maximum of MetroloJ_QC's widefield formulas at 610 nm.
  const double lateral = 0.51 * 0.610 / 1.4;
  const double axial = 1.77 * 1.515 * 0.610 / (1.4 * 1.4);
  const double in_halves = std::hypot(0.05 / (lateral / 2.0), 0.12 / (axial / 2.0));
  const auto* ratio = Find(report.quantities, "coregistration.ratio", "etalon.ellipsoid/1",
                           "metroloj_qc.widefield");
  ASSERT_NE(ratio, nullptr);
  EXPECT_NEAR(ratio->value, in_halves, 1e-9);
  // By the law of propagation, from the shift's own u of a third of a bead's.
  const double numerator = std::pow(0.03 * 0.001 / 3 / (lateral * lateral / 4), 2) +
                           std::pow(0.04 * 0.002 / 3 / (lateral * lateral / 4), 2) +
                           std::pow(0.12 * 0.003 / 3 / (axial * axial / 4), 2);
  EXPECT_NEAR(*ratio->u, std::sqrt(numerator) / in_halves, 1e-4 * *ratio->u);
  EXPECT_EQ(ratio->unit, "1");
  EXPECT_NE(Find(report.quantities, "coregistration.ratio", "etalon.ellipsoid_median_shift/1",
                 "metroloj_qc.widefield"),
            nullptr);
  // MetroloJ_QC takes full widths for semi-axes and averages over the beads.
  const auto* peer = Find(report.quantities, "coregistration.ratio", "metroloj_qc.ellipsoid/1");
  ASSERT_NE(peer, nullptr);
  EXPECT_NEAR(peer->value, 0.14 / axial, 1e-9);
  EXPECT_FALSE(peer->u);
  EXPECT_EQ(std::get<std::string>(peer->of.at("comparator")), "metroloj_qc.widefield");
  EXPECT_NEAR(Find(report.quantities, "coregistration.shift.z", "metroloj_qc.centroid/1")->value,
              0.14, 1e-12);
  EXPECT_NEAR(
      Find(report.quantities, "coregistration.distance.total", "metroloj_qc.centroid/1")->value,
      0.14, 1e-12);
}

TEST(CoregistrationReport, TheOrderOfTheEmissionsDoesNotMatter) {
  CoregistrationSettings turned = Settings();
  std::swap(turned.channels[0].optics.emission_nm, turned.channels[1].optics.emission_nm);
  const auto of = [](const CoregistrationSettings& s) {
    return Find(CoregistrationReport(Mapped(), s).quantities, "coregistration.ratio",
                "etalon.ellipsoid/1")
        ->value;
  };
  EXPECT_EQ(of(Settings()), of(turned));
}

TEST(CoregistrationReport, WithoutOpticsOnlyTheRatioIsLeftOut) {
  CoregistrationSettings settings = Settings();
  settings.channels[1].optics.emission_nm.reset();
  const Report report = CoregistrationReport(Mapped(), settings);
  EXPECT_EQ(Find(report.quantities, "coregistration.ratio", "etalon.ellipsoid/1"), nullptr);
  EXPECT_NE(Find(report.quantities, "coregistration.shift.x", "etalon.affine/1"), nullptr);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].code, "metadata_missing:emission_nm");
  EXPECT_EQ(report.findings[0].severity, Severity::kInfo);
}

TEST(CoregistrationReport, NamesEachMissingKeyOnce) {
  CoregistrationSettings settings = Settings();
  for (auto& channel : settings.channels) channel.optics = {};
  EXPECT_EQ(Codes(CoregistrationReport(Mapped(), settings)),
            (std::vector<std::string>{
                "metadata_missing:modality", "metadata_missing:numerical_aperture",
                "metadata_missing:refractive_index", "metadata_missing:emission_nm"}));
}

TEST(CoregistrationReport, WithoutAMapTheBeadsSpeakForThemselves) {
  const Report report = CoregistrationReport(Result(), Settings());
  EXPECT_EQ(Find(report.quantities, "coregistration.shift.x", "etalon.affine/1"), nullptr);
  EXPECT_EQ(Find(report.quantities, "coregistration.magnification", "etalon.affine/1"), nullptr);
  EXPECT_EQ(Find(report.quantities, "coregistration.ratio", "etalon.ellipsoid/1"), nullptr);
  EXPECT_EQ(report.quantities.front().definition, "etalon.median_shift/1");
  EXPECT_EQ(Codes(report), (std::vector<std::string>{"too_few"}));
  EXPECT_EQ(report.findings[0].severity, Severity::kWarning);
}

TEST(CoregistrationReport, EveryBeadIsAnObject) {
  Coregistration result = Mapped();
  result.pairs[0].beads[3].rejected = "outlier";
  result.pairs[0].beads[3].residual_um = {0.3, 0.4, -0.6};
  const Report report = CoregistrationReport(result, Settings());
  ASSERT_EQ(report.objects.size(), 10U);
  const Object& kept = report.objects[0];
  EXPECT_EQ(kept.state, ObjectState::kKept);
  EXPECT_EQ(kept.position_um, (std::array<double, 3>{5.0, 5.0, 4.0}));
  ASSERT_EQ(kept.quantities.size(), 5U);
  EXPECT_EQ(kept.quantities[1].value, kShift[1]);
  EXPECT_EQ(kept.quantities[1].u, 0.002);
  const Object& outlier = report.objects[3];
  EXPECT_EQ(outlier.state, ObjectState::kRejected);
  EXPECT_EQ(outlier.reason, "outlier");
  EXPECT_NEAR(outlier.quantities[3].value, 0.5, 1e-12);
  EXPECT_NEAR(outlier.quantities[4].value, 0.6, 1e-12);
  EXPECT_EQ(report.objects[9].reason, "unmatched");
  EXPECT_TRUE(report.objects[9].quantities.empty());
}

TEST(CoregistrationReport, AFieldNeedsSevenZonesAndSixtyPercent) {
  Coregistration result = Mapped();
  auto& beads = result.pairs[0].beads;
  const auto said = [&] {
    const auto codes = Codes(CoregistrationReport(result, Settings()));
    return std::count(codes.begin(), codes.end(), "not_representative");
  };
  beads[0].rejected = beads[4].rejected = "edge";  // 7 zones, and edges do not count as lost
  EXPECT_EQ(said(), 0);
  beads[8].rejected = "z_edge";
  EXPECT_EQ(said(), 1);
  beads[0].rejected = beads[4].rejected = beads[8].rejected = "";
  for (int i = 0; i < 5; ++i) beads.push_back(beads[9]);  // 9 of 15
  EXPECT_EQ(said(), 0);
  beads.push_back(beads[9]);  // 9 of 16
  EXPECT_EQ(said(), 1);
  for (const char* reason : {"too_close", "doublet"}) {
    beads.back().rejected = reason;
    EXPECT_EQ(said(), 0) << reason;
  }
}

// Thirds of 375 px end at 125 whole pixels: a bead at 124.6 lies in the second, at 124.4 not.
TEST(CoregistrationReport, ZonesAreThirdsOfWholePixels) {
  for (const std::size_t axis : {0UL, 1UL}) {
    for (const double px : {124.4, 124.6}) {
      Coregistration result = Mapped();
      auto& beads = result.pairs[0].beads;
      beads[4].rejected = beads[8].rejected = "edge";  // 7 zones are left
      beads[axis == 0 ? 1 : 3].position_um[axis] = 0.08 * px;
      const auto codes = Codes(CoregistrationReport(result, Settings()));
      EXPECT_EQ(std::count(codes.begin(), codes.end(), "not_representative"), px < 124.5 ? 1 : 0);
    }
  }
}

TEST(CoregistrationReport, SaysWhyThereIsNoMatch) {
  for (const auto state : {PairState::kNoMatch, PairState::kAmbiguous, PairState::kNoBeads}) {
    Coregistration result = Result();
    result.pairs[0].state = state;
    for (BeadPair& bead : result.pairs[0].beads) bead.rejected = "unmatched";
    const Report report = CoregistrationReport(result, Settings());
    EXPECT_TRUE(report.quantities.empty());
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].code, "too_few");
    EXPECT_EQ(report.findings[0].severity, Severity::kFault);
  }
}

TEST(CoregistrationReport, WarnsOfPatternsAndOfBeadsOutside) {
  Coregistration result = Mapped();
  result.pairs[0].regular = true;
  result.pairs[0].outside = 2;
  const Report report = CoregistrationReport(result, Settings());
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_NE(report.findings[0].text.find("regular pattern"), std::string::npos);
  EXPECT_EQ(report.findings[1].text.substr(0, 7), "2 beads");
}

TEST(CoregistrationReport, SaturationAndSamplingAreSaidOfTheirChannel) {
  Coregistration result = Mapped();
  std::get<PsfField>(result.channels[1]).saturated_voxels = 12;
  CoregistrationSettings settings = Settings();
  settings.channels[0].z_step_um = 2.0;
  const Report report = CoregistrationReport(result, settings);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].code, "undersampled");
  EXPECT_EQ(report.findings[0].channel, 0);
  EXPECT_EQ(report.findings[1].code, "saturated");
  EXPECT_EQ(report.findings[1].channel, 1);
}

}  // namespace
}  // namespace qc_metrics
