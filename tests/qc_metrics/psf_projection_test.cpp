// One pass over a stack, against plain loops over hand-made voxels of every type.

#include "qc_metrics/psf_projection.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace qc_metrics {
namespace {

const std::array<int, 4> kTypes = {CV_8U, CV_16U, CV_32S, CV_32F};

/// Scattered values of 0 to 210, each of which stands in several slices of most columns.
float ValueAt(int x, int y, int z) {
  return static_cast<float>((x * 31 + y * 17 + z * 57 + x * y * 7) % 8 * 30);
}

Stack Scattered(int columns, int rows, int planes, int type) {
  Stack stack;
  for (int z = 0; z < planes; ++z) {
    cv::Mat plane(rows, columns, CV_32F);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) plane.at<float>(y, x) = ValueAt(x, y, z);
    }
    plane.convertTo(stack.planes.emplace_back(), type);
  }
  return stack;
}

std::optional<Fault> FaultOf(const Stack& stack) {
  const auto measured = ProjectMaximum(stack);
  const auto* fault = std::get_if<Fault>(&measured);
  return fault != nullptr ? std::optional(*fault) : std::nullopt;
}

// Rows of 300 values are projected in stripes of 54 to 218 rows.
TEST(ProjectMaximum, HoldsTheLargestValueAndTheFirstSliceThatHasIt) {
  for (const int type : kTypes) {
    const Stack stack = Scattered(300, 230, 7, type);
    const auto measured = ProjectMaximum(stack);
    ASSERT_TRUE(std::holds_alternative<cv::Mat>(measured));
    const auto& maximum = std::get<cv::Mat>(measured);
    ASSERT_EQ(maximum.type(), type);
    std::vector<float> row(300);
    int wrong = 0;
    for (int y = 0; y < 230; ++y) {
      ReadRow(maximum, 0, y, 300, row.data());
      for (int x = 0; x < 300; ++x) {
        int first = 0;
        for (int z = 1; z < 7; ++z) first = ValueAt(x, y, z) > ValueAt(x, y, first) ? z : first;
        const bool right = row[static_cast<std::size_t>(x)] == ValueAt(x, y, first) &&
                           SliceOfMaximum(stack, maximum, x, y) == first;
        wrong += right ? 0 : 1;
      }
    }
    EXPECT_EQ(wrong, 0) << type;
  }
}

TEST(ProjectMaximum, OneValueThatIsNotFiniteIsEnoughWhereverItStands) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (const auto& [x, y, z] : {std::array{0, 0, 0}, {8, 7, 4}, {3, 5, 2}}) {
      Stack stack = Scattered(9, 8, 5, CV_32F);
      EXPECT_EQ(FaultOf(stack), std::nullopt);
      stack.planes[static_cast<std::size_t>(z)].at<float>(y, x) = bad;
      EXPECT_EQ(FaultOf(stack), Fault::kNotFinite);
    }
  }
  Stack large = Scattered(9, 8, 5, CV_32F);
  large.planes[0].at<float>(0, 0) = std::numeric_limits<float>::max();
  EXPECT_EQ(FaultOf(large), std::nullopt);
}

TEST(ProjectMaximum, RefusesWhatIsNoStack) {
  EXPECT_EQ(FaultOf({}), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(Scattered(8, 8, 5, CV_8U)), std::nullopt);
  EXPECT_EQ(FaultOf(Scattered(7, 8, 5, CV_8U)), Fault::kTooSmall);
  EXPECT_EQ(FaultOf(Scattered(8, 7, 5, CV_8U)), Fault::kTooSmall);
  EXPECT_EQ(FaultOf(Scattered(8, 8, 4, CV_8U)), Fault::kTooSmall);
  for (const int type : {CV_8S, CV_16S, CV_64F, CV_8UC2}) {
    EXPECT_EQ(FaultOf({std::vector<cv::Mat>(5, cv::Mat::zeros(8, 8, type))}),
              Fault::kUnsupportedFormat);
  }
  for (const cv::Mat& other :
       {cv::Mat(8, 8, CV_16U, cv::Scalar(0)), cv::Mat(8, 9, CV_8U, cv::Scalar(0))}) {
    Stack mixed = Scattered(8, 8, 5, CV_8U);
    mixed.planes.back() = other;
    EXPECT_EQ(FaultOf(mixed), Fault::kUnsupportedFormat);
  }
  Stack without = Scattered(8, 8, 5, CV_8U);
  without.planes.back().release();
  EXPECT_EQ(FaultOf(without), Fault::kUnsupportedFormat);
}

TEST(ProjectMaximum, SidesAndSlicesHaveTheirLimits) {
  const auto of = [](int columns, int rows, std::size_t planes) {
    return Stack{std::vector<cv::Mat>(planes, cv::Mat::zeros(rows, columns, CV_8U))};
  };
  EXPECT_EQ(FaultOf(of(32767, 8, 5)), std::nullopt);
  EXPECT_EQ(FaultOf(of(32768, 8, 5)), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(of(8, 32767, 5)), std::nullopt);
  EXPECT_EQ(FaultOf(of(8, 32768, 5)), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(of(8, 8, 65535)), std::nullopt);
  EXPECT_EQ(FaultOf(of(8, 8, 65536)), Fault::kUnsupportedFormat);
}

TEST(ReadRow, CopiesVoxelsOfEveryType) {
  for (const int type : kTypes) {
    const Stack stack = Scattered(12, 9, 6, type);
    std::array<float, 7> row{};
    row.fill(-1.0F);
    ReadRow(stack, 4, 7, 3, 5, row.data());
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(row[static_cast<std::size_t>(i)], ValueAt(4 + i, 7, 3));
      EXPECT_EQ(VoxelAt(stack, 4 + i, 7, 3), ValueAt(4 + i, 7, 3));
    }
    EXPECT_EQ(row[5], -1.0F);
  }
}

TEST(SumFromOne, CountsWhatIsAtLeastOne) {
  const Stack stack{{(cv::Mat_<float>(1, 7) << 9.0F, 0.0F, 1.0F, 0.99F, 2.5F, -3.0F, 8.0F)}};
  const RowSum sum = SumFromOne(stack, 1, 0, 0, 5);
  EXPECT_EQ(sum.total, 3.5);
  EXPECT_EQ(sum.count, 2.0);
  for (const int type : kTypes) {
    const Stack other = Scattered(12, 9, 6, type);
    double total = 0.0, count = 0.0;
    for (int x = 2; x < 12; ++x) {
      total += static_cast<double>(ValueAt(x, 5, 4));
      count += ValueAt(x, 5, 4) > 0.0F ? 1.0 : 0.0;
    }
    const RowSum row = SumFromOne(other, 2, 5, 4, 10);
    EXPECT_EQ(row.total, total) << type;
    EXPECT_EQ(row.count, count) << type;
  }
}

// The widest row of the largest values: beyond 31 bits for 16 bits, beyond 32 for 32.
TEST(SumFromOne, DoesNotOverflow) {
  const Stack words{{cv::Mat(1, 32767, CV_16U, cv::Scalar(65535))}};
  EXPECT_EQ(SumFromOne(words, 0, 0, 0, 32767).total, 32767.0 * 65535.0);
  const Stack integers{{cv::Mat(1, 9, CV_32S, cv::Scalar(2147483647))}};
  EXPECT_EQ(SumFromOne(integers, 0, 0, 0, 9).total, 9.0 * 2147483647.0);
}

TEST(CountAtOrAbove, CountsVoxelsAtTheLevelToo) {
  for (const int type : kTypes) {
    const Stack stack = Scattered(20, 11, 6, type);
    const auto maximum = std::get<cv::Mat>(ProjectMaximum(stack));
    for (const double level : {-1.0, 0.0, 90.0, 90.5, 210.0, 211.0}) {
      std::int64_t count = 0;
      for (int z = 0; z < 6; ++z) {
        for (int y = 0; y < 11; ++y) {
          for (int x = 0; x < 20; ++x)
            count += static_cast<double>(ValueAt(x, y, z)) >= level ? 1 : 0;
        }
      }
      EXPECT_EQ(CountAtOrAbove(stack, maximum, level), count) << type << " " << level;
    }
  }
}

}  // namespace
}  // namespace qc_metrics
