#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/simulation/random.h"

namespace monitor::simulation {

/// A pixel that makes electrons of its own.
struct SensorDefect {
  int x = 0, y = 0;
  double extra_e = 100.0;       ///< mean electrons a frame while it is on; negative: a cold pixel
  double on_share = 1.0;        ///< share of the time; below 1 it blinks like a random telegraph
  double mean_on_frames = 5.0;  ///< how long it stays on; 0: drawn anew for each frame
};

/// A sensor, each pixel with its own offset, noise, gain and dark current.
///
/// Method    electrons = min(Poisson(light x response + dark current x exposure), full well) +
///           Normal(0, the pixel's read noise) + the defect's own; stored = clip(round(electrons /
///           gain + offset + the pixel's offset + the frame's offset), 0, saturation)
struct SensorScene {
  int width = 160, height = 128;
  double gain_e_per_adu = 0.46;
  double offset_adu = 100.0;
  double dsnu_e = 0.28;            ///< SD of the pixels' offsets
  double read_noise_e = 1.6;       ///< median over the pixels
  double read_noise_log_sd = 0.0;  ///< SD of the logarithm of a pixel's read noise
  double read_noise_tail = 0.0;    ///< mean of an exponential addition to that logarithm
  double prnu = 0.005;             ///< SD of the pixels' responses
  double dark_current_e_per_s = 0.0;
  double full_well_e = 30000.0;
  double full_well_sd = 0.0;        ///< relative SD over the pixels
  double saturation_adu = 65535.0;  ///< of the digitiser
  double curvature = 0.0;           ///< response = light (1 - curvature x light / full well)
  double light_slope_x = 0.0;       ///< change of the light over the width, relative to its mean
  std::vector<SensorDefect> defects;
  std::uint64_t seed = 1;
};

/// How one series is taken.
struct SeriesScene {
  double light_e = 0.0;  ///< mean electrons a pixel and frame; 0: dark
  double exposure_s = 0.0;
  int frames = 40;
  double light_trend = 0.0;    ///< relative change of the light from the first to the last frame
  double light_flicker = 0.0;  ///< relative SD of the light from frame to frame
  double offset_wander_adu = 0.0;  ///< SD of the whole frame's offset
  std::uint64_t seed = 1;
};

/// The truth of a sensor over the pixels without a defect.
struct SensorTruth {
  double read_noise_median_e = 0.0;
  double read_noise_rms_e = 0.0;
  double dsnu_e = 0.0;
  double prnu = 0.0;
  double offset_adu = 0.0;
};

class Sensor {
 public:
  explicit Sensor(const SensorScene& scene);

  /// CV_16U frames; the same sensor and series always give the same bytes.
  [[nodiscard]] std::vector<cv::Mat> Record(const SeriesScene& series) const;
  [[nodiscard]] SensorTruth Truth() const;

 private:
  [[nodiscard]] double Light(const SeriesScene& series, double brightness, int x, int y) const;
  void AddDefects(std::vector<bool>& on, bool first, Random& random, cv::Mat& electrons) const;
  [[nodiscard]] cv::Mat Electrons(const SeriesScene& series, double brightness,
                                  Random& random) const;
  [[nodiscard]] cv::Mat Digitise(const cv::Mat& electrons, double offset_adu) const;

  SensorScene scene_;
  cv::Mat offset_e_, noise_e_, response_, full_well_e_;  ///< CV_64F
};

}  // namespace monitor::simulation
