#include "qc_metrics/geometry.h"

#include <cmath>
#include <optional>
#include <stdexcept>

#include "qc_metrics/geometry_fit.h"
#include "qc_metrics/grid_lattice.h"
#include "qc_metrics/grid_lines.h"
#include "qc_metrics/grid_spots.h"

namespace qc_metrics {
namespace {

constexpr int kMinSide = 32;
constexpr int kMaxSide = 32767;
constexpr double kSaturatedShare = 0.01;
constexpr int kFeatureSizes = 6;
constexpr double kNextSize = 1.5;
constexpr double kMostOfIt = 0.8;
constexpr double kClearlyLess = 0.8;

std::optional<Fault> Check(const cv::Mat& image) {
  const int type = image.type();
  const bool known = type == CV_8U || type == CV_16U || type == CV_32S || type == CV_32F;
  if (image.dims != 2 || image.empty() || !known || image.cols > kMaxSide ||
      image.rows > kMaxSide) {
    return Fault::kUnsupportedFormat;
  }
  if (image.cols < kMinSide || image.rows < kMinSide) {
    return Fault::kTooSmall;
  }
  if (type == CV_32F && !cv::checkRange(image)) {
    return Fault::kNotFinite;
  }
  return std::nullopt;
}

std::int64_t CountSaturated(const cv::Mat& image, const GeometrySettings& settings) {
  std::optional<double> level = settings.saturation_adu;
  if (!level && image.depth() == CV_8U) level = 255.0;
  if (!level && image.depth() == CV_16U) level = 65535.0;
  return level ? cv::countNonZero(image >= *level) : 0;
}

/// The grid's points at one feature size; nothing without a grid.
std::optional<Geometry> FindGrid(const GridImage& prepared, double pitch_um,
                                 const Geometry& empty) {
  const std::vector<GridSpot> spots = FindGridSpots(prepared);
  const auto lattice = IndexLattice(spots);
  if (!lattice) return std::nullopt;
  Geometry geometry = empty;
  for (const LatticePoint& point : lattice->points) {
    GridPoint p;
    p.place_px = {spots[point.spot].x_px, spots[point.spot].y_px};
    p.i = point.i;
    p.j = point.j;
    geometry.points.push_back(p);
  }
  if (!FitGrid(pitch_um, geometry)) return std::nullopt;
  for (const std::size_t stray : lattice->strays) {
    GridPoint p;
    p.place_px = {spots[stray].x_px, spots[stray].y_px};
    p.kept = false;
    geometry.points.push_back(p);
  }
  return geometry;
}

/// How far the points scatter about the grid.
double ScatterOf(const Geometry& geometry) {
  return std::hypot(geometry.residual_rms_px[0], geometry.residual_rms_px[1]);
}

/// The grid at the size of the narrowest feature or, where that is the line of a ring or the edge
/// of a square, at a larger one: most of what is found must belong to the grid, and a window that
/// ends on the line of a ring scatters more than the next one.
std::optional<Geometry> FindGridAtAnySize(GridImage prepared, double pitch_um,
                                          const Geometry& empty) {
  std::optional<Geometry> best;
  double best_share = 0.0;
  for (int size = 0; size < kFeatureSizes; ++size, prepared.sigma_px *= kNextSize) {
    auto found = FindGrid(prepared, pitch_um, empty);
    if (!found && best_share >= kMostOfIt) break;
    if (!found) continue;
    const double share =
        static_cast<double>(found->kept) / static_cast<double>(found->points.size());
    if (best_share >= kMostOfIt) {
      if (share < kMostOfIt || !(ScatterOf(*found) < kClearlyLess * ScatterOf(*best))) break;
    } else if (!(share > best_share)) {
      continue;
    }
    best_share = share;
    best = std::move(found);
  }
  return best;
}

}  // namespace

Measured<Geometry> MeasureGeometry(const cv::Mat& image, const GeometrySettings& settings) {
  if (!std::isfinite(settings.grid_pitch_um) || !(settings.grid_pitch_um > 0.0)) {
    throw std::invalid_argument("geometry: the pitch must be a positive, finite length in um");
  }
  if (const auto fault = Check(image)) {
    return *fault;
  }
  Geometry geometry;
  geometry.columns = image.cols;
  geometry.rows = image.rows;
  geometry.saturated_pixels = CountSaturated(image, settings);
  if (static_cast<double>(geometry.saturated_pixels) >
      kSaturatedShare * static_cast<double>(image.total())) {
    return Fault::kSaturated;
  }
  cv::Mat values;
  image.convertTo(values, CV_32F);
  double lowest = 0.0;
  double highest = 0.0;
  cv::minMaxLoc(values, &lowest, &highest);
  if (!(highest > lowest)) {
    return Fault::kNoSignal;
  }
  const GridImage prepared = PrepareGrid(values);
  // Lines of one direction have maxima too, where noise is: they are told apart first.
  if (const auto lines = FindParallelLines(prepared)) {
    if (FitLines(*lines, settings.grid_pitch_um, geometry)) return geometry;
    return Fault::kTooFew;
  }
  auto found = FindGridAtAnySize(prepared, settings.grid_pitch_um, geometry);
  if (!found) {
    return Fault::kTooFew;
  }
  return *std::move(found);
}

}  // namespace qc_metrics
