#pragma once

#include <array>
#include <string>
#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/stack.h"

namespace monitor::report {

/// Where a bead lies and how large it is; what the projections are cut by.
struct BeadFrame {
  std::array<double, 3> centre_px{};  ///< x, y, z
  std::array<double, 3> fwhm_px{};    ///< along x, y, z
  std::array<double, 3> pixel_um{};   ///< x, y, z step
};

/// Maximum projections of one bead along z, y and x with one intensity range, square root scale,
/// square in um, with a scale bar: psf_xy, psf_xz, psf_yz.
[[nodiscard]] std::vector<Picture> BeadProjections(const qc_metrics::Stack& stack,
                                                   const BeadFrame& frame, std::string_view what);

/// One line through the bead: samples, fitted curve and the quantity it yields.
struct BeadProfile {
  std::string axis;  ///< "x", "y", "z"
  std::vector<double> position_um;
  std::vector<double> value;
  std::vector<double> fit;
};

/// Data, fit and residuals along the three axes: psf_profiles (SVG).
[[nodiscard]] Picture ProfilePicture(const std::vector<BeadProfile>& profiles,
                                     std::string_view definition);

struct BeadMark {
  double x_px;
  double y_px;
  bool kept;
};

/// The whole field's maximum projection with every bead marked, kept (ring) or rejected (cross):
/// psf_field. Touches each voxel once.
[[nodiscard]] Picture BeadField(const qc_metrics::Stack& stack, const std::vector<BeadMark>& marks,
                                double pixel_um);

}  // namespace monitor::report
