// Voxels of an ellipsoid against its definition, voxel by voxel.

#include "qc_metrics/psf_window.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

// Value = x + 100 y + 10000 z, so that each voxel tells its place.
Stack Numbered(int columns, int rows, int planes) {
  Stack stack;
  for (int z = 0; z < planes; ++z) {
    cv::Mat plane(rows, columns, CV_32F);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        plane.at<float>(y, x) = static_cast<float>(x + 100 * y + 10000 * z);
      }
    }
    stack.planes.push_back(plane);
  }
  return stack;
}

std::set<int> Held(const Window& window) {
  std::set<int> held;
  for (const WindowRow& row : window.rows) {
    for (int i = 0; i < row.count; ++i) {
      held.insert(static_cast<int>(window.values[row.offset + static_cast<std::size_t>(i)]));
    }
  }
  return held;
}

std::set<int> Inside(const std::array<double, 3>& centre, Eigen::Matrix3d shape, double radius,
                     int columns, int rows, int planes) {
  const Eigen::Matrix3d p = shape.inverse();
  std::set<int> inside;
  for (int z = 0; z < planes; ++z) {
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const Eigen::Vector3d d(x - centre[0], y - centre[1], z - centre[2]);
        if (d.dot(p * d) <= radius * radius) inside.insert(x + 100 * y + 10000 * z);
      }
    }
  }
  return inside;
}

TEST(EllipsoidWindow, HoldsTheVoxelsWithinTheRadiusAndNoOther) {
  const Stack stack = Numbered(40, 30, 20);
  const Shape tilted = {6.0, 4.0, 9.0, 1.5, -2.0, 1.0};
  // In the middle, at each border, and beyond one.
  for (const auto& centre : {std::array{19.3, 14.6, 9.8},
                             {1.2, 14.6, 9.8},
                             {38.9, 28.7, 18.6},
                             {20.0, 0.4, 0.3},
                             {-1.5, 10.0, 10.0}}) {
    const auto window = EllipsoidWindow(stack, centre, tilted, 2.5);
    ASSERT_TRUE(window.has_value());
    const auto expected = Inside(centre, ToMatrix(tilted), 2.5, 40, 30, 20);
    EXPECT_EQ(Held(*window), expected) << centre[0];
    EXPECT_EQ(window->voxels, static_cast<int>(expected.size()));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(window->origin[i], std::lround(centre[i]));
    const WindowRow& row = window->rows.front();
    EXPECT_EQ(window->values[row.offset],
              static_cast<float>(row.x + window->origin[0] + 100 * (row.y + window->origin[1]) +
                                 10000 * (row.z + window->origin[2])));
  }
}

TEST(EllipsoidWindow, NoAxisIsShorterThanOnePointTwoPixels) {
  const Stack stack = Numbered(40, 30, 20);
  const std::array<double, 3> centre = {20.1, 15.2, 9.7};
  const auto window = EllipsoidWindow(stack, centre, {0.3, 2.0, 1.0, 0.0, 0.0, 0.0}, 3.0);
  ASSERT_TRUE(window.has_value());
  const Eigen::Matrix3d shape = Eigen::Vector3d(1.44, 2.0, 1.44).asDiagonal();
  EXPECT_EQ(Held(*window), Inside(centre, shape, 3.0, 40, 30, 20));
}

TEST(EllipsoidWindow, RefusesWhatIsNoEllipsoidOrTooLarge) {
  const Stack stack = Numbered(20, 20, 10);
  const std::array<double, 3> centre = {10.0, 10.0, 5.0};
  EXPECT_FALSE(EllipsoidWindow(stack, centre, {4.0, 4.0, 4.0, 5.0, 0.0, 0.0}, 2.0).has_value());
  EXPECT_FALSE(EllipsoidWindow(stack, centre, {4.0, 4.0, 4.0, 0.0, 5.0, 0.0}, 2.0).has_value());
  // The determinant is positive of what no plane through it bounds, and each element has its part.
  EXPECT_FALSE(EllipsoidWindow(stack, centre, {4.0, 4.0, 4.0, 5.0, 8.0, 8.0}, 2.0).has_value());
  EXPECT_TRUE(EllipsoidWindow(stack, centre, {4.0, 4.0, 16.0, 3.0, 7.0, 5.25}, 2.0).has_value());
  EXPECT_TRUE(EllipsoidWindow(stack, centre, {4.0, 16.0, 4.0, 6.0, 0.0, 0.0}, 2.0).has_value());
  EXPECT_TRUE(EllipsoidWindow(stack, centre, {16.0, 4.0, 4.0, 6.0, 0.0, 0.0}, 2.0).has_value());
  // 4.19 r^3 voxels: 400000 of them at a radius of 45.7 with unit axes of 1.2 px and more.
  const Shape ball = {4.0, 4.0, 4.0, 0.0, 0.0, 0.0};
  const double most = std::cbrt(400000.0 / 4.19 / 8.0);
  EXPECT_TRUE(EllipsoidWindow(stack, centre, ball, 0.999 * most).has_value());
  EXPECT_FALSE(EllipsoidWindow(stack, centre, ball, 1.001 * most).has_value());
}

TEST(RemoveColumn, TakesOneColumnOutOfEverySlice) {
  const Stack stack = Numbered(40, 30, 20);
  const std::array<double, 3> centre = {20.0, 15.0, 10.0};
  const Shape ball = {4.0, 4.0, 4.0, 0.0, 0.0, 0.0};
  const auto whole = EllipsoidWindow(stack, centre, ball, 2.0);
  ASSERT_TRUE(whole.has_value());
  // In the middle of rows, at their left and right ends, and where nothing is.
  for (const auto& [x, y] : {std::pair{0, 0}, {1, -2}, {-4, 0}, {4, 0}, {-3, 1}, {9, 0}, {0, 9}}) {
    Window window = *whole;
    RemoveColumn(window, x, y);
    auto expected = Held(*whole);
    std::erase_if(expected, [x = x, y = y](int value) {
      return value % 100 == 20 + x && value / 100 % 100 == 15 + y;
    });
    EXPECT_EQ(Held(window), expected) << x << " " << y;
    EXPECT_EQ(window.voxels, static_cast<int>(expected.size()));
    int count = 0;
    for (const WindowRow& row : window.rows) {
      EXPECT_GT(row.count, 0);
      count += row.count;
    }
    EXPECT_EQ(count, window.voxels);
  }
}

TEST(ShapeMatrix, AndBack) {
  const Shape shape = {1.0, 2.0, 3.0, 0.4, 0.5, 0.6};
  const Eigen::Matrix3d m = ToMatrix(shape);
  EXPECT_EQ(m(0, 0), 1.0);
  EXPECT_EQ(m(1, 1), 2.0);
  EXPECT_EQ(m(2, 2), 3.0);
  EXPECT_EQ(m(0, 1), 0.4);
  EXPECT_EQ(m(2, 0), 0.5);
  EXPECT_EQ(m(1, 2), 0.6);
  EXPECT_EQ(m, m.transpose());
  EXPECT_EQ(ToShape(m), shape);
}

}  // namespace
}  // namespace qc_metrics
