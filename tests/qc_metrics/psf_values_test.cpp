// What is read off one bead, and what a field's kept beads say together.

#include "qc_metrics/psf_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace qc_metrics {
namespace {

PsfBead WithLines() {
  PsfBead bead;
  std::array<LineBead, 3> lines;
  lines[0].fwhm_um = {0.4, 0.008};
  lines[1].fwhm_um = {0.3, 0.003};
  lines[2].fwhm_um = {0.9, 0.02};
  bead.lines = lines;
  return bead;
}

TEST(ValueOf, LinesGiveTheirGeometricMeanAndTheirRatio) {
  const PsfBead bead = WithLines();
  const double relative = std::hypot(0.02, 0.01);
  const auto lateral = ValueOf(bead, PsfDefinition::kLine, PsfWidth::kLateral);
  ASSERT_TRUE(lateral.has_value());
  EXPECT_NEAR(lateral->value, std::sqrt(0.12), 1e-12);
  EXPECT_NEAR(lateral->u, 0.5 * std::sqrt(0.12) * relative, 1e-12);
  const auto asymmetry = ValueOf(bead, PsfDefinition::kLine, PsfWidth::kAsymmetry);
  EXPECT_NEAR(asymmetry->value, 0.75, 1e-12);
  EXPECT_NEAR(asymmetry->u, 0.75 * relative, 1e-12);
  EXPECT_EQ(ValueOf(bead, PsfDefinition::kLine, PsfWidth::kZ)->value, 0.9);
  EXPECT_EQ(ValueOf(bead, PsfDefinition::kLine, PsfWidth::kY)->u, 0.003);
  EXPECT_FALSE(ValueOf(bead, PsfDefinition::kGauss, PsfWidth::kX).has_value());
  PsfBead broken = bead;
  (*broken.lines)[2].fwhm_um.u = NAN;
  EXPECT_FALSE(ValueOf(broken, PsfDefinition::kLine, PsfWidth::kZ).has_value());
}

// What all beads share is in each one's u: it is taken out of it, and put back undiminished.
TEST(SummariseShared, TheSharedPartDoesNotAverageOut) {
  PsfField field;
  field.light.shared.fwhm = {0.01, 0.02, 0.03};
  field.light.shared.lateral = 0.015;
  field.light.shared.asymmetry = 0.005;
  for (int i = 0; i < 4; ++i) {
    PsfBead bead;
    bead.halfmax.emplace();
    bead.halfmax->fwhm_um[0] = {0.5, 0.013};  // hypot(.012, .005)
    bead.halfmax->fwhm_um[2] = {0.5, 0.001};  // less than what is shared
    field.beads.push_back(bead);
  }
  field.beads[1].rejected = RejectReason::kEdge;
  EXPECT_EQ(SharedOf(field, PsfDefinition::kHalfmax, PsfWidth::kY), 0.02);
  EXPECT_EQ(SharedOf(field, PsfDefinition::kHalfmax, PsfWidth::kLateral), 0.015);
  EXPECT_EQ(SharedOf(field, PsfDefinition::kHalfmax, PsfWidth::kAsymmetry), 0.005);
  EXPECT_EQ(SharedOf(field, PsfDefinition::kGauss, PsfWidth::kY), 0.0);
  const auto kept = KeptValues(field, PsfDefinition::kHalfmax, PsfWidth::kX);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[1].bead, 2U);
  EXPECT_NEAR(kept[1].value.u, 0.012, 1e-12);
  EXPECT_EQ(KeptValues(field, PsfDefinition::kHalfmax, PsfWidth::kZ)[0].value.u, 0.0);
  const auto alone = SummariseShared(kept, 0.0);
  const auto together = SummariseShared(kept, 0.01);
  EXPECT_EQ(together.median, 0.5);
  EXPECT_EQ(together.n, 3);
  EXPECT_NEAR(together.u, std::hypot(alone.u, 0.005), 1e-12);
}

// Medians of 12 %, -5 % and 20 % over the half maximum, said in per cent.
TEST(PsfReport, SaysByHowMuchTheGaussianFitIsOff) {
  PsfField field;
  field.columns = field.rows = 100;
  field.planes = 20;
  field.mismatch.mismatch = true;
  for (const double more : {-0.01, 0.0, 0.02}) {
    PsfBead bead;
    bead.position_px = {50.0, 50.0, 10.0};
    bead.gaussian.emplace();
    bead.halfmax.emplace();
    for (std::size_t i = 0; i < 3; ++i) {
      const double excess[] = {1.12, 0.95, 1.2};
      bead.halfmax->fwhm_um[i] = {0.5, 0.01};
      bead.gaussian->fwhm_um[i] = {0.5 * (excess[i] + more), 0.01};
    }
    field.beads.push_back(bead);
  }
  const PsfSettings settings{.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2};
  const Report report = PsfReport(field, settings, 0);
  std::string text;
  for (const Finding& finding : report.findings) {
    if (finding.code == "model_mismatch") text = finding.text;
  }
  EXPECT_NE(text.find("(x +12.0 %, y -5.0 %, z +20.0 %)"), std::string::npos) << text;
}

}  // namespace
}  // namespace qc_metrics
