#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <vector>

#include "qc_metrics/banded_cholesky.h"
#include "qc_metrics/field_imagej.h"
#include "qc_metrics/field_scan.h"
#include "qc_metrics/field_shape.h"
#include "qc_metrics/gaussian_rows.h"
#include "qc_metrics/illumination.h"

// The parts of the illumination analysis against their definitions, spelled out the slow way.

namespace qc_metrics {
namespace {

cv::Mat Noisy(int width, int height, int type, double slope_x, std::uint64_t seed) {
  cv::Mat image(height, width, CV_32F);
  cv::RNG rng(seed);
  rng.fill(image, cv::RNG::NORMAL, 2000.0, 40.0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) image.at<float>(y, x) += static_cast<float>(slope_x * x - y);
  }
  cv::Mat out;
  image.convertTo(out, type);
  return out;
}

int Mirrored(int at, int size) {
  if (at < 0) return -at - 1;
  return at >= size ? 2 * size - at - 1 : at;
}

// The separable kernel, in double and in the order of its definition.
cv::Mat SmoothedSlowly(const cv::Mat& image) {
  std::vector<double> weight(17);
  for (int k = 0; k < 17; ++k)
    weight[static_cast<std::size_t>(k)] = std::exp(-(k - 8) * (k - 8) / 8.0);
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  cv::Mat out(image.size(), CV_64F);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      double sum = 0.0;
      for (int j = -8; j <= 8; ++j) {
        for (int i = -8; i <= 8; ++i) {
          sum += weight[static_cast<std::size_t>(j + 8)] * weight[static_cast<std::size_t>(i + 8)] *
                 static_cast<double>(
                     image.at<float>(Mirrored(y + j, image.rows), Mirrored(x + i, image.cols)));
        }
      }
      out.at<double>(y, x) = sum / (total * total);
    }
  }
  return out;
}

// Sizes with a rest of a run of columns, and with one; extremes in rows that are skipped otherwise.
TEST(GaussianRows, ExtremesAndEachFourthRowAreThoseOfTheKernel) {
  for (const cv::Size size : {cv::Size(300, 70), cv::Size(128, 45), cv::Size(40, 33)}) {
    for (const double slope : {0.0, 1.5, -1.5}) {
      cv::Mat image = Noisy(size.width, size.height, CV_32F, slope, 5);
      image.at<float>(size.height - 2, size.width - 3) += 5000.0F;  // row 31, 43 or 68
      image.at<float>(1, 1) -= 1900.0F;
      const cv::Mat slow = SmoothedSlowly(image);
      std::vector<int> rows;
      GaussianRows gaussian(size, [&](int y, const float* row) {
        rows.push_back(y);
        for (int x = 0; x < size.width; ++x) {
          ASSERT_NEAR(static_cast<double>(row[x]), slow.at<double>(y, x), 0.01) << x << " " << y;
        }
      });
      constexpr int kRoom = GaussianRows::kRadius;
      cv::Mat roomy(size.height, size.width + 2 * kRoom, CV_32F, cv::Scalar(1e9));
      image.copyTo(roomy.colRange(kRoom, kRoom + size.width));
      for (int y = 0; y < size.height; ++y) gaussian.Add(y, roomy.ptr<float>(y) + kRoom);
      double low = 0.0, high = 0.0;
      cv::minMaxLoc(slow, &low, &high);
      EXPECT_NEAR(static_cast<double>(gaussian.lowest()), low, 0.01) << size;
      EXPECT_NEAR(static_cast<double>(gaussian.highest()), high, 0.01) << size;
      ASSERT_EQ(rows.size(), static_cast<std::size_t>((size.height + 3) / 4));
      for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], static_cast<int>(4 * i));
    }
  }
}

// 1100 rows: the percentiles come from each second of them, and still the means are exact but for
// the square of that error.
TEST(FieldScan, SumsAreThoseOfAllPixels) {
  for (const cv::Size size : {cv::Size(61, 1100), cv::Size(333, 77)}) {
    for (const int type : {CV_8U, CV_16U, CV_32S, CV_32F}) {
      cv::Mat image = Noisy(size.width, size.height, CV_32F, 1.0, 9);
      if (type == CV_8U) image = image / 20.0;
      image.convertTo(image, type);
      const FieldScan scan = ScanField(image);
      cv::Mat values;
      image.convertTo(values, CV_64F);
      std::vector<double> sorted(values.begin<double>(), values.end<double>());
      std::sort(sorted.begin(), sorted.end());
      const auto n = sorted.size();
      const auto extreme = static_cast<std::ptrdiff_t>(n / 20);
      cv::Scalar mean, sd;
      cv::meanStdDev(values, mean, sd);
      const double range = sorted.back() - sorted.front();
      EXPECT_EQ(scan.min_adu, sorted.front());
      EXPECT_EQ(scan.max_adu, sorted.back());
      EXPECT_NEAR(scan.mean_adu, mean[0], 1e-6 * mean[0]);
      EXPECT_NEAR(scan.sd_adu, sd[0], 1e-6 * mean[0]);
      const double dark = std::accumulate(sorted.begin(), sorted.begin() + extreme, 0.0);
      const double light = std::accumulate(sorted.end() - extreme, sorted.end(), 0.0);
      EXPECT_NEAR(scan.darkest_adu, dark / static_cast<double>(extreme), 2e-5 * range);
      EXPECT_NEAR(scan.brightest_adu, light / static_cast<double>(extreme), 2e-5 * range);
      double count = 0.0, sum_x = 0.0, sum_y = 0.0;
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          if (values.at<double>(y, x) <
              static_cast<double>(static_cast<float>(0.9 * scan.max_adu))) {
            continue;
          }
          count += 1.0;
          sum_x += x;
          sum_y += y;
        }
      }
      EXPECT_NEAR(scan.bright_zone_px.x, sum_x / count, 1e-6);
      EXPECT_NEAR(scan.bright_zone_px.y, sum_y / count, 1e-6);
      EXPECT_NEAR(scan.binned.mean.at<double>(1, 2),
                  cv::mean(values(cv::Rect(2 * scan.binned.bin_px, scan.binned.bin_px,
                                           scan.binned.bin_px, scan.binned.bin_px)))[0],
                  1e-6 * mean[0]);
    }
  }
}

// Up to 1023 rows all of them say where the brightest and the darkest 5 % begin, also where each
// second row is another light.
TEST(FieldScan, EveryRowOfASmallImageCounts) {
  for (const int first : {0, 1}) {
    cv::Mat image(80, 200, CV_16U);
    for (int y = 0; y < 80; ++y) {
      for (int x = 0; x < 200; ++x) {
        const int light = (y + first) % 2 == 0 ? 1000 : 3000 + 5 * x;
        image.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(light);
      }
    }
    const FieldScan scan = ScanField(image);
    EXPECT_EQ(scan.darkest_adu, 1000.0);
    EXPECT_NEAR(scan.brightest_adu, 3000.0 + 5.0 * 189.5, 0.01);  // x = 180 .. 199
  }
}

// The SD of the noise is 40: 500 and more blocks tell it to 1 %, dust in a few of them does
// nothing.
TEST(FieldScan, NoiseIsThatOfThePixels) {
  cv::Mat image = Noisy(400, 400, CV_32F, 1.0, 3);
  image(cv::Rect(40, 40, 60, 20)) *= 0.7;
  const FieldScan scan = ScanField(image);
  EXPECT_NEAR(std::sqrt(scan.noise.VarianceAt(2000.0)), 40.0, 0.4);
}

// Written out: every pixel through a kernel of 17 x 17 in double precision, pixels beyond the
// border those of the border, rounded.
ImageJField Written(const cv::Mat& image) {
  const auto at = [&](int x, int y) {
    x = std::clamp(x, 0, image.cols - 1);
    y = std::clamp(y, 0, image.rows - 1);
    return image.depth() == CV_8U ? 1.0 * image.at<std::uint8_t>(y, x)
                                  : 1.0 * image.at<std::uint16_t>(y, x);
  };
  cv::Mat out(image.size(), CV_64F);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      double sum = 0.0;
      double weights = 0.0;
      for (int j = -8; j <= 8; ++j) {
        for (int i = -8; i <= 8; ++i) {
          const double weight = std::exp(-0.125 * (i * i + j * j));
          sum += weight * at(x + i, y + j);
          weights += weight;
        }
      }
      out.at<double>(y, x) = std::floor(sum / weights + 0.5);
    }
  }
  double low = 0.0, high = 0.0;
  cv::minMaxLoc(out, &low, &high);
  const int right = out.cols - 1, bottom = out.rows - 1, x = out.cols / 2, y = out.rows / 2;
  double mean = 0.0, square = 0.0;
  for (const auto& [px, py] :
       {std::pair(0, 0), std::pair(right, 0), std::pair(0, bottom), std::pair(right, bottom),
        std::pair(x, 0), std::pair(x, bottom), std::pair(0, y), std::pair(right, y)}) {
    mean += out.at<double>(py, px) / 8.0;
    square += out.at<double>(py, px) * out.at<double>(py, px) / 8.0;
  }
  return {.minmax = low / high, .azimuth8 = 1.0 - std::sqrt(square - mean * mean) / high};
}

// A hill, a bowl, a slope and a spot beside the border: extremes in the middle, in the corners, at
// a side and where mirrored and repeated borders disagree.
TEST(FieldImageJ, IsTheBlurOfEveryPixelWithRepeatedBorders) {
  for (const int type : {CV_8U, CV_16U}) {
    for (int kind = 0; kind < 4; ++kind) {
      SCOPED_TRACE(kind);
      cv::Mat image(57, 83, type);
      const double scale = type == CV_8U ? 1.0 : 200.0;
      for (int y = 0; y < image.rows; ++y) {
        for (int x = 0; x < image.cols; ++x) {
          const double r2 = std::pow(x - 45.0, 2) + std::pow(y - 25.0, 2);
          const double noise = (x * 7919 + y * 104729) % 23;
          const double spot = std::exp(-0.02 * (std::pow(x - 80.0, 2) + std::pow(y - 30.0, 2)));
          const double value[] = {200.0 - 0.05 * r2, 60.0 + 0.05 * r2, 40.0 + 1.5 * x,
                                  100.0 + 90.0 * spot};
          const double raw = scale * (value[kind] + noise);
          if (type == CV_8U) {
            image.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(raw);
          } else {
            image.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(raw);
          }
        }
      }
      const ImageJField found = MeasureImageJField(image, ScanField(image));
      const ImageJField written = Written(image);
      // One count of 16 bits may fall on the other side of a half.
      EXPECT_NEAR(found.minmax, written.minmax, type == CV_8U ? 1e-12 : 4e-5);
      EXPECT_NEAR(found.azimuth8, written.azimuth8, type == CV_8U ? 1e-12 : 4e-5);
    }
  }
}

// Mirroring raises the pixel that is three from the border above the one inside, which is the
// largest once the border is repeated instead.
TEST(FieldImageJ, AnExtremeThatOnlyTheMirrorHasIsNone) {
  cv::Mat image(57, 83, CV_16U, cv::Scalar(1000));
  image.at<std::uint16_t>(30, 79) = 65000;
  image.at<std::uint16_t>(28, 40) = 65070;
  const FieldScan scan = ScanField(image);
  const ImageJField written = Written(image);
  EXPECT_GT(scan.smoothed_max_adu, 1000.0 / written.minmax + 2.0);
  EXPECT_NEAR(MeasureImageJField(image, scan).minmax, written.minmax, 1e-12);
}

// Weights that sum to one, up to the border and in its corners.
TEST(FieldImageJ, ALevelFieldStaysLevel) {
  for (const double level : {3.0, 60000.0}) {
    const cv::Mat image(40, 50, CV_16U, cv::Scalar(level));
    const ImageJField field = MeasureImageJField(image, ScanField(image));
    EXPECT_EQ(field.minmax, 1.0);
    EXPECT_EQ(field.azimuth8, 1.0);
  }
}

TEST(BandedCholesky, SolvesAndRefuses) {
  constexpr int kSize = 23, kWidth = 4;
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(kSize, kSize);
  BandedMatrix banded(kSize, kWidth);
  for (int i = 0; i < kSize; ++i) {
    for (int j = std::max(0, i - kWidth); j <= i; ++j) {
      const double value = i == j ? 9.0 + i : 1.0 / (1.0 + i + 2.0 * j);
      dense(i, j) = dense(j, i) = value;
      banded.At(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = value;
    }
  }
  BandedMatrix refused = banded;
  ASSERT_TRUE(FactorInPlace(banded));
  EXPECT_NEAR(LogDeterminant(banded), std::log(dense.determinant()), 1e-10);
  Eigen::VectorXd right(kSize);
  for (int i = 0; i < kSize; ++i) right(i) = std::sin(i);
  std::vector<double> solution(right.data(), right.data() + kSize);
  SolveInPlace(banded, solution);
  const Eigen::VectorXd expected = dense.llt().solve(right);
  for (int i = 0; i < kSize; ++i)
    EXPECT_NEAR(solution[static_cast<std::size_t>(i)], expected(i), 1e-12);
  refused.At(7, 7) = -1.0;
  EXPECT_FALSE(FactorInPlace(refused));
}

// Exact for a paraboloid but for what bins average: (bin / width)^2 / 12 of the curvature.
TEST(FieldShape, IsThatOfAParaboloid) {
  cv::Mat bins(50, 60, CV_64F);
  const cv::Size size(300, 250);
  const cv::Size2d pixel(0.2, 0.1);
  for (int j = 0; j < bins.rows; ++j) {
    for (int i = 0; i < bins.cols; ++i) {
      const double x = 0.2 * ((i + 0.5) * 5.0 - 150.0);  // um from the middle
      const double y = 0.1 * ((j + 0.5) * 5.0 - 125.0);
      bins.at<double>(j, i) =
          700.0 * (1.0 + 2e-3 * x - 3e-3 * y - 1e-4 * x * x - 3e-4 * y * y + 5e-5 * x * y);
    }
  }
  const FieldShape shape = MeasureFieldShape(bins, 5, size, pixel, 700.0);
  EXPECT_NEAR(shape.gradient[0], 2e-3, 1e-12);
  EXPECT_NEAR(shape.gradient[1], -3e-3, 1e-12);
  EXPECT_NEAR(shape.vignetting, -2e-4, 1e-13);
  // Noise of a slope over n pixels: sqrt(12 / n) / sqrt(700), over the side.
  const double slope_u = std::sqrt(12.0 / 75000.0 / 700.0);
  EXPECT_NEAR(shape.gradient_u[0], slope_u / 60.0, 0.01 * slope_u / 60.0);
  EXPECT_NEAR(shape.gradient_u[1], slope_u / 25.0, 0.01 * slope_u / 25.0);
  // Of a second-degree term: sqrt(180 / n), over the side squared; the mean of both is half.
  const double bend_u = std::sqrt(180.0 / 75000.0 / 700.0);
  EXPECT_NEAR(shape.vignetting_u, 0.5 * bend_u * std::hypot(1.0 / 3600.0, 1.0 / 625.0),
              0.02 * bend_u / 625.0);
}

TEST(FieldShape, IsReportedWithPixelSizesOnly) {
  const cv::Mat image = Noisy(200, 150, CV_16U, 1.0, 2);
  IlluminationSettings settings{.camera_offset_adu = 0.0, .saturation_adu = 65535.0};
  const auto count = [&](const char* id) {
    const auto report = IlluminationReport(MeasureIllumination(image, settings), settings);
    return std::count_if(report.quantities.begin(), report.quantities.end(),
                         [&](const Quantity& quantity) { return quantity.id == id; });
  };
  EXPECT_EQ(count("illumination.vignetting"), 0);
  settings.pixel_size_x_um = 0.5;
  EXPECT_EQ(count("illumination.vignetting"), 0);
  settings.pixel_size_y_um = 0.5;
  EXPECT_EQ(count("illumination.vignetting"), 1);
  EXPECT_EQ(count("illumination.gradient.x"), 1);
  const auto result = MeasureIllumination(image, settings);
  const auto& field = std::get<Illumination>(result.field);
  // About 1 ADU a pixel of 2 pixels a um, on 2025 ADU in the middle.
  EXPECT_NEAR(field.gradient_x_per_um->value, 2.0 / 2025.0, 0.06 / 2025.0);
  EXPECT_NEAR(field.gradient_y_per_um->value, -2.0 / 2025.0, 0.06 / 2025.0);
}

// Where a peak lies is not known of a field that is flat within its noise, or within one grey
// value.
TEST(SmoothSurface, AFlatFieldHasNoPeakKnownToMoreThanTheImage) {
  for (const double noise_adu : {0.0, 0.3}) {
    for (const int side : {32, 64, 97}) {
      cv::Mat dim(side, side, CV_32F);
      cv::RNG rng(7);
      rng.fill(dim, cv::RNG::NORMAL, 10.0, noise_adu);
      cv::Mat image;
      dim.convertTo(image, CV_8U);
      const auto result =
          MeasureIllumination(image, {.camera_offset_adu = 1.0, .saturation_adu = 255.0});
      const auto& field = std::get<Illumination>(result.field);
      for (const auto* place : {&field.peak_x_px, &field.peak_y_px}) {
        EXPECT_LT(place->u.value_or(0.0), std::hypot(side, side)) << side;
      }
      EXPECT_LT(field.centring.u.value_or(0.0), 2.0) << side;
    }
  }
}

}  // namespace
}  // namespace qc_metrics
