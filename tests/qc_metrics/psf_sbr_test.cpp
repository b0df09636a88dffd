// The bead over its surroundings, on a drawing whose every pixel is known.

#include "qc_metrics/psf_sbr.h"

#include <gtest/gtest.h>

#include "tests/qc_metrics/bead_fields.h"

namespace qc_metrics {
namespace {

constexpr int kSide = 61;
constexpr int kMiddle = 30;

/// A block of 3 x 3 pixels in slices 6 .. 8 of 15; pixels 0.1 um, so that the gap is 5 px and the
/// ring 10 px wide.
Stack BlockStack(double inside, double outside) {
  Stack stack;
  for (int z = 0; z < 15; ++z) {
    cv::Mat plane(kSide, kSide, CV_32F, cv::Scalar(outside));
    if (z >= 6 && z <= 8) plane(cv::Rect(kMiddle - 1, kMiddle - 1, 3, 3)).setTo(inside);
    stack.planes.push_back(plane);
  }
  return stack;
}

const PsfSettings kBlockSettings{0.1, 0.1, 0.2};

PsfBead BlockBead(double background_adu = 100.0) {
  PsfBead bead = BeadAt(kMiddle, kMiddle, 7.0, {0.3, 0.3, 0.6, 1.0, 0.001});
  bead.gaussian->background_adu = background_adu;
  bead.gaussian->amplitude_adu = 300.0;
  return bead;
}

TEST(PsfSbr, IsTheMeanOfTheBeadOverTheMeanOfTheRing) {
  const auto means = MeasureSignalAndGround(BlockStack(400.0, 100.0), kBlockSettings, BlockBead());
  ASSERT_TRUE(means.has_value());
  EXPECT_NEAR(means->signal_adu, 400.0, 1e-9);
  EXPECT_NEAR(means->ground_adu, 100.0, 1e-9);
}

/// Whether a pixel at a distance from the block's last column counts for the ring.
bool IsInRing(int distance, int z) {
  Stack stack = BlockStack(400.0, 100.0);
  stack.planes[static_cast<std::size_t>(z)].at<float>(kMiddle, kMiddle + 1 + distance) =
      240.0F;  // below the threshold of 250
  return MeasureSignalAndGround(stack, kBlockSettings, BlockBead())->ground_adu > 100.01;
}

TEST(PsfSbr, TheRingBeginsBehindTheGapAndIsOneMicrometreWide) {
  EXPECT_FALSE(IsInRing(5, 7));
  EXPECT_TRUE(IsInRing(6, 7));
  EXPECT_TRUE(IsInRing(15, 7));
  EXPECT_FALSE(IsInRing(16, 7));
  EXPECT_TRUE(IsInRing(10, 6));
  EXPECT_TRUE(IsInRing(10, 8));
  EXPECT_FALSE(IsInRing(10, 5));  // no bead in that slice
  // Round, not square: 4 and 4 rows and columns off the corner is 5.66 px, 3 and 4 is 5.
  Stack stack = BlockStack(400.0, 100.0);
  stack.planes[7].at<float>(kMiddle + 1 + 3, kMiddle + 1 + 4) =
      240.0F;  // below the threshold of 250
  EXPECT_NEAR(MeasureSignalAndGround(stack, kBlockSettings, BlockBead())->ground_adu, 100.0, 1e-6);
  stack.planes[7].at<float>(kMiddle + 1 + 4, kMiddle + 1 + 4) =
      240.0F;  // below the threshold of 250
  EXPECT_GT(MeasureSignalAndGround(stack, kBlockSettings, BlockBead())->ground_adu, 100.01);
}

TEST(PsfSbr, LengthsAreWholePixelsAtLeastOne) {
  // 0.3 um pixels: gap 1, ring 3; 2 um pixels: 1 and 1.
  for (const auto& [pixel, gap, ring] : {std::tuple{0.3, 1, 3}, std::tuple{2.0, 1, 1}}) {
    const PsfSettings settings{pixel, pixel, 0.2};
    PsfBead bead = BlockBead();
    for (std::size_t i = 0; i < 2; ++i) bead.gaussian->fwhm_um[i].value = 3.0 * pixel;
    for (int distance = 1; distance <= 6; ++distance) {
      Stack stack = BlockStack(400.0, 100.0);
      stack.planes[7].at<float>(kMiddle, kMiddle - 1 - distance) = 130.0F;  // below the threshold
      const auto means = MeasureSignalAndGround(stack, settings, bead);
      EXPECT_EQ(means->ground_adu > 100.001, distance > gap && distance <= gap + ring)
          << pixel << " " << distance;
    }
  }
}

TEST(PsfSbr, TheThresholdLiesHalfWayBetweenTheTwoMeans) {
  Stack stack = BlockStack(400.0, 100.0);
  // One bright voxel: half of the largest value would leave the rest of the bead out.
  stack.planes[7].at<float>(kMiddle, kMiddle) = 800.0F;
  const auto means = MeasureSignalAndGround(stack, kBlockSettings, BlockBead());
  EXPECT_NEAR(means->signal_adu, (26.0 * 400.0 + 800.0) / 27.0, 1e-6);
}

TEST(PsfSbr, DarkPixelsAreLeftOutAndADarkRingHasNoRatio) {
  Stack stack = BlockStack(400.0, 100.0);
  for (cv::Mat& plane : stack.planes) plane(cv::Rect(0, 0, kSide, kMiddle - 6)).setTo(0.0);
  EXPECT_NEAR(MeasureSignalAndGround(stack, kBlockSettings, BlockBead())->ground_adu, 100.0, 1e-9);
  EXPECT_FALSE(
      MeasureSignalAndGround(BlockStack(400.0, 0.5), kBlockSettings, BlockBead(0.5)).has_value());
}

TEST(PsfSbr, ABeadAtTheBorderUsesTheRingInside) {
  Stack stack = BlockStack(100.0, 100.0);
  for (int z = 6; z <= 8; ++z) {
    stack.planes[static_cast<std::size_t>(z)](cv::Rect(0, 0, 3, 3)).setTo(400.0);
  }
  PsfBead bead = BlockBead();
  bead.position_px = {1.0, 1.0, 7.0};
  const auto means = MeasureSignalAndGround(stack, kBlockSettings, bead);
  ASSERT_TRUE(means.has_value());
  EXPECT_NEAR(means->signal_adu, 400.0, 1e-9);
  EXPECT_NEAR(means->ground_adu, 100.0, 1e-9);
}

// 1.5 widths of 3 voxels from the middle, up to whole ones.
TEST(PsfSbr, WhatLiesBeyondOneAndAHalfWidthsIsAnotherBead) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const int distance : {-6, -5, 5, 6}) {
      std::array<int, 3> at = {kMiddle, kMiddle, 7};
      at[axis] += distance;
      Stack stack = BlockStack(400.0, 100.0);
      stack.planes[static_cast<std::size_t>(at[2])].at<float>(at[1], at[0]) = 680.0F;
      const auto means = MeasureSignalAndGround(stack, kBlockSettings, BlockBead());
      EXPECT_NEAR(means->signal_adu, std::abs(distance) == 5 ? 410.0 : 400.0, 1e-9)
          << axis << " " << distance;
    }
  }
}

}  // namespace
}  // namespace qc_metrics
