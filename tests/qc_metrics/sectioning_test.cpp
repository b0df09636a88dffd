#include "qc_metrics/sectioning.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "monitor/simulation/axial_response.h"
#include "qc_metrics/half_maximum_1d.h"
#include "tests/support/tiff_plane.h"

namespace qc_metrics {
namespace {

using monitor::simulation::AxialScene;

SectioningSettings SettingsOf(const AxialScene& scene, AxialLayout layout = AxialLayout::kStack) {
  SectioningSettings settings{.z_step_um = scene.z_step_um};
  settings.pixel_x_um = settings.pixel_y_um = scene.pixel_um;
  settings.layout = layout;
  return settings;
}

Sectioning Found(const Measured<Sectioning>& measured) {
  const auto* found = std::get_if<Sectioning>(&measured);
  if (found != nullptr) return *found;
  ADD_FAILURE() << Name(std::get<Fault>(measured));
  return {};
}

// Rows of GOLDEN.csv: the region, the width and the fit of the published report.
TEST(SectioningGolden, TheMirrorOfThePublishedReport) {
  const auto path = tests::support::CalibrationFile("sectioning/metroloj_axial.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const cv::Mat image = tests::support::ReadTiffPlane(path);
  ASSERT_EQ(image.size(), cv::Size(512, 512));
  SectioningSettings settings{.z_step_um = 0.09785};
  settings.layout = AxialLayout::kXzImage;
  const Sectioning found = Found(MeasureSectioning({{image.colRange(214, 296)}}, settings));
  EXPECT_NEAR(found.region_fwhm_um.value, 1.8695, 1e-4);
  EXPECT_NEAR(found.region_r2, 0.9669, 5e-5);
  EXPECT_NEAR(found.region_fit.sigma * 0.09785, 0.7939, 5e-5);
  EXPECT_NEAR(found.region_fit.ssr, 15748.1863, 5e-4);
  EXPECT_EQ(found.fwhm_um.value, found.region_fwhm_um.value);
  EXPECT_EQ(found.r2.value, found.region_r2);
  EXPECT_FALSE(found.tilt_deg.has_value());
}

struct Pulls {
  double squares = 0.0, bias = 0.0;
  int n = 0;
  void Add(const AxialValue& value, double truth) {
    squares += std::pow((value.value - truth) / *value.u, 2);
    bias += value.value / truth - 1.0;
    ++n;
  }
  [[nodiscard]] double Sd() const { return std::sqrt(squares / n); }
  [[nodiscard]] double Bias() const { return bias / n; }
};

TEST(SectioningTest, ATiltedPlaneReadsItsOwnWidthAndItsTilt) {
  Pulls width, tilt, half;
  constexpr double kSlopeX = 0.05;
  constexpr double kSlopeY = -0.08;
  const double truth_deg = std::atan(std::hypot(kSlopeX, kSlopeY)) * 180.0 / std::numbers::pi;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const AxialScene scene{.slope_x = kSlopeX, .slope_y = kSlopeY, .seed = seed};
    const Sectioning found = Found(MeasureSectioning({RenderAxialStack(scene)}, SettingsOf(scene)));
    EXPECT_EQ(found.tiles.size(), 16U);
    width.Add(found.fwhm_um, scene.fwhm_um);
    ASSERT_TRUE(found.tilt_deg.has_value());
    tilt.Add(*found.tilt_deg, truth_deg);
    // The mean of the whole field is broadened by the tilt.
    EXPECT_GT(found.region_fwhm_um.value, found.fwhm_um.value);
  }
  EXPECT_LT(std::abs(width.Bias()), 0.001);
  EXPECT_LT(std::abs(tilt.Bias()), 0.003);
  for (const auto* pulls : {&width, &tilt}) {
    EXPECT_GT(pulls->Sd(), 0.7);
    EXPECT_LT(pulls->Sd(), 1.3);
  }
}

TEST(SectioningTest, AnXzImageIsOneProfile) {
  Pulls width, half;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    AxialScene scene{.planes = 80, .z_step_um = 0.12, .seed = seed};
    const Sectioning found = Found(
        MeasureSectioning({{RenderAxialSection(scene)}}, SettingsOf(scene, AxialLayout::kXzImage)));
    width.Add(found.fwhm_um, scene.fwhm_um);
    ASSERT_TRUE(found.half_maximum_um.has_value());
    half.Add(*found.half_maximum_um, scene.fwhm_um);
    EXPECT_EQ(found.tiles.size(), 8U);
    EXPECT_FALSE(found.r2.u.has_value());
  }
  EXPECT_LT(std::abs(width.Bias()), 0.001);
  EXPECT_GT(width.Sd(), 0.75);
  EXPECT_LT(width.Sd(), 1.3);
  EXPECT_LT(std::abs(half.Bias()), 0.01);
}

TEST(SectioningTest, EachFaultHasItsReason) {
  const AxialScene scene;
  const auto fault = [&](const std::vector<cv::Mat>& planes, SectioningSettings settings) {
    const auto measured = MeasureSectioning({planes}, settings);
    const auto* found = std::get_if<Fault>(&measured);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  };
  std::vector<cv::Mat> planes = RenderAxialStack(scene);
  SectioningSettings settings = SettingsOf(scene);
  EXPECT_EQ(fault({}, settings), Fault::kUnsupportedFormat);
  EXPECT_EQ(fault({planes.begin() + 17, planes.begin() + 23}, settings), Fault::kTooSmall);
  EXPECT_EQ(fault({planes.begin() + 17, planes.begin() + 24}, settings), std::nullopt);
  EXPECT_EQ(fault(std::vector<cv::Mat>(9, cv::Mat(15, 40, CV_16U, cv::Scalar(3))), settings),
            Fault::kTooSmall);
  EXPECT_EQ(fault(std::vector<cv::Mat>(9, cv::Mat(16, 40, CV_16U, cv::Scalar(3))), settings),
            Fault::kNoSignal);
  settings.saturation_adu = 300.0;
  EXPECT_EQ(fault(planes, settings), Fault::kSaturated);
  settings.saturation_adu = std::nullopt;
  std::vector<cv::Mat> mixed = planes;
  mixed[3] = mixed[3](cv::Rect(0, 0, 20, 20));
  EXPECT_EQ(fault(mixed, settings), Fault::kUnsupportedFormat);
  std::vector<cv::Mat> holes;
  for (const cv::Mat& plane : planes) {
    holes.emplace_back();
    plane.convertTo(holes.back(), CV_32F);
  }
  holes[5].at<float>(3, 3) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(fault(holes, settings), Fault::kNotFinite);
  AxialScene outside = scene;
  outside.z0_um = -3.0;
  EXPECT_EQ(fault(RenderAxialStack(outside), settings), Fault::kFitFailed);
}

TEST(HalfMaximum1dTest, ReadsAnyShape) {
  std::vector<double> triangle(41, 10.0);
  for (int i = -10; i <= 10; ++i)
    triangle[static_cast<std::size_t>(20 + i)] += 5.0 * (10 - std::abs(i));
  const auto width = HalfMaximum1d(triangle);
  ASSERT_TRUE(width.has_value());
  EXPECT_NEAR(width->width, 10.0, 0.5);  // the parabola rounds the tip
  std::vector<double> gauss(61);
  for (int i = 0; i < 61; ++i) {
    gauss[static_cast<std::size_t>(i)] =
        100.0 + 900.0 * std::exp(-0.5 * std::pow((i - 29.3) / 5.0, 2));
  }
  EXPECT_NEAR(HalfMaximum1d(gauss)->width, 5.0 * 2.3548, 0.09);
  EXPECT_FALSE(HalfMaximum1d(std::vector<double>{1, 2, 3, 2, 1, 0}).has_value());
  std::vector<double> edge(20);
  for (int i = 0; i < 20; ++i) edge[static_cast<std::size_t>(i)] = i;
  EXPECT_FALSE(HalfMaximum1d(edge).has_value());
}

TEST(SectioningReportTest, DefaultStandsFirstAndPoorFitsAreSaid) {
  const AxialScene scene{.slope_x = 0.12};
  const auto measured = MeasureSectioning({RenderAxialStack(scene)}, SettingsOf(scene));
  Report report = SectioningReport(measured, 1);
  ASSERT_GE(report.quantities.size(), 5U);
  EXPECT_EQ(report.quantities.front().id, "sectioning.fwhm.z");
  EXPECT_EQ(report.quantities.front().definition, "etalon.gauss1d/1");
  EXPECT_EQ(report.quantities.front().n, 16);
  EXPECT_EQ(report.quantities.front().channel, 1);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().code, "tilted");
  Sectioning poor = std::get<Sectioning>(measured);
  poor.r2.value = 0.94;
  poor.saturated = 0.001;
  poor.tilt_deg = AxialValue{1.0, 0.1};
  report = SectioningReport(poor);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].code, "saturated");
  EXPECT_EQ(report.findings[1].code, "model_mismatch");
  for (const Fault fault : {Fault::kUnsupportedFormat, Fault::kTooSmall, Fault::kNotFinite,
                            Fault::kSaturated, Fault::kNoSignal, Fault::kFitFailed}) {
    report = SectioningReport(fault);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings.front().code, Name(fault));
    EXPECT_GT(report.findings.front().text.size(), 40U);
  }
}

}  // namespace
}  // namespace qc_metrics
