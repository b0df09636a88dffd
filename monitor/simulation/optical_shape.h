#pragma once

#include <array>
#include <memory>
#include <vector>

#include "monitor/simulation/optical_psf.h"

namespace monitor::simulation {

/// What the light of one bead truly is, without pixels and noise.
struct ShapeTruth {
  std::array<double, 3> fwhm_um;                 ///< along x, y, z through the maximum
  std::array<double, 3> maximum_um;              ///< from the axis and the paraxial focus
  std::array<std::array<double, 2>, 3> side_um;  ///< half widths: towards smaller, larger
  double strehl;  ///< of the maximum of a point; 1 without aberration
};

/// Computes the truth directly from the pupil integral and a quadrature over the bead's ball, not
/// from the table that images are drawn from.
/// Accuracy  widths 1e-4 relative (the test compares with a plain sum over the pupil and with
/// closed
///           forms).
[[nodiscard]] ShapeTruth TruthOfBead(const Optics& optics, double bead_diameter_um);

/// The light of a bead: the point spread function convolved with a uniformly fluorescent ball, as a
/// table in r and z of its azimuthal harmonics.
///
/// Input     bead diameter in um, 0 for a point. `cutoff`: light below this part of the maximum is
///           left out where it is far from the bead.
/// Coordinates from the maximum of the light: x right, y down, z along the stack (larger z: the
///           objective is focused deeper). The value there is 1.
/// Accuracy  1e-4 of the maximum within the reach (measured by the test against the direct sum).
/// Threads   const, may be shared.
class OpticalShape {
 public:
  OpticalShape(const Optics& optics, double bead_diameter_um, double cutoff = 3e-4);

  [[nodiscard]] const ShapeTruth& Truth() const { return truth_; }
  /// Radius about the maximum within which the plane at `z_um` has light; 0: none.
  [[nodiscard]] double ReachAt(double z_um) const;
  /// Shortest lateral period of the light, um: what a pixel integral has to resolve.
  [[nodiscard]] double PeriodUm() const { return period_um_; }
  /// Light of one plane about the optical axis (which the maximum is off by Truth().maximum_um);
  /// dark beyond the table.
  [[nodiscard]] RadialPlane PlaneAt(double z_um) const;

 private:
  void FillTable(const PointSource& source, double bead_diameter_um);

  ShapeTruth truth_{};
  double period_um_ = 0.0;
  double tail_um_ = 0.0, slope_ = 0.0, reach_um_ = 0.0, depth_um_ = 0.0;
  double step_z_um_ = 0.0;
  int half_planes_ = 0;
  std::vector<RadialPlane> planes_;  ///< z = (index - half_planes_) x step from the maximum
};

}  // namespace monitor::simulation
