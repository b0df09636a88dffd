// What a channel hands on: ids, units, order, theory, findings.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "qc_metrics/catalogue.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/psf_summary.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;

bool HasFinding(const Report& report, const std::string& code) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const Finding& f) { return f.code == code; });
}

const Quantity* Find(const Report& report, const std::string& id, const std::string& definition,
                     const std::string& comparator = {}) {
  for (const Quantity& q : report.quantities) {
    const auto of = q.of.find("comparator");
    const std::string own = of == q.of.end() ? "" : std::get<std::string>(of->second);
    if (q.id == id && q.definition == definition && own == comparator) return &q;
  }
  return nullptr;
}

Report ReportOf(const BeadScene& scene, const PsfSettings& settings) {
  const Stack stack{RenderBeadStack(scene)};
  const auto measured = MeasurePsf(stack, settings);
  EXPECT_TRUE(std::holds_alternative<PsfField>(measured));
  return PsfReport(std::get<PsfField>(measured), settings, 2);
}

TEST(PsfTheory, FormulasGiveTheirHandComputedValues) {
  Optics o{Modality::kWidefield, 1.4, 1.515, std::nullopt, 510.0, std::nullopt};
  const auto widefield = Comparators(o);
  ASSERT_EQ(widefield.size(), 4U);
  EXPECT_EQ(widefield[0].id, "metroloj_qc.widefield");
  EXPECT_NEAR(widefield[0].lateral_um, 0.18579, 1e-5);  // .51 * .51 / 1.4
  EXPECT_NEAR(widefield[0].axial_um, 0.69775, 1e-5);    // 1.77 * 1.515 * .51 / 1.96
  EXPECT_NEAR(widefield[1].axial_um, 0.52041, 1e-5);    // 2 * .51 / 1.96
  EXPECT_NEAR(Nyquist(o)->lateral_um, 0.09107, 1e-5);
  EXPECT_NEAR(Nyquist(o)->axial_um, 0.27243, 1e-5);  // .51 / (2 (1.515 - sqrt(1.515^2 - 1.96)))
  o = {Modality::kConfocal, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  EXPECT_TRUE(Comparators(o).empty());
  o.pinhole_au = 1.0;
  EXPECT_EQ(Comparators(o).size(), 3U);
  EXPECT_NEAR(Comparators(o)[0].lateral_um, 0.17777, 1e-5);
  EXPECT_NEAR(Comparators(o)[0].axial_um, 0.45880, 1e-5);
  o.modality = Modality::kLightSheet;
  EXPECT_TRUE(Comparators(o).empty());
  o.modality.reset();
  o.numerical_aperture = 1.6;  // above the index: not physical, so unknown
  EXPECT_TRUE(Comparators(o).empty());
}

TEST(PsfReport, ListsEveryQuantityOfTheContractDefaultDefinitionFirst) {
  BeadScene scene = FieldScene(40, 2000.0, 21);
  PsfSettings settings = SettingsOf(scene);
  settings.optics = {Modality::kWidefield, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  settings.bead_diameter_um = 0.1;
  const Report report = ReportOf(scene, settings);
  const std::string kHalfmax = "etalon.halfmax/1";
  const std::string kGauss = "etalon.gauss3d/1";
  for (const auto& [id, definition] : {std::pair{"psf.fwhm.x", kHalfmax},
                                       {"psf.fwhm.y", kHalfmax},
                                       {"psf.fwhm.z", kHalfmax},
                                       {"psf.fwhm.minor", kHalfmax},
                                       {"psf.fwhm.major", kHalfmax},
                                       {"psf.fwhm.lateral", kHalfmax},
                                       {"psf.asymmetry", kHalfmax},
                                       {"psf.fwhm_ratio.lateral", kHalfmax},
                                       {"psf.fwhm_ratio.axial", kHalfmax},
                                       {"psf.tilt", kGauss}}) {
    const auto first = std::find_if(report.quantities.begin(), report.quantities.end(),
                                    [&, wanted = id](const Quantity& q) { return q.id == wanted; });
    ASSERT_NE(first, report.quantities.end()) << id;
    EXPECT_EQ(first->definition, definition) << id;
    EXPECT_EQ(FindQuantity(id)->default_definition, definition) << id;
    EXPECT_EQ(first->channel, 2);
    EXPECT_EQ(first->n, 40);
    EXPECT_TRUE(first->u.has_value() && *first->u > 0.0) << id;
    if (first->of.empty()) {
      EXPECT_NE(Find(report, id, kGauss), nullptr) << id;
    }
  }
  const Quantity* x = Find(report, "psf.fwhm.x", "etalon.gauss3d/1");
  EXPECT_EQ(x->unit, "um");
  EXPECT_NEAR(x->value, kFwhmUm[0], 4.0 * *x->u);  // beads differ by 5 %, so u is of replicates
  EXPECT_EQ(x->u_method, "replicate_beads");
  EXPECT_NEAR(*x->u, 1.2533 * 0.05 * kFwhmUm[0] / std::sqrt(40.0), 0.4 * *x->u);
  const Quantity* ratio =
      Find(report, "psf.fwhm_ratio.axial", "metroloj_qc.fwhm1d/1", "metroloj_qc.widefield");
  ASSERT_NE(ratio, nullptr);
  EXPECT_EQ(ratio->unit, "1");
  EXPECT_NEAR(Find(report, "psf.fwhm.x", "etalon.bead_corrected/1")->value,
              std::sqrt(x->value * x->value - 0.206 * 0.01), 1e-4);  // widths differ by 5 %
  EXPECT_EQ(Find(report, "psf.beads.kept", "etalon.psf_gates/1")->value, 40.0);
  EXPECT_EQ(report.objects.size(), 40U);
  EXPECT_FALSE(HasFinding(report, "not_representative"));
  EXPECT_FALSE(HasFinding(report, "model_mismatch"));
  EXPECT_TRUE(report.findings.empty());
}

TEST(PsfReport, SaysWhatIsMissingAndWhatIsNotRepresentative) {
  BeadScene scene = FieldScene(3, 2000.0, 22);
  PsfSettings settings{kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]};
  Report report = ReportOf(scene, settings);
  EXPECT_TRUE(HasFinding(report, "metadata_missing:numerical_aperture"));
  EXPECT_TRUE(HasFinding(report, "metadata_missing:gain_e_per_adu"));
  EXPECT_TRUE(HasFinding(report, "not_representative"));
  settings.scope = PsfScope::kBead;
  report = ReportOf(scene, settings);
  EXPECT_FALSE(HasFinding(report, "not_representative"));
}

TEST(PsfReport, LightThatIsNotGaussianIsSaid) {
  // Each bead is .8 of a narrow and .2 of a wide Gaussian: peaked, with wings, as optical light is.
  BeadScene scene = FieldScene(30, 1600.0, 23);
  const std::size_t beads = scene.beads.size();
  for (std::size_t i = 0; i < beads; ++i) {
    auto wings = scene.beads[i];
    wings.peak_e = 400.0;
    for (double* c :
         {&wings.covariance_um2.xx, &wings.covariance_um2.yy, &wings.covariance_um2.zz}) {
      *c *= 3.0;
    }
    scene.beads.push_back(wings);
  }
  EXPECT_TRUE(HasFinding(ReportOf(scene, SettingsOf(scene)), "model_mismatch"));
  const PsfSettings unknown{kVoxelUm[0], kVoxelUm[1], kVoxelUm[2]};
  EXPECT_TRUE(HasFinding(ReportOf(scene, unknown), "model_mismatch"));
}

TEST(PsfSummary, UncertaintyIsTheLargerOfFitsAndReplicates) {
  const std::vector<Estimate> alike = {{1.0, 0.1}, {1.0, 0.1}, {1.0, 0.1}, {1.0, 0.1}};
  FieldMedian value = Summarise(alike);
  EXPECT_FALSE(value.from_replicates);
  EXPECT_NEAR(value.u, 1.2533 * 0.05, 1e-4);
  const std::vector<Estimate> apart = {{1.0, 0.01}, {2.0, 0.01}, {3.0, 0.01}};
  value = Summarise(apart);
  EXPECT_TRUE(value.from_replicates);
  EXPECT_EQ(value.median, 2.0);
  EXPECT_NEAR(value.u, 1.2533 / std::sqrt(3.0), 1e-4);
  const std::vector<Estimate> one = {{1.0, 0.01}};
  EXPECT_NEAR(Summarise(one).u, 0.01, 1e-12);
}

TEST(PsfProfiles, TheFittedLineFollowsTheData) {
  const BeadScene scene = FieldScene(6, 15000.0, 24);
  const Stack stack{RenderBeadStack(scene)};
  const PsfSettings settings = SettingsOf(scene);
  const auto measured = MeasurePsf(stack, settings);
  ASSERT_TRUE(std::holds_alternative<PsfField>(measured));
  const PsfBead& bead = std::get<PsfField>(measured).beads.front();
  ASSERT_FALSE(bead.rejected.has_value());
  for (const AxisProfile& p : BeadProfiles(stack, settings, bead)) {
    ASSERT_GE(p.data_adu.size(), 9U);
    ASSERT_EQ(p.line_adu.size(), p.data_adu.size());
    for (std::size_t i = 0; i < p.data_adu.size(); ++i) {
      const double sd = std::sqrt(bead.gaussian->background_adu + 2.2 * p.fitted_adu[i]);
      EXPECT_NEAR(p.data_adu[i], p.fitted_adu[i], 5.0 * sd);
    }
  }
}

}  // namespace
}  // namespace qc_metrics
