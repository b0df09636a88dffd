#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "qc_metrics/gauss_1d.h"
#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// How the thin plane or mirror was recorded.
enum class AxialLayout {
  kStack,    ///< planes along z
  kXzImage,  ///< one image, x right and z down
};

/// A member without a default has no safe guess.
struct SectioningSettings {
  double z_step_um;                           ///< between planes, or rows of an xz image
  std::optional<double> pixel_x_um = {};      ///< for the tilt
  std::optional<double> pixel_y_um = {};      ///< for the tilt of a stack
  std::optional<double> saturation_adu = {};  ///< a value at or above it is saturated
  AxialLayout layout = AxialLayout::kStack;
};

/// A value with its standard uncertainty (k = 1); no u means unknown.
struct AxialValue {
  double value = 0.0;
  std::optional<double> u = std::nullopt;
};

/// One part of the field with its own profile.
struct AxialTile {
  double x_px = 0.0, y_px = 0.0;  ///< its middle
  double fwhm_um = 0.0, centre_um = 0.0, r2 = 0.0;
};

/// How sharply the instrument sections.
struct Sectioning {
  AxialValue fwhm_um;         ///< etalon.gauss1d/1
  AxialValue r2;              ///< etalon.gauss1d/1
  AxialValue region_fwhm_um;  ///< metroloj.axial1d/1: the mean profile of the whole region
  double region_r2 = 0.0;
  Gauss1d region_fit;                         ///< of `profile`, in samples
  std::optional<AxialValue> half_maximum_um;  ///< etalon.halfmax1d/2
  std::optional<AxialValue> tilt_deg;         ///< needs the pixel size and tiles
  std::vector<double> profile;                ///< mean over the region at each z
  std::vector<AxialTile> tiles;               ///< those that could be fitted
  int tried_tiles = 0;
  double saturated = 0.0;  ///< share of the voxels
};

/// Measures the axial response to a thin plane or a mirror.
///
/// Input     a stack of at least 7 planes, or one image with z down of at least 7 rows; CV_8U,
/// CV_16U,
///           CV_32S or CV_32F. Only read, each voxel once.
/// Method    stack: 4 x 4 tiles, a Gaussian with offset through each tile's mean profile, the
/// median
///           of the tiles' widths; the slope of their centres gives the tilt, and what it adds
///           inside a tile (slope x side)^2 / 12 is removed. xz image: the Gaussian through the
///           mean profile of the whole region, as MetroloJ has it; 8 strips give the tilt.
/// Errors    kUnsupportedFormat, kTooSmall (under 7 samples along z, or 16 pixels across a stack),
///           kNotFinite, kSaturated (more than 1 %), kNoSignal (no profile), kFitFailed (the plane
///           is not inside of the range, or fewer than half of the tiles can be fitted).
/// Uncertainty  scatter of the tiles; covariance of the fit where there is one profile.
/// Threads   reentrant, keeps no state, starts no thread.
[[nodiscard]] Measured<Sectioning> MeasureSectioning(const Stack& stack,
                                                     const SectioningSettings& settings);

/// The same as quantities and findings; every fault becomes a finding with what to do.
[[nodiscard]] Report SectioningReport(const Measured<Sectioning>& result,
                                      std::optional<int> channel = std::nullopt);

}  // namespace qc_metrics
