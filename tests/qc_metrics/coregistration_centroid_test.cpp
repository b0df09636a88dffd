// The peer's centre on cuts whose every voxel is given.

#include "qc_metrics/coregistration_centroid.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

namespace qc_metrics {
namespace {

Stack Dark(int type) {
  Stack stack;
  for (int z = 0; z < 5; ++z) stack.planes.emplace_back(30, 40, type, cv::Scalar(0));
  return stack;
}

// 1000 at (12, 21, 1) and 500 at (13, 23, 2); of the 16-bit scale 65535 and 32768, between which
// and the dark the threshold settles at 24575 and a little more. 300 stays below it.
template <typename T>
void ExpectCentre(int type) {
  Stack stack = Dark(type);
  const double unit = type == CV_8U ? 0.2 : 1.0;
  stack.planes[1].at<T>(21, 12) = static_cast<T>(1000.0 * unit);
  stack.planes[2].at<T>(23, 13) = static_cast<T>(500.0 * unit);
  stack.planes[4].at<T>(25, 17) = static_cast<T>(300.0 * unit);
  stack.planes[3].at<T>(5, 5) = static_cast<T>(1200.0 * unit);  // outside of the cut
  const auto centre = MetrolojCentre(stack, cv::Rect(10, 20, 8, 6));
  ASSERT_TRUE(centre.has_value());
  const double of_first = 65535.0 / 98303.0, of_second = 32768.0 / 98303.0;
  EXPECT_NEAR((*centre)[0], 12.0 * of_first + 13.0 * of_second, 1e-9);
  EXPECT_NEAR((*centre)[1], 21.0 * of_first + 23.0 * of_second, 1e-9);
  EXPECT_NEAR((*centre)[2], 1.0 * of_first + 2.0 * of_second, 1e-9);
}

TEST(MetrolojCentre, IsTheCentreOfMassOfWhatReachesTheThreshold) {
  ExpectCentre<std::uint8_t>(CV_8U);
  ExpectCentre<std::uint16_t>(CV_16U);
  ExpectCentre<std::int32_t>(CV_32S);
  ExpectCentre<float>(CV_32F);
}

// Sums along an axis, not its largest value: three of 400 in one column outweigh one of 1000.
TEST(MetrolojCentre, SumsAlongEachAxis) {
  Stack stack = Dark(CV_16U);
  for (const std::size_t z : {0UL, 1UL, 2UL}) stack.planes[z].at<std::uint16_t>(21, 12) = 400;
  stack.planes[4].at<std::uint16_t>(23, 15) = 240;
  const auto centre = MetrolojCentre(stack, cv::Rect(10, 20, 8, 6));
  ASSERT_TRUE(centre.has_value());
  // Along z 1200 and 240: a fifth is below the threshold. Along x and y 400, 400, 400 and 240:
  // 240 of 400 reaches it.
  EXPECT_NEAR((*centre)[0], 12.0, 1e-9);
  EXPECT_NEAR((*centre)[1], 21.0, 1e-9);
  EXPECT_NEAR((*centre)[2], (0.0 + 1.0 + 2.0 + 4.0 * 0.6) / 3.6, 1e-4);
}

TEST(MetrolojCentre, AFlatCutHasNone) {
  EXPECT_FALSE(MetrolojCentre(Dark(CV_16U), cv::Rect(10, 20, 8, 6)).has_value());
  Stack even = Dark(CV_16U);
  for (cv::Mat& plane : even.planes) plane.at<std::uint16_t>(21, 12) = 7;
  EXPECT_TRUE(MetrolojCentre(even, cv::Rect(10, 20, 8, 6)).has_value());
  EXPECT_FALSE(MetrolojCentre(even, cv::Rect(12, 21, 1, 1)).has_value());
}

}  // namespace
}  // namespace qc_metrics
