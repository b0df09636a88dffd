#include "qc_metrics/sectioning.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "monitor/simulation/axial_response.h"
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
  Pulls width, tilt;
  constexpr double kSlopeX = 0.05;
  constexpr double kSlopeY = -0.08;
  const double truth_deg = std::atan(std::hypot(kSlopeX, kSlopeY)) * 180.0 / std::numbers::pi;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
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
    EXPECT_GT(pulls->Sd(), 0.8);  // 100 values: known to 7 %
    EXPECT_LT(pulls->Sd(), 1.15);
  }
}

TEST(SectioningTest, AnXzImageIsOneProfile) {
  Pulls width, half;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
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
  EXPECT_GT(width.Sd(), 0.85);  // 150 values: known to 6 %
  EXPECT_LT(width.Sd(), 1.15);
  EXPECT_LT(std::abs(half.Bias()), 0.001);
  EXPECT_GT(half.Sd(), 0.85);
  EXPECT_LT(half.Sd(), 1.15);
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

// 40 planes of 0.2 um, 24 x 16 px: 4 x 4 tiles of 6 x 4 px, each a Gaussian of its own along z.
template <typename Centre, typename Sigma>
std::vector<cv::Mat> Tiles(const Centre& centre, const Sigma& sigma) {
  std::vector<cv::Mat> planes;
  for (int k = 0; k < 40; ++k) {
    planes.emplace_back(16, 24, CV_32F);
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) {
        const double u = (0.2 * k - centre(i, j)) / sigma(i, j);
        planes.back()(cv::Rect(6 * i, 4 * j, 6, 4)).setTo(50.0 + 1000.0 * std::exp(-0.5 * u * u));
      }
    }
  }
  return planes;
}

SectioningSettings OfTiles() {
  SectioningSettings settings{.z_step_um = 0.2};
  settings.pixel_x_um = 0.5;
  settings.pixel_y_um = 0.4;
  return settings;
}

constexpr double kDegree = 180.0 / std::numbers::pi;

// A plane of .06 um a pixel along x and .02 along y, whose tiles lie .01 um above and below it in
// turn, which is square to level and slopes.
TEST(SectioningTest, TiltAndItsUncertaintyInClosedForm) {
  for (const double slope_y : {0.02, 0.0}) {
    const auto found = Found(MeasureSectioning({Tiles(
                                                   [&](int i, int j) {
                                                     return 4.0 + 0.06 * 6.0 * (i - 1.5) +
                                                            slope_y * 4.0 * (j - 1.5) +
                                                            ((i + j) % 2 == 0 ? 0.01 : -0.01);
                                                   },
                                                   [](int, int) { return 0.7; })},
                                               OfTiles()));
    ASSERT_EQ(found.tiles.size(), 16U);
    EXPECT_EQ(found.tiles[6].x_px, 14.5);  // third of the second row
    EXPECT_EQ(found.tiles[6].y_px, 5.5);
    const double x = 0.06 / 0.5, y = slope_y / 0.4, steep = std::hypot(x, y);
    ASSERT_TRUE(found.tilt_deg.has_value());
    EXPECT_NEAR(found.tilt_deg->value, kDegree * std::atan(steep), 1e-4);
    // 16 centres, 3 parameters; the variance of a Student's t of 13 degrees of freedom.
    const double variance = 16.0 * 1e-4 / 13.0 * 13.0 / 11.0;
    const double u_x = std::sqrt(variance / (16.0 * 1.25 * 36.0)) / 0.5;
    const double u_y = std::sqrt(variance / (16.0 * 1.25 * 16.0)) / 0.4;
    const double u = std::hypot(x * u_x, y * u_y) / steep;
    EXPECT_NEAR(*found.tilt_deg->u, kDegree * u / (1.0 + steep * steep), 1e-4);
    // The tilt's own part, a box across each tile, is taken off the width.
    const double added = (std::pow(0.06 * 6.0, 2) + std::pow(slope_y * 4.0, 2)) / 12.0;
    EXPECT_NEAR(found.fwhm_um.value, 2.3548200450309493 * std::sqrt(0.49 - added), 1e-5);
  }
}

// Without tilt both axes are uncertain alike: half of the sum of their variances.
TEST(SectioningTest, ALevelPlaneHasTheMeanUncertaintyOfBothAxes) {
  const auto found = Found(
      MeasureSectioning({Tiles([](int i, int j) { return 4.0 + ((i + j) % 2 == 0 ? 0.01 : -0.01); },
                               [](int, int) { return 0.7; })},
                        OfTiles()));
  const double variance = 16.0 * 1e-4 / 11.0 / 20.0;
  const double expected = std::sqrt(0.5 * variance * (1.0 / (36.0 * 0.25) + 1.0 / (16.0 * 0.16)));
  ASSERT_TRUE(found.tilt_deg.has_value());
  EXPECT_NEAR(found.tilt_deg->value, 0.0, 1e-3);
  EXPECT_GT(*found.tilt_deg->u, 0.5 * kDegree * expected);  // rounding gives it a direction
  EXPECT_LT(*found.tilt_deg->u, 1.5 * kDegree * expected);
}

// Widths of .6, .61 .. .75 um: the median lies between two of them, its uncertainty is that of
// normal scatter.
TEST(SectioningTest, WidthIsTheMedianOfTheTiles) {
  const auto found = Found(
      MeasureSectioning({Tiles([](int, int) { return 4.0; },
                               [](int i, int j) { return 0.6 + 0.01 * ((7 * (i + 4 * j)) % 16); })},
                        OfTiles()));
  const double fwhm = 2.3548200450309493;
  EXPECT_NEAR(found.fwhm_um.value, fwhm * 0.675, 1e-5);
  // The sample variance of 0 .. 15 is 68 / 3 = 22.667; 15 degrees of freedom.
  const double variance = 68.0 / 3.0 * 1e-4;
  EXPECT_NEAR(*found.fwhm_um.u,
              fwhm * std::sqrt(std::numbers::pi / 2.0 * variance / 16.0 * 15.0 / 13.0), 1e-5);
  EXPECT_NEAR(found.r2.value, 1.0, 1e-9);
  EXPECT_EQ(found.tried_tiles, 16);
  EXPECT_EQ(found.profile.size(), 40U);
  EXPECT_NEAR(found.profile[20], 1050.0, 1e-2);
}

// Without one of them 15 are left, of which the eighth is the median.
TEST(SectioningTest, AnOddNumberOfTilesHasAMiddleOne) {
  const auto found = Found(
      MeasureSectioning({Tiles([](int i, int j) { return i == 2 && j == 1 ? 400.0 : 4.0; },
                               [](int i, int j) { return 0.6 + 0.01 * ((7 * (i + 4 * j)) % 16); })},
                        OfTiles()));
  EXPECT_EQ(found.tiles.size(), 15U);
  // The one left out, seventh of the second row, is the one of .6 + .01 (42 mod 16).
  EXPECT_NEAR(found.fwhm_um.value, 2.3548200450309493 * 0.67, 1e-5);
}

TEST(SectioningTest, HalfOfTheTilesMustShowThePlane) {
  for (const int rows : {2, 1}) {
    const auto measured = MeasureSectioning(
        {Tiles([&](int, int j) { return j < rows ? 4.0 : 400.0; }, [](int, int) { return 0.7; })},
        OfTiles());
    EXPECT_EQ(std::holds_alternative<Sectioning>(measured), rows == 2);
  }
}

// An xz image of 10 columns has two strips, of 6 one, of 64 and more eight.
TEST(SectioningTest, AnXzImageHasUpToEightStrips) {
  for (const auto& [columns, strips] : {std::pair{6, 1}, {10, 2}, {31, 7}, {32, 8}, {90, 8}}) {
    cv::Mat image(40, columns, CV_32F);
    for (int z = 0; z < 40; ++z) {
      for (int x = 0; x < columns; ++x) {
        const double u = (0.2 * z - 4.0 - 0.03 * (x - 0.5 * (columns - 1))) / 0.7;
        image.at<float>(z, x) = static_cast<float>(50.0 + 1000.0 * std::exp(-0.5 * u * u));
      }
    }
    auto settings = OfTiles();
    settings.layout = AxialLayout::kXzImage;
    const auto found = Found(MeasureSectioning({{image}}, settings));
    EXPECT_EQ(found.tried_tiles, strips) << columns;
    EXPECT_EQ(found.tilt_deg.has_value(), strips >= 4);
    if (!found.tilt_deg) continue;
    EXPECT_NEAR(found.tilt_deg->value, kDegree * std::atan(0.03 / 0.5), 0.01);
    EXPECT_EQ(found.tiles[1].x_px - found.tiles[0].x_px >= columns / strips, true);
  }
}

TEST(SectioningTest, OnePerCentOfSaturatedVoxelsIsTheMost) {
  auto planes = Tiles([](int, int) { return 4.0; }, [](int, int) { return 0.7; });
  auto settings = OfTiles();
  settings.saturation_adu = 4000.0;
  const int most = 40 * 24 * 16 / 100;
  for (int i = 0; i < most; ++i) planes[20].at<float>(i / 24, i % 24) = 4000.0F;
  const auto found = Found(MeasureSectioning({planes}, settings));
  EXPECT_NEAR(found.saturated, most / (40.0 * 24.0 * 16.0), 1e-12);
  planes[21].at<float>(3, 3) = 4000.0F;
  EXPECT_EQ(std::get<Fault>(MeasureSectioning({planes}, settings)), Fault::kSaturated);
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
