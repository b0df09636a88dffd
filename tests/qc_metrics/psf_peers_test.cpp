// Defects of the peers that concern point spread functions, each one a test here. The others:
// reference distance in oblique directions, EllipsoidReference.TheOldReading...; a repeated corner,
// RealField.BottomLeftCorner... and Golden; last row and column, Illumination.RegionsReach...; an
// offset before a ratio and one dead pixel, Illumination.ForgottenCameraOffset... and
// .OneDeadPixel...; five of five stage directions, StageMovesTest.DirectionsInEveryWriting; a MAD
// that is one, PsfOutliers; Nyquist and theory, PsfTheory; a DSNU of hot pixels,
// DarkSeriesTest.HotPixelsAreOut...; a blur that is ImageJ's, FieldImageJ.

#include <gtest/gtest.h>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_summary.h"
#include "tests/qc_metrics/bead_fields.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;

std::variant<PsfField, Fault> MeasureStack(const Stack& stack, const PsfSettings& settings) {
  return MeasurePsf(stack, settings);
}

PsfField Measure(const Stack& stack, const PsfSettings& settings) {
  auto measured = MeasureStack(stack, settings);
  if (!std::holds_alternative<PsfField>(measured)) {
    ADD_FAILURE() << "not measured";
    return {};
  }
  return std::get<PsfField>(std::move(measured));
}

// MetroloJ_QC's batch summary: a failed xy ratio is overwritten by the branch of z and shown green.
TEST(PsfPeers, ABadLateralRatioIsNotHiddenByAGoodAxialOne) {
  PsfField field = EmptyField();
  for (int i = 0; i < 9; ++i) {
    const auto at = GridPlace(field, 3, i);
    Reading r;
    r.x_um = r.y_um = 0.40;  // theory .191 um
    r.z_um = 0.70;           // theory .718 um
    field.beads.push_back(BeadAt(at[0], at[1], 30.0, r));
  }
  PsfSettings settings = kFieldSettings;
  settings.optics = {Modality::kWidefield, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  const Report report = PsfReport(field, settings, 0);
  for (const char* definition : {"etalon.halfmax/1", "etalon.gauss3d/1", "metroloj_qc.fwhm1d/1"}) {
    const auto* lateral = FindQuantityOf(report.quantities, "psf.fwhm_ratio.lateral", definition,
                                         "metroloj_qc.widefield");
    const auto* axial = FindQuantityOf(report.quantities, "psf.fwhm_ratio.axial", definition,
                                       "metroloj_qc.widefield");
    ASSERT_NE(lateral, nullptr) << definition;
    ASSERT_NE(axial, nullptr) << definition;
    EXPECT_GT(lateral->value, 1.5);
    EXPECT_LT(axial->value, 1.5);
  }
}

// MetroloJ_QC divides the share of saturated voxels by the slices twice.
TEST(PsfPeers, SaturatedVoxelsAreCountedOnceAndJudgedByTheirShareOfTheWholeStack) {
  const BeadScene scene = FieldScene(6, 2000.0, 111);
  std::vector<cv::Mat> planes = RenderBeadStack(scene);
  PsfSettings settings = SettingsOf(scene);
  settings.saturation_adu = 60000.0;
  const int columns = planes[0].cols;
  const int rows = planes[0].rows;
  // Full rows in ten slices: 10 of 40 slices x 12 of 320 rows = .94 % of the voxels.
  for (std::size_t z = 10; z < 20; ++z) planes[z](cv::Rect(0, 0, columns, 12)).setTo(60000);
  const PsfField field = Measure({planes}, settings);
  EXPECT_EQ(field.saturated_voxels, 10LL * 12 * columns);
  EXPECT_LT(static_cast<double>(field.saturated_voxels), 0.01 * columns * rows * 40);
  const Report report = PsfReport(field, settings, 0);
  const Finding* finding = FindFinding(report, "saturated");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->text.find(std::to_string(10 * 12 * columns)), std::string::npos);
  planes[20](cv::Rect(0, 0, columns, 9)).setTo(60000);  // 1.008 %
  const auto measured = MeasureStack({planes}, settings);
  ASSERT_TRUE(std::holds_alternative<Fault>(measured));
  EXPECT_EQ(std::get<Fault>(measured), Fault::kSaturated);
}

// A published MetroloJ report: a z step of 1.0 um where the file says 0.2.
TEST(PsfPeers, LengthsFollowTheStatedStepAndNothingElse) {
  const BeadScene scene = FieldScene(6, 4000.0, 112);
  const Stack stack{RenderBeadStack(scene)};
  PsfSettings settings = SettingsOf(scene);
  const Report right = PsfReport(Measure(stack, settings), settings, 0);
  settings.z_step_um = 5.0 * scene.voxel_um[2];
  const Report wrong = PsfReport(Measure(stack, settings), settings, 0);
  const auto ratio = [&](const char* id) {
    return FindQuantityOf(wrong.quantities, id)->value /
           FindQuantityOf(right.quantities, id)->value;
  };
  EXPECT_NEAR(ratio("psf.fwhm.z"), 5.0, 1e-6);
  EXPECT_NEAR(ratio("psf.fwhm.x"), 1.0, 1e-6);
  EXPECT_NEAR(ratio("psf.fwhm.y"), 1.0, 1e-6);
}

// MetroloJ for Python exchanges x and y.
TEST(PsfPeers, XIsAlongTheRowsAndYAlongTheColumns) {
  BeadScene scene = FieldScene(6, 4000.0, 113, {0.0, 0.0, 0.0});
  for (auto& bead : scene.beads) {
    bead.covariance_um2 = monitor::simulation::EllipsoidCovariance({0.20, 0.30, 0.7});
  }
  const PsfField field = Measure({RenderBeadStack(scene)}, SettingsOf(scene));
  for (const PsfBead& bead : field.beads) {
    EXPECT_NEAR(bead.gaussian->fwhm_um[0].value, 0.20, 0.01);
    EXPECT_NEAR(bead.gaussian->fwhm_um[1].value, 0.30, 0.01);
    EXPECT_NEAR((*bead.lines)[0].fwhm_um.value, 0.21, 0.02);
    EXPECT_NEAR((*bead.lines)[1].fwhm_um.value, 0.31, 0.02);
  }
}

// napari-psf-analysis: one failed fit aborts the whole run.
TEST(PsfPeers, OneBadBeadStopsNothing) {
  const BeadScene scene = FieldScene(8, 2000.0, 114);
  std::vector<cv::Mat> planes = RenderBeadStack(scene);
  const PsfField before = Measure({planes}, SettingsOf(scene));
  // A sheet, a step and a comb where beads are: none of them is a bead.
  const auto paint = [&](std::size_t bead, auto value) {
    const auto& c = scene.beads[bead].centre_px;
    for (auto& plane : planes) {
      for (int y = -9; y <= 9; ++y) {
        for (int x = -9; x <= 9; ++x) {
          plane.at<std::uint16_t>(static_cast<int>(c[1]) + y, static_cast<int>(c[0]) + x) =
              static_cast<std::uint16_t>(value(x, y));
        }
      }
    }
  };
  paint(0, [](int, int) { return 9000; });
  paint(1, [](int x, int) { return x < 0 ? 200 : 5000; });
  paint(2, [](int x, int y) { return (x + y) % 2 == 0 ? 8000 : 150; });
  const PsfField after = Measure({planes}, SettingsOf(scene));
  EXPECT_EQ(before.Kept(), 8);
  EXPECT_EQ(after.Kept(), 5);
  int with_reason = 0;
  for (const PsfBead& bead : after.beads) with_reason += bead.rejected ? 1 : 0;
  EXPECT_GE(with_reason, 2);
  const Report report = PsfReport(after, SettingsOf(scene), 0);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.fwhm.x")->n, 5);
}

// All peers: no camera offset before a ratio; one dead pixel decides.
TEST(PsfPeers, TheOffsetMovesNoWidthAndADeadPixelDecidesNothing) {
  const BeadScene scene = FieldScene(6, 4000.0, 115);
  std::vector<cv::Mat> planes = RenderBeadStack(scene);
  const PsfSettings settings = SettingsOf(scene);
  const PsfField plain = Measure({planes}, settings);
  std::vector<cv::Mat> raised;
  for (const cv::Mat& plane : planes) raised.push_back(plane + cv::Scalar(1000));
  PsfSettings offset = settings;
  offset.camera_offset_adu = *settings.camera_offset_adu + 1000.0;
  *offset.saturation_adu += 1000.0;
  const PsfField above = Measure({raised}, offset);
  ASSERT_EQ(above.Kept(), plain.Kept());
  for (std::size_t i = 0; i < plain.beads.size(); ++i) {
    const PsfBead& a = plain.beads[i];
    const PsfBead& b = above.beads[i];
    EXPECT_NEAR(b.gaussian->fwhm_um[0].value, a.gaussian->fwhm_um[0].value, 1e-6);
    EXPECT_NEAR(b.snr / a.snr, 1.0, 1e-6);
    // MetroloJ_QC's raw ratio sinks with the offset; ours above it stays.
    EXPECT_LT(*b.sbr, 0.6 * *a.sbr);
    EXPECT_NEAR(*b.sbr_above_offset / *a.sbr_above_offset, 1.0, 1e-3);
  }
  // A dead pixel in the skirt of each bead, and one at its foot.
  for (const auto& bead : scene.beads) {
    for (cv::Mat& plane : planes) {
      plane.at<std::uint16_t>(static_cast<int>(bead.centre_px[1]) + 6,
                              static_cast<int>(bead.centre_px[0]) + 5) = 0;
    }
  }
  const PsfField dead = Measure({planes}, settings);
  ASSERT_EQ(dead.Kept(), plain.Kept());
  for (std::size_t i = 0; i < plain.beads.size(); ++i) {
    EXPECT_NEAR(
        dead.beads[i].gaussian->fwhm_um[0].value / plain.beads[i].gaussian->fwhm_um[0].value, 1.0,
        0.01);
    EXPECT_NEAR(*dead.beads[i].sbr / *plain.beads[i].sbr, 1.0, 0.02);
  }
}

std::vector<std::string> Undersampled(double ratio, const Optics& optics) {
  PsfSettings settings = kFieldSettings;
  settings.optics = optics;
  const auto nyquist = Nyquist(optics);
  settings.pixel_size_x_um = settings.pixel_size_y_um = ratio * nyquist->lateral_um;
  settings.z_step_um = 0.9 * nyquist->axial_um;
  PsfField field = EmptyField();
  Reading wide;
  wide.x_um = wide.y_um = 1.0;
  wide.z_um = 3.0;
  field.beads.push_back(BeadAt(256.0, 256.0, 30.0, wide));
  std::vector<std::string> out;
  for (const Finding& f : PsfFindings(field, settings, 0)) {
    if (f.code == "undersampled") {
      out.push_back(f.severity == Severity::kInfo ? "info" : "warning");
    }
  }
  return out;
}

TEST(PsfSampling, IsSaidBeyondNyquistAndWaitsForAPersonBeyondTheGate) {
  using Said = std::vector<std::string>;
  const Optics widefield{Modality::kWidefield, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  EXPECT_EQ(Undersampled(0.99, widefield), Said{});
  EXPECT_EQ(Undersampled(1.01, widefield), Said{"warning"});
  Optics confocal{Modality::kConfocal, 1.4, 1.515, 488.0, 525.0, 1.0};
  EXPECT_EQ(Undersampled(0.99, confocal), Said{});
  EXPECT_EQ(Undersampled(1.01, confocal), Said{"info"});
  EXPECT_EQ(Undersampled(1.59, confocal), Said{"info"});
  EXPECT_EQ(Undersampled(1.61, confocal), Said{"warning"});
  confocal.pinhole_au = 0.61;
  EXPECT_EQ(Undersampled(1.59, confocal), Said{"info"});
  confocal.pinhole_au = 0.59;
  EXPECT_EQ(Undersampled(1.01, confocal), Said{"warning"});
  confocal.pinhole_au.reset();  // it cannot be known open
  EXPECT_EQ(Undersampled(1.01, confocal), Said{"warning"});
}

TEST(PsfSampling, AWidthOfFewVoxelsIsSaidWithoutOptics) {
  PsfField field = EmptyField();
  Reading r;
  r.z_um = 0.31;  // the Gaussian reads 1 % more: 1.57 slices
  field.beads.push_back(BeadAt(256.0, 256.0, 30.0, r));
  EXPECT_EQ(FindFinding(PsfReport(field, kFieldSettings, 0), "undersampled"), nullptr);
  r.z_um = 0.29;
  field.beads[0] = BeadAt(256.0, 256.0, 30.0, r);
  const Report report = PsfReport(field, kFieldSettings, 0);
  ASSERT_NE(FindFinding(report, "undersampled"), nullptr);
  EXPECT_NE(FindFinding(report, "undersampled")->text.find("along z"), std::string::npos);
}

TEST(PsfComparison, WhatCannotBeComparedIsSaid) {
  PsfField field = EmptyField();
  field.beads.push_back(BeadAt(256.0, 256.0, 30.0));
  PsfSettings settings = kFieldSettings;
  settings.optics = {Modality::kConfocal, 1.4, 1.515, 488.0, 525.0, std::nullopt};
  Report report = PsfReport(field, settings, 0);
  EXPECT_NE(FindFinding(report, "metadata_missing:pinhole_au"), nullptr);
  EXPECT_EQ(FindFinding(report, "no_comparator"), nullptr);
  EXPECT_EQ(FindQuantityOf(report.quantities, "psf.fwhm_ratio.lateral"), nullptr);
  EXPECT_NE(FindQuantityOf(report.quantities, "psf.sampling_ratio.lateral"), nullptr);
  EXPECT_NE(FindQuantityOf(report.quantities, "psf.fwhm.lateral"), nullptr);
  for (const auto modality : {Modality::kLightSheet, Modality::kOther}) {
    settings.optics.modality = modality;
    report = PsfReport(field, settings, 0);
    ASSERT_NE(FindFinding(report, "no_comparator"), nullptr);
    EXPECT_EQ(FindFinding(report, "no_comparator")->severity, Severity::kInfo);
    EXPECT_EQ(FindQuantityOf(report.quantities, "psf.fwhm_ratio.lateral"), nullptr);
    EXPECT_EQ(FindQuantityOf(report.quantities, "psf.sampling_ratio.lateral"), nullptr);
    EXPECT_EQ(FindFinding(report, "metadata_missing:pinhole_au"), nullptr);
  }
}

}  // namespace
}  // namespace qc_metrics
