#include "qc_metrics/detector_region.h"

#include <gtest/gtest.h>
#include <tiffio.h>

#include <limits>
#include <memory>

#include "tests/qc_metrics/detector_scenes.h"
#include "tests/support/tiff_plane.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Random;

std::vector<cv::Mat> ReadPages(const std::filesystem::path& path) {
  std::vector<cv::Mat> pages;
  TIFFSetWarningHandler(nullptr);
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> file(TIFFOpen(path.c_str(), "r"), &TIFFClose);
  if (!file) return pages;
  do {
    cv::Mat page(279, 279, CV_8U);
    for (int y = 0; y < page.rows; ++y) {
      if (TIFFReadScanline(file.get(), page.ptr(y), static_cast<std::uint32_t>(y)) < 0) return {};
    }
    pages.push_back(page);
  } while (TIFFReadDirectory(file.get()) != 0);
  return pages;
}

// Rows of GOLDEN.csv: the published values, to the last digit that a double holds.
TEST(DetectorRegionGolden, FourPhotomultipliersOfThePublishedReport) {
  const auto path = tests::support::CalibrationFile("detector/metroloj_CV.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const std::vector<cv::Mat> pages = ReadPages(path);
  ASSERT_EQ(pages.size(), 4U);
  constexpr double kCv[] = {0.6362173310622068, 0.456159487475199, 0.32452664367519896,
                            0.22977352657981087};
  constexpr double kMean[] = {47.783516483516486, 48.653021978021975, 47.88021978021978,
                              47.61730769230769};
  Stack region;
  for (const cv::Mat& page : pages) region.planes.push_back(page(cv::Rect(109, 109, 65, 56)));
  const auto measured = MeasureRegion(region, std::nullopt, 255.0);
  const auto& frames = std::get<std::vector<UniformRegion>>(measured);
  ASSERT_EQ(frames.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(frames[i].cv.value, kCv[i], 1e-13);
    EXPECT_NEAR(frames[i].mean_adu, kMean[i], 1e-11);
    EXPECT_EQ(frames[i].pixels, 3640);
    EXPECT_EQ(frames[i].frame, static_cast<int>(i));
    EXPECT_FALSE(frames[i].snr.has_value());
  }
}

TEST(DetectorRegionTest, SignalToNoiseAndBackgroundAreThoseOfNoiSee) {
  cv::Mat plane(2, 10, CV_16U, cv::Scalar(100));
  plane.colRange(0, 5).setTo(140);  // mean 120, sample SD 20 sqrt(20 / 19)
  const auto measured = MeasureRegion({{plane}}, DetectorValue{20.0}, std::nullopt);
  const UniformRegion& region = std::get<std::vector<UniformRegion>>(measured).front();
  const double sd = 20.0 * std::sqrt(20.0 / 19.0);
  EXPECT_NEAR(region.sd_adu, sd, 1e-12);
  EXPECT_NEAR(region.cv.value, sd / 120.0, 1e-12);
  EXPECT_NEAR(region.snr->value, 100.0 / sd, 1e-12);
  EXPECT_NEAR(region.sbr->value, 5.0, 1e-12);
}

TEST(DetectorRegionTest, UncertaintiesAreThoseOfRepeatedRegions) {
  Random random(4);
  DetectorErrors cv, snr, sbr;
  for (int repeat = 0; repeat < 400; ++repeat) {
    cv::Mat plane(20, 20, CV_32F);
    for (int i = 0; i < 400; ++i) {  // skewed, as few photons are
      plane.at<float>(i / 20, i % 20) = static_cast<float>(20.0 + 4.0 * random.Poisson(5.0));
    }
    const auto measured = MeasureRegion({{plane}}, DetectorValue{20.0}, std::nullopt);
    const UniformRegion& region = std::get<std::vector<UniformRegion>>(measured).front();
    const double sd = 4.0 * std::sqrt(5.0);
    cv.Add(region.cv, sd / 40.0);
    snr.Add(*region.snr, 20.0 / sd);
    sbr.Add(*region.sbr, 1.0);
  }
  for (const auto* errors : {&cv, &snr, &sbr}) {
    EXPECT_GT(errors->Pull(), 0.88);
    EXPECT_LT(errors->Pull(), 1.12);
  }
}

TEST(DetectorRegionTest, ManyFramesAreAveraged) {
  Random random(5);
  Stack stack;
  for (int k = 0; k < 20; ++k) {
    cv::Mat plane(16, 16, CV_16U);
    for (int i = 0; i < 256; ++i) {
      plane.at<std::uint16_t>(i / 16, i % 16) = static_cast<std::uint16_t>(random.Poisson(50.0));
    }
    stack.planes.push_back(plane);
  }
  const auto averaged =
      std::get<std::vector<UniformRegion>>(MeasureRegion(stack, DetectorValue{10.0}, 1000.0));
  ASSERT_EQ(averaged.size(), 1U);
  EXPECT_EQ(averaged.front().averaged, 20);
  stack.planes.pop_back();
  const auto single =
      std::get<std::vector<UniformRegion>>(MeasureRegion(stack, DetectorValue{10.0}, 1000.0));
  ASSERT_EQ(single.size(), 19U);
  double mean = 0.0;
  for (const UniformRegion& region : single) mean += region.cv.value / 19.0;
  EXPECT_NEAR(averaged.front().cv.value, mean, 0.004);
  EXPECT_NEAR(*averaged.front().cv.u, *single.front().cv.u / std::sqrt(20.0),
              0.5 * *averaged.front().cv.u);
}

TEST(DetectorRegionTest, RefusesWhatHasNoSpread) {
  const auto fault = [](const cv::Mat& plane, std::optional<double> saturation = std::nullopt) {
    const auto measured = MeasureRegion({{plane}}, std::nullopt, saturation);
    const auto* found = std::get_if<Fault>(&measured);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  };
  EXPECT_EQ(std::get<Fault>(MeasureRegion({}, std::nullopt, std::nullopt)),
            Fault::kUnsupportedFormat);
  EXPECT_EQ(fault(cv::Mat()), Fault::kUnsupportedFormat);
  EXPECT_EQ(fault(cv::Mat::ones(8, 8, CV_8UC3)), Fault::kUnsupportedFormat);
  EXPECT_EQ(fault(cv::Mat::ones(3, 5, CV_8U)), Fault::kTooSmall);
  EXPECT_EQ(fault(cv::Mat::ones(4, 4, CV_8U)), std::nullopt);
  EXPECT_EQ(fault(cv::Mat::zeros(8, 8, CV_8U)), Fault::kNoSignal);
  cv::Mat hole = cv::Mat::ones(8, 8, CV_32F);
  hole.at<float>(3, 3) = std::numeric_limits<float>::infinity();
  EXPECT_EQ(fault(hole), Fault::kNotFinite);
  cv::Mat bright(10, 20, CV_8U, cv::Scalar(100));
  bright.at<std::uint8_t>(0, 0) = bright.at<std::uint8_t>(1, 1) = 255;
  EXPECT_EQ(fault(bright, 255.0), std::nullopt);  // exactly 1 %
  bright.at<std::uint8_t>(2, 2) = 255;
  EXPECT_EQ(fault(bright, 255.0), Fault::kSaturated);
}

}  // namespace
}  // namespace qc_metrics
