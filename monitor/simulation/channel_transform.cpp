#include "monitor/simulation/channel_transform.h"

#include <cmath>
#include <numbers>

namespace monitor::simulation {

std::array<double, 3> Apply(const ChannelTransform& transform, const BeadScene& scene,
                            const std::array<double, 3>& place_um) {
  const double cx = 0.5 * (scene.columns - 1) * scene.voxel_um[0];
  const double cy = 0.5 * (scene.rows - 1) * scene.voxel_um[1];
  const double x = place_um[0] - cx;
  const double y = place_um[1] - cy;
  // Both axes lean towards each other by half of the shear, then turn together.
  const double half = 0.5 * transform.shear_deg * std::numbers::pi / 180.0;
  const double turn = transform.rotation_deg * std::numbers::pi / 180.0;
  const double angle_x = turn + half;
  const double angle_y = turn + 0.5 * std::numbers::pi - half;
  // Leaning axes enclose a smaller area; the magnification is that of the area's square root.
  const double length = transform.magnification / std::sqrt(std::cos(2.0 * half)) *
                        (1.0 + transform.cubic * (x * x + y * y));
  return {cx + transform.shift_um[0] + length * (std::cos(angle_x) * x + std::cos(angle_y) * y),
          cy + transform.shift_um[1] + length * (std::sin(angle_x) * x + std::sin(angle_y) * y),
          place_um[2] + transform.shift_um[2] + transform.tilt[0] * x + transform.tilt[1] * y};
}

BeadScene SecondChannel(const BeadScene& first, const ChannelTransform& transform,
                        std::uint64_t seed) {
  BeadScene second = first;
  second.seed = seed;
  const auto& v = first.voxel_um;
  for (SimulatedBead& bead : second.beads) {
    const auto& c = bead.centre_px;
    const auto moved = Apply(transform, first, {c[0] * v[0], c[1] * v[1], c[2] * v[2]});
    bead.centre_px = {moved[0] / v[0], moved[1] / v[1], moved[2] / v[2]};
  }
  return second;
}

}  // namespace monitor::simulation
