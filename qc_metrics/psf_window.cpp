#include "qc_metrics/psf_window.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kSmallestAxis = 1.2;

/// Whole pixels within [low, high] and inside [0, size).
struct Span {
  int begin, end;
};

Span Clip(double low, double high, int size) {
  const double begin = std::clamp(std::ceil(low), 0.0, static_cast<double>(size));
  const double end = std::clamp(std::floor(high) + 1.0, begin, static_cast<double>(size));
  return {static_cast<int>(begin), static_cast<int>(end)};
}

Eigen::Matrix3d FlooredShape(const Shape& shape) {
  Eigen::Matrix3d c = ToMatrix(shape);
  for (int i = 0; i < 3; ++i) {
    c(i, i) = std::max(c(i, i), kSmallestAxis * kSmallestAxis);
  }
  return c;
}

/// Rows of an ellipsoid, without values yet.
void AddRow(Window& window, const Eigen::Matrix3d& p, const std::array<double, 3>& centre, int y,
            int z, double radius, int columns) {
  const double dy = y - centre[1];
  const double dz = z - centre[2];
  const double slope = p(0, 1) * dy + p(0, 2) * dz;
  const double rest =
      p(1, 1) * dy * dy + 2.0 * p(1, 2) * dy * dz + p(2, 2) * dz * dz - radius * radius;
  const double discriminant = slope * slope - p(0, 0) * rest;
  if (discriminant < 0.0) {
    return;
  }
  const double half = std::sqrt(discriminant) / p(0, 0);
  const double middle = centre[0] - slope / p(0, 0);
  const Span x = Clip(middle - half, middle + half, columns);
  if (x.begin < x.end) {
    window.rows.push_back({x.begin - window.origin[0], y - window.origin[1], z - window.origin[2],
                           x.end - x.begin, static_cast<std::size_t>(window.voxels)});
    window.voxels += x.end - x.begin;
  }
}

}  // namespace

Eigen::Matrix3d ToMatrix(const Shape& s) {
  Eigen::Matrix3d m;
  m << s[0], s[3], s[4], s[3], s[1], s[5], s[4], s[5], s[2];
  return m;
}

Shape ToShape(const Eigen::Matrix3d& m) {
  return {m(0, 0), m(1, 1), m(2, 2), m(0, 1), m(0, 2), m(1, 2)};
}

std::optional<Window> EllipsoidWindow(const Stack& stack, const std::array<double, 3>& centre,
                                      const Shape& shape, double radius) {
  const Eigen::Matrix3d c = FlooredShape(shape);
  const double determinant = c.determinant();
  if (!(determinant > 0.0) || !(c(0, 0) * c(1, 1) > c(0, 1) * c(0, 1))) {
    return std::nullopt;
  }
  const double volume = 4.19 * radius * radius * radius * std::sqrt(determinant);
  if (!(volume < kMaxWindowVoxels)) {
    return std::nullopt;
  }
  const Eigen::Matrix3d p = c.inverse();
  Window window;
  for (std::size_t i = 0; i < 3; ++i) {
    window.origin[i] = static_cast<int>(std::lround(centre[i]));
  }
  const cv::Mat& plane = stack.planes.front();
  const Span zs =
      Clip(centre[2] - radius * std::sqrt(c(2, 2)), centre[2] + radius * std::sqrt(c(2, 2)),
           static_cast<int>(stack.planes.size()));
  const Span ys = Clip(centre[1] - radius * std::sqrt(c(1, 1)),
                       centre[1] + radius * std::sqrt(c(1, 1)), plane.rows);
  for (int z = zs.begin; z < zs.end; ++z) {
    for (int y = ys.begin; y < ys.end; ++y) {
      AddRow(window, p, centre, y, z, radius, plane.cols);
    }
  }
  window.values.resize(static_cast<std::size_t>(window.voxels));
  for (const WindowRow& row : window.rows) {
    ReadRow(stack, row.x + window.origin[0], row.y + window.origin[1], row.z + window.origin[2],
            row.count, window.values.data() + row.offset);
  }
  return window;
}

void RemoveColumn(Window& window, int x, int y) {
  std::vector<WindowRow> rows;
  for (const WindowRow& row : window.rows) {
    if (row.y != y || x < row.x || x >= row.x + row.count) {
      rows.push_back(row);
      continue;
    }
    const int left = x - row.x;
    if (left > 0) {
      rows.push_back({row.x, row.y, row.z, left, row.offset});
    }
    if (row.count - left - 1 > 0) {
      rows.push_back({x + 1, row.y, row.z, row.count - left - 1,
                      row.offset + static_cast<std::size_t>(left) + 1});
    }
    --window.voxels;
  }
  window.rows = std::move(rows);
}

}  // namespace qc_metrics
