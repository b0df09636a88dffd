#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <string_view>

#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// Acquisition facts. A member without a default has no safe guess.
struct IlluminationSettings {
  double camera_offset_adu;              ///< dark level; 0 is allowed, leaving it out is not
  std::optional<double> saturation_adu;  ///< a pixel at or above it is saturated, 4095 for 12 bit
  std::optional<double> pixel_size_x_um = std::nullopt;  ///< both, or no value per length
  std::optional<double> pixel_size_y_um = std::nullopt;
};

/// A value with its standard uncertainty (k = 1) from the image itself; no u means unknown.
struct FieldValue {
  double value = 0.0;
  std::optional<double> u;
};

/// The nine places that tiles and regions are taken from, in reading order; the names are those of
/// microscope-metrics.
inline constexpr std::array<std::string_view, 9> kFieldRegions = {
    "top_left",     "top_center",  "top_right",     "middle_left", "middle_center",
    "middle_right", "bottom_left", "bottom_center", "bottom_right"};

/// Small pictures of the field, one element a bin of `bin_px` x `bin_px` pixels (the last row and
/// column may cover fewer). The centre of bin (i, j) lies at x = (i + .5) bin_px - .5.
struct IlluminationMaps {
  int bin_px = 1;
  cv::Mat surface_adu;  ///< CV_64F: the robust smooth surface, offset removed
  cv::Mat residual;     ///< CV_64F: (binned image - surface) / largest surface value
  cv::Mat rejected;     ///< CV_8U: 255 where a bin was kept out of the surface (dust)
};

/// Dark or bright spots on the sample or in the optics that the surface ignored.
struct DustSpots {
  int count = 0;
  double area_fraction = 0.0;
  double deepest = 0.0;  ///< most extreme mean of a bin, relative to the surface; negative is dark
};

/// Uniformity as MetroloJ_QC shows it with its noise removal on, which is its default.
struct ImageJField {
  double minmax = 0.0;    ///< metroloj_qc.minmax/2
  double azimuth8 = 0.0;  ///< metroloj_qc.azimuth8/2
};

/// How flat, how well centred and how level the light is. Ratios have the unit 1.
struct Illumination {
  FieldValue uniformity;                         ///< etalon.tiles/1
  FieldValue centring;                           ///< etalon.surface/2; 1 is on the image centre
  FieldValue peak_x_px;                          ///< etalon.surface/2
  FieldValue peak_y_px;                          ///< etalon.surface/2
  FieldValue tilt_x;                             ///< etalon.surface/2, change over the field / mean
  FieldValue tilt_y;                             ///< etalon.surface/2
  std::optional<FieldValue> gradient_x_per_um;   ///< etalon.paraboloid/1, with pixel sizes only
  std::optional<FieldValue> gradient_y_per_um;   ///< etalon.paraboloid/1
  std::optional<FieldValue> vignetting_per_um2;  ///< etalon.paraboloid/1, negative: dark rim
  FieldValue cv;                                 ///< etalon.pixel_cv/1, population SD / mean
  double minmax_smoothed = 0.0;                  ///< metroloj_qc.minmax/1
  double minmax_raw = 0.0;                       ///< metroloj.minmax/1
  double azimuth8 = 0.0;                         ///< metroloj_qc.azimuth8/1
  double p5_over_p95 = 0.0;                      ///< etalon.percentiles/1
  double five_percent = 0.0;                     ///< qc_scope.five_percent/1
  std::array<double, 9> region_ratio{};          ///< microscope_metrics.nine_regions/1
  double metroloj_centring = 0.0;                ///< metroloj_qc.centring/1
  std::optional<ImageJField> imagej;             ///< metroloj_qc.*/2, of whole numbers only
  double brightest_adu = 0.0;   ///< largest value of the smooth surface, offset removed
  bool peak_on_border = false;  ///< the light is brightest outside of the field
  DustSpots dust;
  IlluminationMaps maps;
  std::int64_t pixels = 0;
};

/// The fraction of saturated pixels is known even where the field is unmeasurable because of it.
struct IlluminationResult {
  std::optional<double> saturated;  ///< absent: no saturation level known, or no readable image
  Measured<Illumination> field;
};

/// Measures one image of a spatially uniform fluorescent sample.
///
/// Input     `image` holds raw values in ADU, rows x cols, one channel, CV_8U, CV_16U, CV_32S or
///           CV_32F, both sides >= 32 px. It is only read. Without `saturation_adu` the largest
///           value of an 8- or 16-bit type counts as saturated; other types then have no level.
/// Method    signal = image - offset. Nine tiles of 10 % side (corners, edge middles, centre); tile
///           mean with pixels of rejected bins replaced by the surface; uniformity = smallest /
///           largest tile mean. Surface, peak and tilt: see qc_metrics/smooth_surface.h. The
///           peers' definitions beside it are those of DEFINITIONS.md.
/// Errors    a `Fault`: kUnsupportedFormat, kTooSmall, kNotFinite, kSaturated (more than 1 %),
///           kNoSignal (mean signal not above its own noise, or a tile not above the offset).
/// Accuracy  on simulated Gaussian, vignetted, tilted and nearly flat fields with dust: see
///           DEFINITIONS.md; tests enforce it.
/// Uncertainty  photon noise, estimated from differences of neighbouring pixels, through the tile
///           means and the surface; covers no dust remainder and no correlated noise.
/// Threads   reentrant, keeps no state, starts no thread.
/// Coordinates x right, y down, pixel centres on integers, the first pixel's centre is 0, 0.
[[nodiscard]] IlluminationResult MeasureIllumination(const cv::Mat& image,
                                                     const IlluminationSettings& settings);

/// The same as quantities and findings; every fault becomes a finding with what to do.
[[nodiscard]] Report IlluminationReport(const IlluminationResult& result,
                                        const IlluminationSettings& settings,
                                        std::optional<int> channel = std::nullopt);

}  // namespace qc_metrics
