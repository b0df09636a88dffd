#include "qc_metrics/pixel_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "monitor/simulation/random.h"

namespace qc_metrics {
namespace {

using monitor::simulation::Random;

template <typename T>
Stack RandomFrames(int width, int height, int frames, std::uint64_t seed, double level,
                   double spread) {
  Random random(seed);
  Stack stack;
  for (int k = 0; k < frames; ++k) {
    cv::Mat frame(height, width, cv::DataType<T>::type);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        frame.at<T>(y, x) =
            static_cast<T>(level + 0.01 * (x + 2 * y) + spread * random.Uniform(-1.0, 1.0));
      }
    }
    stack.planes.push_back(frame);
  }
  return stack;
}

/// Two passes in double: what the single pass must equal.
template <typename T>
void ExpectExact(const Stack& stack, const PixelSeries& series, double tolerance) {
  const auto n = static_cast<double>(stack.planes.size());
  ASSERT_EQ(series.frames, static_cast<int>(stack.planes.size()));
  ASSERT_EQ(series.mean.size(), stack.planes.front().size());
  for (int y = 0; y < series.mean.rows; ++y) {
    for (int x = 0; x < series.mean.cols; ++x) {
      double mean = 0.0;
      for (const cv::Mat& plane : stack.planes) mean += static_cast<double>(plane.at<T>(y, x)) / n;
      double squares = 0.0;
      for (const cv::Mat& plane : stack.planes) {
        squares += std::pow(static_cast<double>(plane.at<T>(y, x)) - mean, 2);
      }
      ASSERT_NEAR(series.mean.at<float>(y, x), mean, tolerance * std::abs(mean));
      if (n > 1.0) {
        ASSERT_NEAR(series.variance.at<float>(y, x), squares / (n - 1.0),
                    10.0 * tolerance * (squares / (n - 1.0) + 1.0));
      }
    }
  }
  for (std::size_t k = 0; k < stack.planes.size(); ++k) {
    ASSERT_NEAR(series.frame_mean[k], cv::mean(stack.planes[k])[0], tolerance * 1e3);
  }
}

template <typename T>
void CheckType(double level, double spread) {
  for (int frames = 1; frames <= 9; ++frames) {
    const Stack stack = RandomFrames<T>(37, 5, frames, 3, level, spread);
    const auto series = SumSeries(stack, {});
    ASSERT_TRUE(std::holds_alternative<PixelSeries>(series));
    ExpectExact<T>(stack, std::get<PixelSeries>(series), 1e-6);
  }
}

TEST(PixelSeries, IsExactForEveryTypeAndAnyNumberOfFrames) {
  CheckType<std::uint16_t>(1000.0, 60.0);
  CheckType<std::uint8_t>(100.0, 50.0);
  CheckType<std::int32_t>(-40000.0, 300.0);
  CheckType<float>(10.0, 5.0);
}

TEST(PixelSeries, ALargeImageIsCutIntoTilesAndNothingIsLostBetweenThem) {
  for (const cv::Size size : {cv::Size(40000, 3), cv::Size(1000, 71), cv::Size(3, 30000)}) {
    const auto stack = RandomFrames<std::uint16_t>(size.width, size.height, 6, 7, 40000.0, 25000.0);
    ExpectExact<std::uint16_t>(stack, std::get<PixelSeries>(SumSeries(stack, {})), 2e-6);
  }
}

TEST(PixelSeries, APartOfALargerImageIsReadInPlace) {
  const Stack whole = RandomFrames<std::uint16_t>(50, 40, 5, 9, 500.0, 100.0);
  Stack part;
  for (const cv::Mat& plane : whole.planes) part.planes.push_back(plane(cv::Rect(7, 3, 21, 30)));
  ExpectExact<std::uint16_t>(part, std::get<PixelSeries>(SumSeries(part, {})), 1e-6);
}

TEST(PixelSeries, MarksPixelsThatWereSaturatedInAnyFrame) {
  Stack stack = RandomFrames<std::uint16_t>(20, 10, 5, 1, 100.0, 3.0);
  stack.planes[3].at<std::uint16_t>(4, 6) = 4095;
  stack.planes[4].at<std::uint16_t>(9, 19) = 4096;
  stack.planes[0].at<std::uint16_t>(0, 0) = 4094;
  const auto series =
      std::get<PixelSeries>(SumSeries(stack, {.saturation_adu = 4094.5, .left_out = {}}));
  ASSERT_EQ(series.saturated.size(), cv::Size(20, 10));
  EXPECT_EQ(cv::countNonZero(series.saturated), 2);
  EXPECT_EQ(series.saturated.at<std::uint8_t>(4, 6), 255);
  EXPECT_EQ(series.saturated.at<std::uint8_t>(9, 19), 255);
  EXPECT_TRUE(std::get<PixelSeries>(SumSeries(stack, {.saturation_adu = 5000.0, .left_out = {}}))
                  .saturated.empty());
  EXPECT_TRUE(std::get<PixelSeries>(SumSeries(stack, {.saturation_adu = 1e9, .left_out = {}}))
                  .saturated.empty());
}

// One pixel of the first, the middle or the last place, in frames of every type.
TEST(PixelSeries, OneSaturatedPixelIsFoundWhereverItStands) {
  for (const int type : {CV_8U, CV_16U, CV_32S, CV_32F}) {
    for (const auto& [x, y] : {std::pair{0, 0}, {11, 4}, {19, 9}}) {
      Stack stack;
      for (int k = 0; k < 5; ++k) stack.planes.emplace_back(10, 20, type, cv::Scalar(100));
      stack.planes[2](cv::Rect(x, y, 1, 1)).setTo(200);
      const auto series =
          std::get<PixelSeries>(SumSeries(stack, {.saturation_adu = 200.0, .left_out = {}}));
      ASSERT_EQ(cv::countNonZero(series.saturated), 1) << type << " " << x;
      EXPECT_EQ(series.saturated.at<std::uint8_t>(y, x), 255);
    }
  }
}

TEST(PixelSeries, DifferencesOfNeighboursLeaveMarkedPixelsOut) {
  Stack stack = RandomFrames<std::uint16_t>(30, 20, 8, 5, 300.0, 40.0);
  cv::Mat left_out = cv::Mat::zeros(20, 30, CV_8U);
  left_out.at<std::uint8_t>(3, 4) = 1;
  for (std::size_t k = 0; k < 8; k += 2) stack.planes[k].at<std::uint16_t>(3, 4) = 60000;
  double expected = 0.0;
  for (std::size_t k = 1; k < 8; ++k) {
    for (int y = 0; y < 20; ++y) {
      for (int x = 0; x < 30; ++x) {
        if (left_out.at<std::uint8_t>(y, x) != 0) continue;
        expected += std::pow(static_cast<double>(stack.planes[k].at<std::uint16_t>(y, x)) -
                                 stack.planes[k - 1].at<std::uint16_t>(y, x),
                             2);
      }
    }
  }
  const auto series = std::get<PixelSeries>(SumSeries(stack, {std::nullopt, left_out, true}));
  EXPECT_NEAR(series.difference_variance, expected / (2.0 * 7 * 599), 1e-9 * expected);
  EXPECT_EQ(std::get<PixelSeries>(SumSeries(stack, {})).difference_variance, 0.0);
}

TEST(PixelSeries, RefusesWhatIsNoSeries) {
  EXPECT_EQ(std::get<Fault>(SumSeries({}, {})), Fault::kUnsupportedFormat);
  EXPECT_EQ(std::get<Fault>(SumSeries({{cv::Mat()}}, {})), Fault::kUnsupportedFormat);
  const cv::Mat a = cv::Mat::ones(8, 8, CV_16U);
  EXPECT_EQ(std::get<Fault>(SumSeries({{a, cv::Mat::ones(8, 9, CV_16U)}}, {})),
            Fault::kUnsupportedFormat);
  EXPECT_EQ(std::get<Fault>(SumSeries({{a, cv::Mat::ones(8, 8, CV_8U)}}, {})),
            Fault::kUnsupportedFormat);
  EXPECT_EQ(std::get<Fault>(SumSeries({{cv::Mat::ones(8, 8, CV_16UC3)}}, {})),
            Fault::kUnsupportedFormat);
  EXPECT_EQ(std::get<Fault>(SumSeries({{cv::Mat::ones(8, 8, CV_64F)}}, {})),
            Fault::kUnsupportedFormat);
  cv::Mat hole = cv::Mat::ones(8, 8, CV_32F);
  hole.at<float>(7, 7) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(std::get<Fault>(SumSeries({{cv::Mat::ones(8, 8, CV_32F), hole}}, {})),
            Fault::kNotFinite);
}

}  // namespace
}  // namespace qc_metrics
