#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// What the frames of a series saw.
enum class SeriesKind {
  kDark,     ///< no light
  kFlat,     ///< one level of even, steady light: a point of the photon-transfer curve
  kUniform,  ///< a uniform region, for the spread of its pixels (point detectors)
};

/// One series of frames of one channel, in order of time.
struct DetectorSeries {
  SeriesKind kind = SeriesKind::kDark;
  Stack frames;
  std::optional<double> exposure_s;
  std::string name = {};  ///< what people call it; shown in findings
};

/// What is known of the detector beforehand.
struct DetectorSettings {
  std::optional<double> gain_e_per_adu =
      std::nullopt;  ///< used where no photon-transfer series gives it
  std::optional<double> camera_offset_adu = std::nullopt;  ///< used where no dark series gives it
  std::optional<double> saturation_adu = std::nullopt;     ///< a value at or above it is saturated
};

/// A value with its standard uncertainty (k = 1); no u means unknown.
struct DetectorValue {
  double value = 0.0;
  std::optional<double> u = std::nullopt;
};

/// Frames that a noise figure needs.
inline constexpr int kNoiseFrames = 20;

/// What is wrong with a pixel; the numbers are those of PixelDefects::map.
enum class PixelDefect : std::uint8_t { kNone = 0, kHot = 1, kCold = 2, kBlinking = 3 };

/// Pixels that are kept out of every other figure.
struct PixelDefects {
  cv::Mat map;  ///< CV_8U, PixelDefect of each pixel
  int hot = 0, cold = 0, blinking = 0;
};

/// The definitions of MetroloJ_QC, on all pixels, in ADU.
struct PeerDark {
  double offset = 0.0, dsnu = 0.0, read_noise_median = 0.0, read_noise_rms = 0.0;
};

/// One dark series, in ADU, over the pixels without a defect.
struct DarkSeries {
  std::string name;
  int frames = 0;
  std::optional<double> exposure_s;
  std::int64_t pixels = 0;
  DetectorValue offset_adu;
  std::optional<DetectorValue> read_noise_median_adu;  ///< absent with fewer than kNoiseFrames
  std::optional<DetectorValue> read_noise_rms_adu;
  std::optional<DetectorValue> dsnu_adu;
  std::optional<PeerDark> peer;
  double frame_sd_adu = 0.0;  ///< of the whole frame's level; removed from the noise
  cv::Mat mean;               ///< CV_32F, of each pixel in time
};

/// Why a level is not in the fit.
enum class LevelState {
  kFitted,
  kDark,       ///< fitted: the dark series as the level without light
  kSaturated,  ///< pixels at the saturation level, or beyond 70 % of where the variance turns
  kUnsteady,   ///< the light changed too much, or differently over the field
  kTooFew,     ///< fewer than kNoiseFrames frames
};

/// One level of the photon-transfer curve, in ADU, quantisation and the lamp's drift removed.
struct TransferLevel {
  std::string name;
  LevelState state = LevelState::kFitted;
  int frames = 0;
  std::optional<double> exposure_s;
  double mean_adu = 0.0;  ///< with the offset
  double mean_u_adu = 0.0;
  std::optional<double> signal_adu;  ///< above the dark level at this exposure; absent: unknown
  double variance_adu2 = 0.0;        ///< in time, mean over the pixels
  double variance_u_adu2 = 0.0;
  double drift_share = 0.0;  ///< part of the raw variance that was the lamp's and was removed
  double saturated = 0.0;    ///< share of good pixels that were saturated in any frame
  std::optional<DetectorValue> prnu_squared;
  double prnu_shared = 0.0;  ///< part of it, relative, that u holds of what no level sees
};

/// variance = intercept + slope x mean, fitted through the levels.
struct PhotonTransfer {
  DetectorValue gain_e_per_adu;
  double slope_adu = 0.0;
  double intercept_adu2 = 0.0;  ///< at a mean of 0 ADU, offset included
  double reduced_chi2 = 0.0;    ///< 0 where no level is left over
  int levels = 0;
  double worst_deviation = 0.0;  ///< largest |variance / line - 1| among the fitted levels
  std::optional<DetectorValue> full_well_e;
  std::optional<DetectorValue> prnu;
  std::optional<DetectorValue> linearity_error;
};

/// A uniform region of one frame; the first frame of `series` is 0.
struct UniformRegion {
  std::string name;
  int frame = 0;     ///< of the series, where `averaged` is 1
  int averaged = 1;  ///< frames behind the values
  std::int64_t pixels = 0;
  double mean_adu = 0.0, sd_adu = 0.0;
  DetectorValue cv;
  std::optional<DetectorValue> snr, sbr;  ///< need the dark level
  double saturated = 0.0;
};

/// A series that could not be measured.
struct SeriesFault {
  std::string name;
  Fault fault = Fault::kTooFew;
};

/// Everything that the series say of one detector channel.
struct Detector {
  std::vector<DarkSeries> darks;  ///< shortest exposure first; the first one gives the figures
  std::optional<PixelDefects> defects;
  std::optional<DetectorValue> dark_current_adu_per_s;
  std::vector<TransferLevel> levels;
  std::optional<PhotonTransfer> transfer;
  std::vector<UniformRegion> regions;
  std::vector<SeriesFault> faults;
  bool integer = true;  ///< stored as whole numbers: quantisation was removed
  std::int64_t saturated_dark_pixels = 0;
};

/// Measures one channel of a camera or point detector.
///
/// Input     series of raw frames in ADU, CV_8U, CV_16U, CV_32S or CV_32F, all of one size except
///           uniform ones. Dark series of two or more exposures give the dark current; flat series
///           (at least three levels, the dark one counts) the gain.
/// Method    DEFINITIONS.md, "Detector". Every voxel is touched once; memory does not grow with the
///           frames.
/// Errors    none is thrown; a series that cannot be used is in `faults`, a level in `levels` has
///           its state, and what cannot be said is absent.
/// Accuracy  on simulated sensors: DEFINITIONS.md; tests enforce it.
/// Uncertainty  photon and read noise, through every step; the scatter of whole frames where it is
///           larger. The sensor itself is fixed: u says what another recording would give.
/// Threads   reentrant, keeps no state, starts no thread.
[[nodiscard]] Detector MeasureDetector(std::span<const DetectorSeries> series,
                                       const DetectorSettings& settings);

/// The same as quantities and findings; every fault becomes a finding with what to do.
[[nodiscard]] Report DetectorReport(const Detector& detector, const DetectorSettings& settings,
                                    std::optional<int> channel = std::nullopt);

}  // namespace qc_metrics
