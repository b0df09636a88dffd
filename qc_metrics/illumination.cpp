#include "qc_metrics/illumination.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "qc_metrics/field_imagej.h"
#include "qc_metrics/field_peers.h"
#include "qc_metrics/field_scan.h"
#include "qc_metrics/field_shape.h"
#include "qc_metrics/smooth_surface.h"

namespace qc_metrics {
namespace {

constexpr int kMinSidePx = 32;
constexpr double kMaxSaturatedFraction = 0.01;
constexpr double kTileSide = 0.1;            // of the field
constexpr double kMaxTileRejected = 0.5;     // beyond, the tile is dark, not dusty
constexpr double kLeastSignalToNoise = 5.0;  // of the brightest tile's mean
constexpr double kDustResidual = 0.01;  // of the brightest surface value: worth telling a person

bool IsSupported(const cv::Mat& image) {
  const int type = image.type();
  return !image.empty() && image.dims == 2 &&
         (type == CV_8UC1 || type == CV_16UC1 || type == CV_32SC1 || type == CV_32FC1);
}

std::optional<double> SaturationLevel(const cv::Mat& image, const IlluminationSettings& settings) {
  if (settings.saturation_adu) return settings.saturation_adu;
  if (image.depth() == CV_8U) return std::numeric_limits<unsigned char>::max();
  if (image.depth() == CV_16U) return std::numeric_limits<unsigned short>::max();
  return std::nullopt;
}

double SaturatedFraction(const cv::Mat& image, const FieldScan& scan, double level_adu) {
  if (scan.max_adu < level_adu) return 0.0;
  return static_cast<double>(cv::countNonZero(image >= level_adu)) /
         static_cast<double>(image.total());
}

// Corner, edge-middle and centre tiles, 10 % of the side each, in the order of kFieldRegions.
std::array<cv::Rect, 9> Tiles(cv::Size size) {
  const cv::Size tile(std::max(1, static_cast<int>(std::lround(kTileSide * size.width))),
                      std::max(1, static_cast<int>(std::lround(kTileSide * size.height))));
  const std::array<int, 3> xs = {0, (size.width - tile.width) / 2, size.width - tile.width};
  const std::array<int, 3> ys = {0, (size.height - tile.height) / 2, size.height - tile.height};
  std::array<cv::Rect, 9> tiles;
  for (std::size_t i = 0; i < tiles.size(); ++i) tiles[i] = {{xs[i % 3], ys[i / 3]}, tile};
  return tiles;
}

// Replaces the pixels of rejected bins by the surface, unless they are most of the tile.
double RobustTileMean(const cv::Mat& image, cv::Rect tile, const SmoothSurface& surface,
                      int bin_px) {
  const double plain = cv::mean(image(tile))[0];
  double correction = 0.0;
  int rejected = 0;
  for (int j = tile.y / bin_px; j <= (tile.y + tile.height - 1) / bin_px; ++j) {
    for (int i = tile.x / bin_px; i <= (tile.x + tile.width - 1) / bin_px; ++i) {
      if (surface.dust().at<unsigned char>(j, i) == 0) continue;
      const cv::Rect part = cv::Rect(i * bin_px, j * bin_px, bin_px, bin_px) & tile;
      double smooth = 0.0;
      for (int y = part.y; y < part.y + part.height; ++y) {
        for (int x = part.x; x < part.x + part.width; ++x) smooth += surface.At(x, y);
      }
      correction += smooth - cv::sum(image(part))[0];
      rejected += part.area();
    }
  }
  if (rejected > kMaxTileRejected * tile.area()) return plain;
  return plain + correction / tile.area();
}

struct TileMean {
  double signal_adu = 0.0, variance_adu2 = 0.0;
};

std::array<TileMean, 9> TileMeans(const cv::Mat& image, const FieldScan& scan,
                                  const SmoothSurface& surface, double offset_adu) {
  const auto tiles = Tiles(image.size());
  const double inflation = std::max(1.0, surface.dispersion());
  std::array<TileMean, 9> means;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const double raw = RobustTileMean(image, tiles[i], surface, scan.binned.bin_px);
    means[i] = {.signal_adu = raw - offset_adu,
                .variance_adu2 = inflation * scan.noise.VarianceAt(raw) / tiles[i].area()};
  }
  return means;
}

FieldValue Uniformity(const TileMean& dark, const TileMean& bright) {
  const double ratio = std::max(0.0, dark.signal_adu) / bright.signal_adu;
  const double u =
      std::sqrt(dark.variance_adu2 + ratio * ratio * bright.variance_adu2) / bright.signal_adu;
  return {.value = ratio, .u = u};
}

void FillPeak(const SmoothSurface::Peak& peak, cv::Size size, Illumination& result) {
  const cv::Point2d centre(0.5 * (size.width - 1), 0.5 * (size.height - 1));
  const double diagonal = std::hypot(size.width, size.height);
  const cv::Point2d d = peak.at_px - centre;
  const double distance = cv::norm(d);
  result.peak_x_px.value = peak.at_px.x;
  result.peak_y_px.value = peak.at_px.y;
  result.peak_on_border = peak.on_border;
  result.centring.value = 1.0 - 2.0 * distance / diagonal;
  if (!peak.covariance_px2) return;
  const auto [xx, xy, yy] = *peak.covariance_px2;
  result.peak_x_px.u = std::sqrt(xx);
  result.peak_y_px.u = std::sqrt(yy);
  // Along the line from the centre; where the peak is the centre, any direction may do.
  const double along = distance > 0.0 ? (d.x * d.x * xx + 2.0 * d.x * d.y * xy + d.y * d.y * yy) /
                                            (distance * distance)
                                      : 0.5 * (xx + yy);
  result.centring.u = 2.0 / diagonal * std::sqrt(std::max(0.0, along));
}

// Least-squares plane through the surface: change over the full side / mean.
void FillTilt(const FieldScan& scan, const SmoothSurface& surface, double offset_adu,
              Illumination& result) {
  const auto& bins = surface.bins();
  double sum_x = 0.0, sum_y = 0.0, sum_xx = 0.0, sum_yy = 0.0, mean = 0.0;
  for (int j = 0; j < bins.rows; ++j) {
    const double y = (j + 0.5) / bins.rows - 0.5;
    for (int i = 0; i < bins.cols; ++i) {
      const double x = (i + 0.5) / bins.cols - 0.5;
      const double value = bins.at<double>(j, i) - offset_adu;
      mean += value;
      sum_x += x * value;
      sum_y += y * value;
      sum_xx += x * x;
      sum_yy += y * y;
    }
  }
  mean /= static_cast<double>(bins.total());
  const double inflation = std::max(1.0, surface.dispersion());
  const double noise = std::sqrt(inflation * scan.noise.VarianceAt(scan.mean_adu) /
                                 static_cast<double>(result.pixels));
  const double u = std::sqrt(12.0) * noise / mean;  // of a slope over [-1/2, 1/2]
  result.tilt_x = {.value = sum_x / sum_xx / mean, .u = u};
  result.tilt_y = {.value = sum_y / sum_yy / mean, .u = u};
}

void FillShape(const FieldScan& scan, const SmoothSurface& surface,
               const IlluminationSettings& settings, Illumination& result) {
  if (!settings.pixel_size_x_um || !settings.pixel_size_y_um) return;
  const double inflation = std::max(1.0, surface.dispersion());
  const FieldShape shape = MeasureFieldShape(surface.bins() - settings.camera_offset_adu,
                                             scan.binned.bin_px, scan.binned.image_px,
                                             {*settings.pixel_size_x_um, *settings.pixel_size_y_um},
                                             inflation * scan.noise.VarianceAt(scan.mean_adu));
  result.gradient_x_per_um = {.value = shape.gradient[0], .u = shape.gradient_u[0]};
  result.gradient_y_per_um = {.value = shape.gradient[1], .u = shape.gradient_u[1]};
  result.vignetting_per_um2 = {.value = shape.vignetting, .u = shape.vignetting_u};
}

FieldValue PixelCv(const FieldScan& scan, double offset_adu, std::int64_t pixels) {
  const double mean = scan.mean_adu - offset_adu;
  const double noise = scan.noise.VarianceAt(scan.mean_adu);
  const double total = scan.sd_adu * scan.sd_adu;
  const double field = std::max(0.0, total - noise);
  const auto n = static_cast<double>(pixels);
  FieldValue cv{.value = scan.sd_adu / mean, .u = std::nullopt};
  if (total > 0.0) {
    const double u_variance = std::sqrt((4.0 * field * noise + 2.0 * noise * noise) / n);
    cv.u = 0.5 * u_variance / scan.sd_adu / mean;
  }
  return cv;
}

DustSpots FindDust(const IlluminationMaps& maps) {
  cv::Mat spots = maps.rejected & (cv::abs(maps.residual) > kDustResidual);
  DustSpots dust;
  cv::Mat labels;
  dust.count = cv::connectedComponents(spots, labels, 8, CV_32S) - 1;
  dust.area_fraction =
      static_cast<double>(cv::countNonZero(spots)) / static_cast<double>(spots.total());
  double low = 0.0;
  double high = 0.0;
  if (dust.count > 0) cv::minMaxLoc(maps.residual, &low, &high, nullptr, nullptr, spots);
  dust.deepest = -low > high ? low : high;
  return dust;
}

IlluminationMaps Maps(const FieldScan& scan, const SmoothSurface& surface, double offset_adu) {
  IlluminationMaps maps{
      .bin_px = scan.binned.bin_px, .surface_adu = {}, .residual = {}, .rejected = {}};
  maps.surface_adu = surface.bins() - offset_adu;
  double brightest = 0.0;
  cv::minMaxLoc(maps.surface_adu, nullptr, &brightest);
  maps.residual = (scan.binned.mean - surface.bins()) / brightest;
  maps.rejected = surface.dust();
  return maps;
}

Measured<Illumination> MeasureField(const cv::Mat& image, const FieldScan& scan,
                                    const IlluminationSettings& settings) {
  const double offset_adu = settings.camera_offset_adu;
  const double mean_noise =
      std::sqrt(scan.noise.VarianceAt(scan.mean_adu) / static_cast<double>(image.total()));
  if (!(scan.mean_adu - offset_adu > kLeastSignalToNoise * mean_noise)) return Fault::kNoSignal;
  auto fitted = SmoothSurface::Fit(scan.binned, offset_adu);
  if (const auto* fault = std::get_if<Fault>(&fitted)) return *fault;
  const auto& surface = std::get<SmoothSurface>(fitted);
  const auto tiles = TileMeans(image, scan, surface, offset_adu);
  const auto darker = [](const TileMean& a, const TileMean& b) {
    return a.signal_adu < b.signal_adu;
  };
  const auto [dark, bright] = std::minmax_element(tiles.begin(), tiles.end(), darker);
  if (!(bright->signal_adu > kLeastSignalToNoise * std::sqrt(bright->variance_adu2))) {
    return Fault::kNoSignal;
  }
  const auto peers = MeasureFieldPeers(image, scan);
  Illumination result;
  result.minmax_smoothed = peers.minmax_smoothed;
  result.minmax_raw = peers.minmax_raw;
  result.azimuth8 = peers.azimuth8;
  result.five_percent = peers.five_percent;
  result.region_ratio = peers.region_ratio;
  result.metroloj_centring = peers.metroloj_centring;
  if (image.depth() != CV_32F) {
    result.imagej = MeasureImageJField(image, scan);
  }
  result.p5_over_p95 =
      (scan.smoothed.Quantile(0.05) - offset_adu) / (scan.smoothed.Quantile(0.95) - offset_adu);
  result.pixels = static_cast<std::int64_t>(image.total());
  result.uniformity = Uniformity(*dark, *bright);
  const auto peak = surface.FindPeak();
  result.brightest_adu = peak.value - offset_adu;
  FillPeak(peak, image.size(), result);
  FillTilt(scan, surface, offset_adu, result);
  FillShape(scan, surface, settings, result);
  result.cv = PixelCv(scan, offset_adu, result.pixels);
  result.maps = Maps(scan, surface, offset_adu);
  result.dust = FindDust(result.maps);
  return result;
}

}  // namespace

IlluminationResult MeasureIllumination(const cv::Mat& image, const IlluminationSettings& settings) {
  if (!IsSupported(image)) return {.saturated = std::nullopt, .field = Fault::kUnsupportedFormat};
  if (std::min(image.rows, image.cols) < kMinSidePx) {
    return {.saturated = std::nullopt, .field = Fault::kTooSmall};
  }
  const FieldScan scan = ScanField(image);
  if (!scan.finite) return {.saturated = std::nullopt, .field = Fault::kNotFinite};
  IlluminationResult result{.saturated = std::nullopt, .field = Fault::kSaturated};
  if (const auto level = SaturationLevel(image, settings)) {
    result.saturated = SaturatedFraction(image, scan, *level);
    if (*result.saturated > kMaxSaturatedFraction) return result;
  }
  result.field = MeasureField(image, scan, settings);
  return result;
}

}  // namespace qc_metrics
