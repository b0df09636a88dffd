#include "qc_metrics/psf_profiles.h"

#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_bead_fit.h"
#include "qc_metrics/psf_line_profile.h"
#include "qc_metrics/psf_projection.h"
#include "qc_metrics/psf_sbr.h"

namespace qc_metrics {
namespace {

constexpr int kLongestReach = 256;
constexpr int kShortestReach = 4;

std::array<int, 3> SizeOf(const Stack& stack) {
  return {stack.planes.front().cols, stack.planes.front().rows,
          static_cast<int>(stack.planes.size())};
}

std::array<double, 3> VoxelOf(const PsfSettings& settings) {
  return {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um};
}

/// Voxels of one image axis through `voxel`, from `begin` to `end`.
std::vector<float> ReadLine(const Stack& stack, std::array<int, 3> voxel, std::size_t axis,
                            int begin, int end) {
  std::vector<float> line(static_cast<std::size_t>(std::max(0, end - begin)));
  if (axis == 0) {
    ReadRow(stack, begin, voxel[1], voxel[2], end - begin, line.data());
    return line;
  }
  for (int i = begin; i < end; ++i) {
    voxel[axis] = i;
    line[static_cast<std::size_t>(i - begin)] = VoxelAt(stack, voxel[0], voxel[1], voxel[2]);
  }
  return line;
}

/// The brightest voxel within one half width of the fitted centre.
std::array<int, 3> BrightestVoxel(const Stack& stack, const PsfBead& bead,
                                  const std::array<double, 3>& voxel_um) {
  const auto size = SizeOf(stack);
  std::array<int, 3> low{};
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double half = 0.5 * bead.gaussian->fwhm_um[i].value / voxel_um[i];
    const double reach = std::max(1.0, half);
    low[i] = std::max(0, static_cast<int>(std::floor(bead.position_px[i] - reach)));
    high[i] = std::min(size[i] - 1, static_cast<int>(std::ceil(bead.position_px[i] + reach)));
  }
  std::array<int, 3> best = bead.brightest_voxel;
  float top = -3e38F;
  std::vector<float> row(static_cast<std::size_t>(high[0] - low[0] + 1));
  for (int z = low[2]; z <= high[2]; ++z) {
    for (int y = low[1]; y <= high[1]; ++y) {
      ReadRow(stack, low[0], y, z, static_cast<int>(row.size()), row.data());
      const auto found = std::max_element(row.begin(), row.end());
      if (*found > top) {
        top = *found;
        best = {low[0] + static_cast<int>(found - row.begin()), y, z};
      }
    }
  }
  return best;
}

/// Half the lateral distance to the nearest other candidate that is no hot pixel.
int LateralReach(std::span<const PsfBead> beads, std::size_t self) {
  double nearest = 2.0 * kLongestReach;
  for (std::size_t i = 0; i < beads.size(); ++i) {
    if (i != self && beads[i].rejected != RejectReason::kHotPixel) {
      nearest = std::min(nearest,
                         std::max(std::abs(beads[i].position_px[0] - beads[self].position_px[0]),
                                  std::abs(beads[i].position_px[1] - beads[self].position_px[1])));
    }
  }
  return std::max(kShortestReach, static_cast<int>(0.5 * nearest));
}

std::optional<LineBead> FitAxis(const Stack& stack, const PsfBead& bead, std::size_t axis,
                                int reach, double voxel_um) {
  const auto& v = bead.brightest_voxel;
  const int size = SizeOf(stack)[axis];
  const int begin = std::max(0, v[axis] - reach);
  const int end = std::min(size, v[axis] + reach + 1);
  const std::vector<float> line = ReadLine(stack, v, axis, begin, end);
  return FitLine(line, begin, static_cast<std::size_t>(v[axis] - begin), voxel_um);
}

/// Bead over surroundings, as it is stored and above the camera's offset.
void AddSignalToBackground(const Stack& stack, const PsfSettings& settings, PsfBead& bead) {
  const auto means = MeasureSignalAndGround(stack, settings, bead);
  if (!means) {
    return;
  }
  bead.sbr = means->signal_adu / means->ground_adu;
  if (settings.camera_offset_adu && means->ground_adu > *settings.camera_offset_adu) {
    bead.sbr_above_offset = (means->signal_adu - *settings.camera_offset_adu) /
                            (means->ground_adu - *settings.camera_offset_adu);
  }
}

/// The fitted light again as parameters about voxel `origin`.
Parameters ParametersOf(const GaussianBead& g, const std::array<int, 3>& origin) {
  const std::array<double, 3> centre = {g.centre_px[0].value, g.centre_px[1].value,
                                        g.centre_px[2].value};
  const Eigen::Vector3d d(origin[0] - centre[0], origin[1] - centre[1], origin[2] - centre[2]);
  const auto& s = g.background_slope_adu_per_px;
  const Eigen::Vector3d slope(s[0], s[1], s[2]);
  Parameters t =
      MakeParameters(centre, g.shape_px2, g.amplitude_adu, g.background_adu + slope.dot(d), origin);
  t.segment<3>(11) = slope;
  return t;
}

}  // namespace

void AddLineProfiles(const Stack& stack, const PsfSettings& settings, std::span<PsfBead> beads) {
  const auto voxel_um = VoxelOf(settings);
  for (std::size_t i = 0; i < beads.size(); ++i) {
    PsfBead& bead = beads[i];
    if (bead.rejected) {
      continue;
    }
    bead.brightest_voxel = BrightestVoxel(stack, bead, voxel_um);
    const int reach = LateralReach(beads, i);
    const auto x = FitAxis(stack, bead, 0, reach, voxel_um[0]);
    const auto y = FitAxis(stack, bead, 1, reach, voxel_um[1]);
    const auto z = FitAxis(stack, bead, 2, 65536, voxel_um[2]);
    if (x && y && z) {
      bead.lines = {*x, *y, *z};
    }
    AddSignalToBackground(stack, settings, bead);
  }
}

std::array<AxisProfile, 3> BeadProfiles(const Stack& stack, const PsfSettings& settings,
                                        const PsfBead& bead) {
  std::array<AxisProfile, 3> out;
  const auto size = SizeOf(stack);
  const auto voxel_um = VoxelOf(settings);
  std::array<int, 3> middle{};
  for (std::size_t i = 0; i < 3; ++i) {
    middle[i] = std::clamp(static_cast<int>(std::lround(bead.position_px[i])), 0, size[i] - 1);
  }
  const Parameters theta = ParametersOf(bead.gaussian.value(), middle);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double sigma = std::sqrt(bead.gaussian->shape_px2[axis]);
    const int reach = std::max(3, static_cast<int>(std::min(4.0 * sigma, 4096.0)));
    const int begin = std::max(0, middle[axis] - reach);
    const int end = std::min(size[axis], middle[axis] + reach + 1);
    const std::vector<float> line = ReadLine(stack, middle, axis, begin, end);
    for (int i = begin; i < end; ++i) {
      std::array<double, 3> at{};
      at[axis] = i - middle[axis];
      const double position = i * voxel_um[axis];
      out[axis].position_um.push_back(position);
      out[axis].data_adu.push_back(static_cast<double>(line[static_cast<std::size_t>(i - begin)]));
      out[axis].fitted_adu.push_back(ModelAt(theta, BoxOf(settings), at[0], at[1], at[2]));
      if (bead.lines) {
        out[axis].line_adu.push_back(LineValue((*bead.lines)[axis], position));
      }
    }
  }
  return out;
}

}  // namespace qc_metrics
