#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// What is known of the artefact and the camera.
struct GeometrySettings {
  double grid_pitch_um;                    ///< > 0: from one line or dot to the next, certified
  std::optional<double> saturation_adu{};  ///< absent: the largest value of an 8- or 16-bit type
};

/// What the image shows.
enum class GridKind {
  kGrid,    ///< dots, rings or crossings of lines in both directions
  kLinesX,  ///< parallel lines that cut the x axis: only that pixel size is known
  kLinesY
};

/// One point of the grid.
struct GridPoint {
  std::array<double, 2> place_px{};     ///< x, y
  std::array<double, 2> residual_px{};  ///< from the best affine grid
  std::array<double, 2> smooth_px{};    ///< the part of it that the distortion model explains
  int i = 0, j = 0;                     ///< column and row
  bool kept = true;                     ///< false: an outlier, or not of the grid
};

/// A grid or stage micrometer as the microscope shows it.
struct Geometry {
  GridKind kind = GridKind::kGrid;
  std::vector<GridPoint> points;
  std::optional<Estimate> pixel_size_x_um, pixel_size_y_um;
  Estimate rotation_deg;                    ///< of the grid in the image, positive from x to y
  std::optional<Estimate> shear_deg;        ///< by how much the image's right angle closes
  std::optional<Estimate> distortion;       ///< largest smooth departure / half diagonal
  std::optional<Estimate> radial;           ///< at the corner over the centre; positive: pincushion
  std::optional<Estimate> straightness_um;  ///< largest bow of a row or column
  std::array<double, 2> residual_rms_px{};  ///< noise of a point, distortion taken off
  int kept = 0;                             ///< points that count
  int columns = 0, rows = 0;                ///< of the image, px
  std::int64_t saturated_pixels = 0;
};

/// Measures the geometry of an image of a square grid or of parallel lines.
///
/// Input     one plane, CV_8U, CV_16U, CV_32S or CV_32F, at least 32 x 32; features brighter or
///           darker than what is around them, one pitch in both directions.
/// Method    centres by FindGridSpots, indexed by IndexLattice. Place = affine grid (least squares)
///           + cubic polynomial of the place (from 40 points on). Pixel sizes: length on the
///           artefact of one step along x and along y by the affine part, the mean over the field.
///           Points beyond 5 robust SDs of the full model are outliers.
/// Errors    kUnsupportedFormat, kTooSmall, kNotFinite, kSaturated (more than 1 % of the pixels),
///           kNoSignal (nothing stands out), kTooFew (no grid of 3 x 3 and 9 points, no 3 lines).
///           Throws std::invalid_argument for a pitch that is not positive and finite.
/// Accuracy  pixel size 2e-5 relative on 512 x 512 px, 10 x 10 dots of 2000 electrons.
/// Uncertainty  covariance of the fit from the scatter of the points.
/// Threads   reentrant, keeps no state.
[[nodiscard]] Measured<Geometry> MeasureGeometry(const cv::Mat& image,
                                                 const GeometrySettings& settings);

/// Quantities, objects (grid points) and findings.
[[nodiscard]] Report GeometryReport(const Geometry& geometry);

}  // namespace qc_metrics
