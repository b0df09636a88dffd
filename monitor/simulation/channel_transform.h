#pragma once

#include <array>

#include "monitor/simulation/bead_stack.h"

namespace monitor::simulation {

/// Where a second colour sees what the first one sees, about the centre of the image
/// ((columns - 1) / 2, (rows - 1) / 2); lateral directions x right, y down.
struct ChannelTransform {
  std::array<double, 3> shift_um{};  ///< second minus first, at the centre of the image
  double magnification = 1.0;        ///< of both lateral directions
  double rotation_deg = 0.0;         ///< positive from x to y
  double shear_deg = 0.0;            ///< by how much the right angle between x and y closes
  std::array<double, 2> tilt{};      ///< z shift per length along x and y, um per um
  double cubic = 0.0;  ///< radial distortion: lateral place times 1 + cubic r^2, r in um
};

/// Where the first colour's place (x, y, z in um; the first voxel's centre is 0, 0, 0) is seen.
[[nodiscard]] std::array<double, 3> Apply(const ChannelTransform& transform, const BeadScene& scene,
                                          const std::array<double, 3>& place_um);

/// The same field as the second colour sees it: every bead moved, another seed, all else alike.
[[nodiscard]] BeadScene SecondChannel(const BeadScene& first, const ChannelTransform& transform,
                                      std::uint64_t seed);

}  // namespace monitor::simulation
