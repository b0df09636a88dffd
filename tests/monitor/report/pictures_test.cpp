#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <opencv2/core.hpp>

#include "monitor/report/illumination_pictures.h"
#include "monitor/report/png.h"
#include "monitor/report/power_pictures.h"
#include "monitor/report/psf_pictures.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

/// With ETALON_PICTURES set, what a person should look at is left in that folder.
void Keep(const std::vector<Picture>& pictures) {
  const char* folder = std::getenv("ETALON_PICTURES");
  if (folder == nullptr) return;
  for (const Picture& picture : pictures) {
    std::ofstream(std::string(folder) + "/" + picture.name + Extension(picture), std::ios::binary)
        << picture.bytes;
  }
}

constexpr double kX = 30.0, kY = 24.0, kZ = 12.0;

qc_metrics::Stack OneBead() {
  qc_metrics::Stack stack;
  for (int z = 0; z < 25; ++z) {
    cv::Mat plane(50, 64, CV_16UC1);
    for (int y = 0; y < plane.rows; ++y) {
      for (int x = 0; x < plane.cols; ++x) {
        const double r2 =
            std::pow((x - kX) / 1.6, 2) + std::pow((y - kY) / 2.0, 2) + std::pow((z - kZ) / 2.5, 2);
        plane.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(100 + 4000 * std::exp(-r2 / 2));
      }
    }
    stack.planes.push_back(plane);
  }
  return stack;
}

BeadFrame Frame() {
  return {.centre_px = {kX, kY, kZ}, .fwhm_px = {3.8, 4.7, 5.9}, .pixel_um = {0.1, 0.1, 0.2}};
}

TEST(BeadProjections, ShowThreeViewsInOneScale) {
  const auto pictures = BeadProjections(OneBead(), Frame(), "one bead");
  Keep(pictures);
  ASSERT_EQ(pictures.size(), 3u);
  EXPECT_EQ(pictures[0].name, "psf_xy");
  for (const Picture& picture : pictures) {
    EXPECT_EQ(picture.bytes.substr(1, 3), "PNG");
    EXPECT_NE(picture.caption.find("µm"), std::string::npos);
  }
}

TEST(BeadProjections, ABeadAtTheCornerIsCutNotRefused) {
  BeadFrame frame = Frame();
  frame.centre_px = {0.0, 49.0, 0.0};
  EXPECT_EQ(BeadProjections(OneBead(), frame, "a corner").size(), 3u);
}

TEST(BeadField, MarksKeptAndRejectedApart) {
  const Picture picture = BeadField(OneBead(), {{kX, kY, true}, {5.0, 40.0, false}}, 0.1);
  Keep({picture});
  EXPECT_EQ(picture.bytes.substr(1, 3), "PNG");
}

TEST(ProfilePicture, DrawsDataFitAndResiduals) {
  BeadProfile profile{.axis = "x", .position_um = {}, .value = {}, .fit = {}};
  for (int i = -10; i <= 10; ++i) {
    profile.position_um.push_back(0.1 * i);
    profile.value.push_back(100 + 4000 * std::exp(-i * i / 8.0) + (i % 3) * 20);
    profile.fit.push_back(100 + 4000 * std::exp(-i * i / 8.0));
  }
  const Picture picture = ProfilePicture({profile, profile, profile}, "etalon.gauss3d/1");
  Keep({picture});
  EXPECT_NE(picture.bytes.find("<polyline fill=\"none\" stroke=\"#b42318\""), std::string::npos);
  EXPECT_NE(picture.bytes.find("<g fill=\"none\" stroke=\"#59636e\""), std::string::npos);
  EXPECT_EQ(picture.bytes.find("<style"), std::string::npos);  // pages forbid it
  EXPECT_EQ(picture.bytes.find("nan"), std::string::npos);
}

TEST(IlluminationPictures, ShowMapResidualAndProfiles) {
  cv::Mat image(384, 512, CV_16UC1);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const double r2 = std::pow((x - 300.0) / 320, 2) + std::pow((y - 150.0) / 300, 2);
      image.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(100 + 20000 * std::exp(-r2 / 2));
    }
  }
  const auto result = qc_metrics::MeasureIllumination(
      image, {.camera_offset_adu = 100.0, .saturation_adu = 65535.0});
  ASSERT_TRUE(std::holds_alternative<qc_metrics::Illumination>(result.field));
  const auto pictures =
      IlluminationPictures(std::get<qc_metrics::Illumination>(result.field), image.size(), 0.1);
  Keep(pictures);
  ASSERT_EQ(pictures.size(), 3u);
}

TEST(PowerTrace, ShadesEverySegment) {
  std::vector<qc_metrics::PowerSample> samples;
  for (int i = 0; i < 300; ++i) {
    const bool on = i / 60 % 2 == 0;
    samples.push_back({.time_s = 1.0 * i,
                       .power_mw = on ? 8.0 + 0.01 * ((i * 7919) % 11) : 1e-4,
                       .line_nm = 488.0,
                       .setting_percent = 30.0,
                       .temperature_c = {}});
  }
  const auto measured = qc_metrics::MeasurePower(samples);
  ASSERT_TRUE(std::holds_alternative<qc_metrics::Power>(measured));
  const Picture picture = PowerTrace(samples, std::get<qc_metrics::Power>(measured));
  Keep({picture});
  EXPECT_NE(picture.bytes.find("fill-opacity=\".08\""), std::string::npos);
}

TEST(EncodePng, GivesTheSameBytesForTheSamePixels) {
  const cv::Mat grey(7, 5, CV_8UC1, cv::Scalar(9));
  EXPECT_EQ(EncodePng(grey), EncodePng(grey.clone()));
}

TEST(ScaleBarUm, IsARoundLengthOfAtMostAThird) {
  EXPECT_DOUBLE_EQ(ScaleBarUm(3.6), 1.0);
  EXPECT_DOUBLE_EQ(ScaleBarUm(100.0), 20.0);
  EXPECT_DOUBLE_EQ(ScaleBarUm(16.0), 5.0);
}

TEST(Ticks, StepsAreOneTwoOrFive) {
  EXPECT_EQ(Ticks(0.0, 10.0, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_TRUE(Ticks(1.0, 1.0, 5).empty());
}

TEST(EscapeXml, LeavesNoMarkupAndNoControlCharacter) {
  EXPECT_EQ(EscapeXml("<a b=\"c\">&'\x01"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39; ");
}

}  // namespace
}  // namespace monitor::report
