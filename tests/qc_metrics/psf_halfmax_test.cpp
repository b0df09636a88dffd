// Half-maximum widths of light that is Gaussian, and of light that is not.

#include <gtest/gtest.h>

#include <algorithm>

#include "qc_metrics/psf.h"
#include "tests/qc_metrics/optical_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;

PsfField Measure(const BeadScene& scene, const PsfSettings& settings) {
  const Stack stack{RenderBeadStack(scene)};
  auto measured = MeasurePsf(stack, settings);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    ADD_FAILURE() << "unexpected fault " << Name(*fault);
    return {};
  }
  return std::get<PsfField>(std::move(measured));
}

TEST(PsfHalfmax, GaussianLightKeepsTheGaussianFit) {
  for (const double peak_e : {200.0, 2000.0, 15000.0}) {
    const BeadScene scene = FieldScene(40, peak_e, 41, {0.05, 15.0, 90.0});
    const PsfField field = Measure(scene, SettingsOf(scene));
    EXPECT_FALSE(field.mismatch.mismatch);
    EXPECT_FALSE(field.light.is_shape);
    for (const PsfBead& bead : field.beads) {
      if (bead.rejected) continue;
      ASSERT_TRUE(bead.halfmax.has_value());
      EXPECT_EQ(bead.halfmax->source, HalfmaxSource::kGaussian);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(bead.halfmax->fwhm_um[i].value, bead.gaussian->fwhm_um[i].value);
      }
      EXPECT_FALSE(bead.halfmax->skew.has_value());
    }
  }
}

// The largest gain of a Gaussian field falls off as exp(-gain): of 1,200 fields (200 to 15,000
// electrons, 1 to 16 beads) 5 exceeded 5, none 7. Of 60 some 6 exceed 2.2 and .4 exceed 5.
TEST(PsfHalfmax, ChanceSeldomLooksLikeOtherLight) {
  int above_two = 0;
  int mismatches = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const BeadScene scene = FieldScene(6, 2000.0, 500 + seed, {0.05, 15.0, 90.0}, 160);
    const PsfField field = Measure(scene, SettingsOf(scene));
    const auto& gains = field.mismatch.evidence;
    above_two += *std::max_element(gains.begin(), gains.end()) > 2.2 ? 1 : 0;
    mismatches += field.mismatch.mismatch ? 1 : 0;
  }
  EXPECT_EQ(mismatches, 0);
  EXPECT_LE(above_two, 15);  // 6 +- 2.4, four standard errors
}

const Finding* MismatchOf(const Report& report) {
  const auto found = std::find_if(report.findings.begin(), report.findings.end(),
                                  [](const Finding& f) { return f.code == "model_mismatch"; });
  return found == report.findings.end() ? nullptr : &*found;
}

const Quantity* First(const std::vector<Quantity>& list, const std::string& id) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Quantity& q) { return q.id == id; });
  return found == list.end() ? nullptr : &*found;
}

TEST(PsfHalfmax, OpticalLightReadsTheTrueHalfMaximum) {
  const OpticalScene optical = OpticalField(LightOf({}), 12, 2000.0, 42);
  const PsfSettings settings = SettingsOf(optical.scene);
  const PsfField field = Measure(optical.scene, settings);
  EXPECT_TRUE(field.mismatch.mismatch);
  EXPECT_GT(field.mismatch.evidence[0], 1000.0);
  EXPECT_TRUE(field.light.is_shape);
  EXPECT_GE(field.light.beads, 10);
  EXPECT_NEAR(field.light.chi2_per_dof, 1.03, 0.05);
  const HalfmaxErrors errors = HalfmaxErrorsOf(optical, field);
  EXPECT_EQ(errors.kept, 12);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    // The shape's own error is .4 to .6 % with 12 beads and all beads share it: three of it, and
    // pulls that are then nearly one number.
    EXPECT_LT(std::abs(errors.fwhm[axis].Bias()), 0.015) << axis;
    EXPECT_LT(errors.fwhm[axis].Pull(), 2.0) << axis;
    EXPECT_GT(field.light.shared.fwhm[axis], 0.002);
    EXPECT_LT(field.light.shared.fwhm[axis], 0.010);
  }
  const Report report = PsfReport(field, settings, 1);
  const Quantity* x = First(report.quantities, "psf.fwhm.x");
  EXPECT_EQ(x->definition, "etalon.halfmax/1");
  EXPECT_EQ(x->n, 12);
  EXPECT_GT(*x->u, field.light.shared.fwhm[0] * x->value);  // it does not average down
  const Finding* finding = MismatchOf(report);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->channel, 1);
  EXPECT_NE(finding->text.find("symmetric"), std::string::npos) << finding->text;
  EXPECT_NE(finding->text.find("x -1"), std::string::npos) << finding->text;
  for (const Object& object : report.objects) {
    ASSERT_FALSE(object.quantities.empty());
    EXPECT_EQ(object.quantities.front().definition, "etalon.halfmax/1");
    EXPECT_NE(First(object.quantities, "psf.skew.z"), nullptr);
  }
}

TEST(PsfHalfmax, SphericalAberrationIsNamedAndItsSkewMeasured) {
  monitor::simulation::Optics optics;
  optics.model = monitor::simulation::OpticalModel::kGibsonLanni;
  optics.numerical_aperture = 1.3;
  optics.specimen_index = 1.33;
  optics.depth_um = 2.0;
  const OpticalScene optical = OpticalField(LightOf(optics), 10, 2000.0, 43);
  const PsfSettings settings = SettingsOf(optical.scene);
  const PsfField field = Measure(optical.scene, settings);
  const HalfmaxErrors errors = HalfmaxErrorsOf(optical, field);
  EXPECT_EQ(errors.kept, 10);
  for (const ErrorSums& axis : errors.fwhm) {
    EXPECT_LT(std::abs(axis.Bias()), 0.015);
  }
  const Report report = PsfReport(field, settings, 0);
  const Finding* finding = MismatchOf(report);
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->text.find("spherical aberration"), std::string::npos) << finding->text;
  const Quantity* skew = First(report.quantities, "psf.skew.z");
  ASSERT_NE(skew, nullptr);
  EXPECT_NEAR(skew->value, optical.skew[2], 0.02);  // about -.095
  EXPECT_NEAR(First(report.quantities, "psf.skew.x")->value, 0.0, 0.01);
}

TEST(PsfHalfmax, OneBeadIsEnough) {
  const OpticalScene optical = OpticalField(LightOf({}), 1, 4000.0, 44, 100);
  const PsfField field = Measure(optical.scene, SettingsOf(optical.scene));
  const HalfmaxErrors errors = HalfmaxErrorsOf(optical, field);
  ASSERT_EQ(errors.kept, 1);
  for (const ErrorSums& axis : errors.fwhm) {
    // 1.8 % RMS at 2000 electrons and less at 4000; u says 2 %.
    EXPECT_LT(std::abs(axis.Bias()), 0.045);
    EXPECT_LT(axis.Pull(), 2.5);
  }
}

TEST(PsfHalfmax, APointScannerIsFreedOfItsDwellAlone) {
  monitor::simulation::Optics optics;
  optics.detection = monitor::simulation::Detection::kConfocal;
  OpticalScene optical = OpticalField(LightOf(optics), 12, 3000.0, 45);
  optical.scene.pixel_area = monitor::simulation::PixelArea::kDwellAlongX;
  PsfSettings settings{kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]};  // noise from the stack
  settings.optics.modality = Modality::kConfocal;
  const PsfField field = Measure(optical.scene, settings);
  const HalfmaxErrors errors = HalfmaxErrorsOf(optical, field);
  EXPECT_GE(errors.kept, 11);
  for (const ErrorSums& axis : errors.fwhm) {
    EXPECT_LT(std::abs(axis.Bias()), 0.015);
  }
  // x and y are alike in truth; a box taken off both would make y narrow by 2 %, a shape that is
  // round after the dwell has blurred it would part them by .8 %. Noise: .5 % a bead, .15 % of 12.
  EXPECT_NEAR(errors.fwhm[0].Bias(), errors.fwhm[1].Bias(), 0.005);
}

}  // namespace
}  // namespace qc_metrics
