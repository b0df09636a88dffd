#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "qc_metrics/catalogue.h"
#include "qc_metrics/detector.h"
#include "tests/qc_metrics/detector_scenes.h"
#include "tests/support/tiff_plane.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Sensor;

const Quantity* Find(const Report& report, const std::string& id, const std::string& definition) {
  for (const Quantity& quantity : report.quantities) {
    if (quantity.id == id && quantity.definition == definition) return &quantity;
  }
  return nullptr;
}

const Finding* Found(const Report& report, const std::string& code) {
  for (const Finding& finding : report.findings) {
    if (finding.code == code) return &finding;
  }
  return nullptr;
}

TEST(DetectorReportTest, EveryQuantityIsInTheCatalogueAndItsDefaultStandsFirst) {
  const DetectorScene scene{.sensor = SmallSensor(1)};
  std::vector<DetectorSeries> series = RecordAll(scene);
  const Sensor sensor(scene.sensor);
  series.push_back({SeriesKind::kUniform,
                    {sensor.Record({.light_e = 500.0, .frames = 1})},
                    std::nullopt,
                    "bead"});
  const DetectorSettings settings;
  const Report report = DetectorReport(MeasureDetector(series, settings), settings, 2);
  std::vector<std::string> seen;
  for (const Quantity& quantity : report.quantities) {
    const CatalogueEntry* row = FindQuantity(quantity.id);
    ASSERT_NE(row, nullptr) << quantity.id;
    EXPECT_EQ(quantity.unit, row->unit) << quantity.id;
    EXPECT_EQ(quantity.channel, 2);
    if (std::find(seen.begin(), seen.end(), quantity.id) == seen.end()) {
      EXPECT_EQ(quantity.definition, row->default_definition) << quantity.id;
      seen.push_back(quantity.id);
    }
    EXPECT_EQ(quantity.u.has_value(), !quantity.u_method.empty());
  }
  for (const CatalogueEntry& row : Catalogue()) {
    if (!row.id.starts_with("detector.")) continue;
    EXPECT_NE(std::find(seen.begin(), seen.end(), row.id), seen.end()) << row.id;
  }
  EXPECT_NEAR(Find(report, "detector.gain", "etalon.photon_transfer/1")->value, 0.46, 0.01);
  EXPECT_NEAR(Find(report, "detector.read_noise.rms", "etalon.dark_series/1")->value, 1.6, 0.05);
  EXPECT_EQ(Find(report, "detector.read_noise.rms", "etalon.dark_series/1")->n, 128 * 96);
  EXPECT_NEAR(Find(report, "detector.dark_current", "etalon.dark_series/1")->value, 2.0, 0.1);
}

TEST(DetectorReportTest, ElectronsNeedAGain) {
  const Sensor sensor(SmallSensor(2));
  const std::vector<DetectorSeries> series = {
      {SeriesKind::kDark, {sensor.Record({.frames = 40})}, std::nullopt, "dark"}};
  const Detector detector = MeasureDetector(series, {});
  const Report without = DetectorReport(detector, {});
  EXPECT_EQ(Find(without, "detector.read_noise.median", "etalon.dark_series/2"), nullptr);
  ASSERT_NE(Found(without, "metadata_missing:gain_e_per_adu"), nullptr);
  EXPECT_NE(Find(without, "detector.offset", "etalon.dark_series/1"), nullptr);
  const Report with = DetectorReport(detector, {.gain_e_per_adu = 0.46});
  const Quantity* median = Find(with, "detector.read_noise.median", "etalon.dark_series/2");
  ASSERT_NE(median, nullptr);
  EXPECT_NEAR(median->value, 1.6, 0.02);
  EXPECT_NEAR(*median->u, 0.46 * *detector.darks.front().read_noise_median_adu->u, 1e-12);
  EXPECT_EQ(Found(with, "metadata_missing:gain_e_per_adu"), nullptr);
}

TEST(DetectorReportTest, TheGainsUncertaintyIsInEveryElectron) {
  Detector detector;
  DarkSeries dark;
  dark.offset_adu = {100.0, 0.1};
  dark.read_noise_rms_adu = DetectorValue{3.0, 0.03};
  detector.darks.push_back(dark);
  PhotonTransfer transfer;
  transfer.gain_e_per_adu = {0.5, 0.01};
  detector.transfer = transfer;
  const Report report = DetectorReport(detector, {.gain_e_per_adu = 7.0});
  const Quantity* rms = Find(report, "detector.read_noise.rms", "etalon.dark_series/1");
  EXPECT_DOUBLE_EQ(rms->value, 1.5);  // what was measured wins over what was stated
  EXPECT_DOUBLE_EQ(*rms->u, std::hypot(0.03 * 0.5, 3.0 * 0.01));
}

TEST(DetectorReportTest, HotPixelsAreCountedByKind) {
  Detector detector;
  detector.darks.emplace_back();
  detector.defects = PixelDefects{cv::Mat::zeros(4, 4, CV_8U), 5, 2, 3};
  const Report report = DetectorReport(detector, {});
  std::vector<double> counts;
  for (const Quantity& quantity : report.quantities) {
    if (quantity.id == "detector.hot_pixels") counts.push_back(quantity.value);
  }
  EXPECT_EQ(counts, (std::vector<double>{8, 5, 3, 2}));
}

TEST(DetectorReportTest, EveryFaultSaysWhatToDo) {
  for (const Fault fault :
       {Fault::kUnsupportedFormat, Fault::kTooSmall, Fault::kNotFinite, Fault::kSaturated,
        Fault::kNoSignal, Fault::kTooFew, Fault::kFitFailed}) {
    Detector detector;
    detector.faults.push_back({"night.tif", fault});
    const Report report = DetectorReport(detector, {});
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings.front().code, Name(fault));
    EXPECT_EQ(report.findings.front().severity, Severity::kFault);
    EXPECT_NE(report.findings.front().text.find("night.tif"), std::string::npos);
    EXPECT_GT(report.findings.front().text.size(), 40U);
  }
}

TransferLevel LevelOf(LevelState state, double drift_share = 0.0) {
  TransferLevel level;
  level.name = "level";
  level.state = state;
  level.drift_share = drift_share;
  return level;
}

TEST(DetectorReportTest, LevelsThatWereLeftOutAreNamed) {
  Detector detector;
  detector.levels = {LevelOf(LevelState::kTooFew), LevelOf(LevelState::kUnsteady),
                     LevelOf(LevelState::kSaturated), LevelOf(LevelState::kFitted, 0.004)};
  Report report = DetectorReport(detector, {});
  EXPECT_EQ(Found(report, "drift_in_series")->severity, Severity::kFault);
  EXPECT_EQ(Found(report, "saturated")->severity, Severity::kInfo);
  EXPECT_EQ(Found(report, "too_few")->severity, Severity::kFault);
  detector.levels = {LevelOf(LevelState::kFitted, 0.006)};
  detector.transfer = PhotonTransfer{};
  report = DetectorReport(detector, {});
  EXPECT_EQ(Found(report, "drift_in_series")->severity, Severity::kInfo);
  EXPECT_NE(Found(report, "full_well"), nullptr);
  EXPECT_NE(Found(report, "settings_not_stated"), nullptr);
  EXPECT_EQ(Found(report, "model_mismatch"), nullptr);
  detector.transfer->reduced_chi2 = 6.0;
  detector.transfer->worst_deviation = 0.02;
  detector.transfer->full_well_e = DetectorValue{1.0, 1.0};
  detector.transfer->linearity_error = DetectorValue{0.01, 0.001};
  report = DetectorReport(detector, {});
  EXPECT_NE(Found(report, "model_mismatch"), nullptr);
  EXPECT_EQ(Found(report, "full_well"), nullptr);
  EXPECT_EQ(Found(report, "settings_not_stated"), nullptr);
}

TEST(DetectorReportTest, DarkFindings) {
  Detector detector;
  DarkSeries dark;
  dark.frames = 19;
  detector.darks.push_back(dark);
  Report report = DetectorReport(detector, {.gain_e_per_adu = 1.0});
  EXPECT_NE(Found(report, "too_few"), nullptr);
  EXPECT_EQ(Found(report, "saturated"), nullptr);
  detector.darks.front().frames = 20;
  detector.darks.front().read_noise_rms_adu = DetectorValue{2.0, 0.1};
  detector.darks.front().frame_sd_adu = 0.9;
  detector.saturated_dark_pixels = 3;
  report = DetectorReport(detector, {.gain_e_per_adu = 1.0});
  EXPECT_EQ(Found(report, "too_few"), nullptr);
  EXPECT_EQ(Found(report, "drift_in_series"), nullptr);
  EXPECT_NE(Found(report, "saturated"), nullptr);
  detector.darks.front().frame_sd_adu = 1.1;
  report = DetectorReport(detector, {.gain_e_per_adu = 1.0});
  EXPECT_NE(Found(report, "drift_in_series"), nullptr);
}

}  // namespace
}  // namespace qc_metrics
