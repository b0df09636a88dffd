#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/simulation/camera.h"

namespace monitor::simulation {

class OpticalShape;

/// Symmetric 3 x 3 covariance of the light of one bead, in um^2.
struct Covariance {
  double xx, yy, zz;
  double xy = 0.0, xz = 0.0, yz = 0.0;
};

/// Which area one stored number integrates over; z is always a sample.
enum class PixelArea {
  kCameraPixel,  ///< one pixel in x and y
  kDwellAlongX,  ///< a point scanner whose fast axis is x
  kDwellAlongY,  ///< a point scanner whose fast axis is y
};

/// One bead: a Gaussian light distribution, or an optical shape where one is given. Pixel centres
/// on integers, x right, y down, z along.
struct SimulatedBead {
  std::array<double, 3> centre_px;  ///< x, y in pixels, z in slices
  Covariance covariance_um2;
  double peak_e;  ///< electrons at the maximum, before the pixel's area is averaged over
  std::shared_ptr<const OpticalShape> shape{};    ///< its maximum is at the centre
  double lateral_scale = 1.0, axial_scale = 1.0;  ///< of the optical shape
};

/// A pixel that is bright in every slice, whatever the light.
struct HotPixel {
  int x, y;
  double extra_e;
};

/// What is in front of the camera, and the camera.
struct BeadScene {
  int columns, rows, planes;
  std::array<double, 3> voxel_um;  ///< x, y, z
  double background_e = 20.0;
  std::array<double, 3> background_slope_e_per_px{};  ///< about the middle of the stack
  PixelArea pixel_area = PixelArea::kCameraPixel;
  std::vector<SimulatedBead> beads{};
  std::vector<HotPixel> hot_pixels{};
  Camera camera{};
  std::uint64_t seed = 1;
};

/// Covariance of an ellipsoid with the given full widths at half maximum along its own axes,
/// turned in the plane by `rotation_deg` (positive from x to y) after its long axis was leaned
/// from z towards its own x by `tilt_deg`.
[[nodiscard]] Covariance EllipsoidCovariance(const std::array<double, 3>& fwhm_um,
                                             double rotation_deg = 0.0, double tilt_deg = 0.0);

/// Scatters `count` centres at random, at least `separation_px` apart laterally and `margin_px`
/// from every border (`margin_slices` in z); fewer when there is no room.
[[nodiscard]] std::vector<std::array<double, 3>> ScatterCentres(const BeadScene& scene, int count,
                                                                double separation_px,
                                                                double margin_px,
                                                                double margin_slices,
                                                                Random& random);

/// Expected electrons of every pixel of one slice (CV_32F), free of noise.
/// Accuracy  pixel integrals to 1e-6 of the peak (error function along x, 6 Gauss-Legendre nodes
///           along y) for beads of sigma >= 0.5 px; light beyond 6.5 sigma is left out.
[[nodiscard]] cv::Mat RenderExpectedPlane(const BeadScene& scene, int plane);

/// The stored stack (CV_16U planes); the same scene and seed always give the same bytes.
[[nodiscard]] std::vector<cv::Mat> RenderBeadStack(const BeadScene& scene);

}  // namespace monitor::simulation
