#pragma once

#include <optional>

#include "qc_metrics/psf_gaussian_fit.h"
#include "qc_metrics/psf_shape_kernels.h"

namespace qc_metrics {

/// Half maximum of a profile through the maximum along one direction.
struct HalfProfile {
  double near_um = 0.0;  ///< towards negative coordinates
  double far_um = 0.0;
  double near_slope = 0.0;  ///< d light / d um at the half level, positive
  double far_slope = 0.0;

  [[nodiscard]] double Width() const { return near_um + far_um; }
};

/// Where the light of one bead, freed of the pixel's area, is largest and half as large.
struct HalfMaximum {
  Eigen::Vector3d maximum_px = Eigen::Vector3d::Zero();  ///< relative to the window's origin
  double peak = 1.0;                                     ///< in amplitudes
  std::array<HalfProfile, 3> axes;                       ///< image axes x, y, z
  std::array<HalfProfile, 2> diagonals;                  ///< (1, 1) and (1, -1) in um, lateral
};

/// Light of one bead with the pixel's area removed.
///
/// Method    f = T_x T_y g, T = 1 - d^2/24 + 7 d^4/5760 in pixels where the box blurs, else 1, from
///           five-point differences at half pixels: the inverse of the box up to the fourth order.
class SharpLight {
 public:
  SharpLight(const ShapeTable& shape, const MappedBead& bead, const PixelBox& box,
             const std::array<double, 3>& voxel_um);

  /// In amplitudes, at a place relative to the window's origin.
  [[nodiscard]] double At(const Eigen::Vector3d& place_px) const;

  /// The same of every mode alone.
  [[nodiscard]] Eigen::VectorXd Modes(const std::vector<Mode>& modes,
                                      const Eigen::Vector3d& place_px) const;

  /// Widths; nothing when the light has no maximum near the centre or does not fall to half.
  [[nodiscard]] std::optional<HalfMaximum> Measure() const;

  /// One um along an image axis (0, 1, 2) or a lateral diagonal (3, 4), in voxels.
  [[nodiscard]] Eigen::Vector3d Direction(int index) const;

 private:
  [[nodiscard]] std::optional<HalfProfile> Profile(const Eigen::Vector3d& maximum_px, double peak,
                                                   int direction) const;
  [[nodiscard]] std::optional<double> Side(const Eigen::Vector3d& maximum_px, double half,
                                           const Eigen::Vector3d& direction) const;

  const ShapeTable& shape_;
  Eigen::Vector3d centre_;
  Eigen::Matrix3d map_, unmap_;
  std::array<double, 3> voxel_um_;
  std::vector<Eigen::Vector3d> offsets_;  // of the difference operator, in u
  std::vector<double> weights_;
};

}  // namespace qc_metrics
