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
    EXPECT_LT(*std::max_element(field.mismatch.evidence.begin(), field.mismatch.evidence.end()),
              4.0);
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

TEST(PsfHalfmax, OpticalLightReadsTheTrueHalfMaximum) {
  const OpticalScene optical = OpticalField(LightOf({}), 12, 2000.0, 42);
  const PsfField field = Measure(optical.scene, SettingsOf(optical.scene));
  EXPECT_TRUE(field.mismatch.mismatch);
  EXPECT_TRUE(field.light.is_shape);
  const HalfmaxErrors errors = HalfmaxErrorsOf(optical, field);
  EXPECT_EQ(errors.kept, 12);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    // The shape's own error is .4 % with 12 beads and all beads share it: three of it, and 1.6
    // for the spread of the pulls, which are then nearly one number.
    EXPECT_LT(std::abs(errors.fwhm[axis].Bias()), 0.015) << axis;
    EXPECT_LT(errors.fwhm[axis].Pull(), 2.0) << axis;
  }
}

}  // namespace
}  // namespace qc_metrics
