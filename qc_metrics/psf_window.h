#pragma once

#include <Eigen/Core>
#include <array>
#include <optional>
#include <vector>

#include "qc_metrics/stack.h"

namespace qc_metrics {

/// Symmetric 3 x 3 shape, unpacked in the order xx yy zz xy xz yz.
using Shape = std::array<double, 6>;

[[nodiscard]] Eigen::Matrix3d ToMatrix(const Shape& shape);
[[nodiscard]] Shape ToShape(const Eigen::Matrix3d& matrix);

/// A row of voxels inside a frozen window; coordinates relative to the window's origin.
struct WindowRow {
  int x, y, z;         ///< first voxel
  int count;           ///< voxels
  std::size_t offset;  ///< into Window::values
};

/// Voxels of one bead, copied once.
struct Window {
  std::array<int, 3> origin{};  ///< voxel that carries the coordinates 0, 0, 0
  std::vector<WindowRow> rows;
  std::vector<float> values;
  int voxels = 0;  ///< that count; columns taken out by RemoveColumn do not
};

/// Largest window of one bead; a larger bead is `too_large`.
inline constexpr int kMaxWindowVoxels = 400000;

/// The ellipsoid of `radius` sigmas about `centre`, clipped to the stack. Axes shorter than 1.2 px
/// count as 1.2 px, so that an undersampled bead has enough voxels.
/// Errors    nothing when the shape is not definite or the window exceeds kMaxWindowVoxels.
[[nodiscard]] std::optional<Window> EllipsoidWindow(const Stack& stack,
                                                    const std::array<double, 3>& centre_px,
                                                    const Shape& shape_px2, double radius);

/// Takes the column (x, y), relative to the origin, out of a window: a hot pixel.
void RemoveColumn(Window& window, int x, int y);

}  // namespace qc_metrics
