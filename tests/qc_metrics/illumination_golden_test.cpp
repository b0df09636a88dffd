#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <string>
#include <variant>

#include "qc_metrics/illumination.h"
#include "tests/support/tiff_plane.h"

// Real fields made by others. The expected values are rows of GOLDEN.csv, which were published or
// computed independently, on the raw image with offset 0; tolerances are half their last digit.

namespace qc_metrics {
namespace {

struct Golden {
  std::string file;
  double minmax_raw;
  double one_minus_cv;
  double azimuth8;
  double five_percent;
  double zone90_centring;
  double saturated;
};

class RealField : public testing::TestWithParam<Golden> {};

TEST_P(RealField, HasThePublishedValues) {
  const auto& golden = GetParam();
  const auto path = tests::support::CalibrationFile("illumination/" + golden.file);
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const auto image = tests::support::ReadTiffPlane(path);
  ASSERT_EQ(image.size(), cv::Size(512, 512));
  const auto result =
      MeasureIllumination(image, {.camera_offset_adu = 0.0, .saturation_adu = 255.0});
  ASSERT_TRUE(std::holds_alternative<Illumination>(result.field));
  const auto& field = std::get<Illumination>(result.field);
  EXPECT_NEAR(field.minmax_raw, golden.minmax_raw, 5e-7);
  EXPECT_NEAR(1.0 - field.cv.value, golden.one_minus_cv, 5e-7);
  EXPECT_NEAR(field.azimuth8, golden.azimuth8, 5e-7);
  EXPECT_NEAR(field.five_percent, golden.five_percent, 5e-7);
  EXPECT_NEAR(field.metroloj_centring, golden.zone90_centring, 1e-5);
  ASSERT_TRUE(result.saturated.has_value());
  EXPECT_NEAR(*result.saturated, golden.saturated, 5e-10);
}

INSTANTIATE_TEST_SUITE_P(GoldenRows, RealField,
                         testing::Values(Golden{"metroloj_field.tif", 0.145098, 0.790521, 0.758388,
                                                0.494205, 0.75230, 0.000930786},
                                         Golden{"lsm5_field_488.tif", 0.693333, 0.9508765, 0.938795,
                                                0.902398, 0.808458, 0.0}),
                         [](const auto& param_info) {
                           return param_info.param.file.substr(0, param_info.param.file.find('.'));
                         });

TEST(RealField, SmoothedMinOverMaxIsTheOneOfTheContract) {
  const auto path = tests::support::CalibrationFile("illumination/metroloj_field.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const auto result = MeasureIllumination(tests::support::ReadTiffPlane(path),
                                          {.camera_offset_adu = 0.0, .saturation_adu = 255.0});
  const auto& field = std::get<Illumination>(result.field);
  EXPECT_NEAR(field.minmax_smoothed, 0.1841, 5e-5);
  EXPECT_NEAR(field.p5_over_p95, 0.427, 2e-3);  // unsmoothed: .4268
  // The published zone of full intensity, at 338.3, 309.2 in our convention, is where 8 bits clip:
  // the smooth peak lies within its spread, some 10 px.
  EXPECT_NEAR(field.peak_x_px.value, 338.3, 20.0);
  EXPECT_NEAR(field.peak_y_px.value, 309.2, 20.0);
}

// With its noise removal on MetroloJ_QC blurs the 8-bit image in place: lowest 44, highest 247. The
// figures were computed apart from this project after the sources of ImageJ and of the plugin.
TEST(RealField, TheBlurOfImageJRoundsAndRepeatsTheBorder) {
  const auto path = tests::support::CalibrationFile("illumination/metroloj_field.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const auto result = MeasureIllumination(tests::support::ReadTiffPlane(path),
                                          {.camera_offset_adu = 0.0, .saturation_adu = 255.0});
  const auto& field = std::get<Illumination>(result.field);
  ASSERT_TRUE(field.imagej.has_value());
  EXPECT_NEAR(field.imagej->minmax, 44.0 / 247.0, 1e-12);
  EXPECT_NEAR(field.imagej->azimuth8, 0.77197, 5e-6);
}

// A published report repeats the top-right corner (175) where the bottom-left pixel is 204.
TEST(RealField, BottomLeftCornerIsNotTheTopRightOne) {
  const auto path = tests::support::CalibrationFile("illumination/metroloj_field.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const auto image = tests::support::ReadTiffPlane(path);
  ASSERT_EQ(image.at<unsigned char>(511, 0), 204);
  ASSERT_EQ(image.at<unsigned char>(0, 511), 175);
  const IlluminationSettings settings{.camera_offset_adu = 0.0, .saturation_adu = 255.0};
  const auto before = std::get<Illumination>(MeasureIllumination(image, settings).field);
  cv::Mat changed = image.clone();
  changed.at<unsigned char>(511, 0) = 175;  // what the report believed
  const auto after = std::get<Illumination>(MeasureIllumination(changed, settings).field);
  EXPECT_GT(std::abs(before.azimuth8 - after.azimuth8), 1e-3);
}

}  // namespace
}  // namespace qc_metrics
