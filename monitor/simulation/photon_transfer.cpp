#include "monitor/simulation/photon_transfer.h"

#include <algorithm>
#include <cmath>

namespace monitor::simulation {
namespace {

template <typename Draw>
cv::Mat DrawMap(int width, int height, Draw draw) {
  cv::Mat map(height, width, CV_64F);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) map.at<double>(y, x) = draw();
  }
  return map;
}

double Mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double Sd(const std::vector<double>& values) {
  const double mean = Mean(values);
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

}  // namespace

Sensor::Sensor(const SensorScene& scene) : scene_(scene) {
  Random random(scene.seed);
  const int w = scene.width;
  const int h = scene.height;
  offset_e_ = DrawMap(w, h, [&] { return scene.dsnu_e * random.Normal(); });
  noise_e_ = DrawMap(w, h, [&] {
    const double tail = -scene.read_noise_tail * std::log(1.0 - random.Uniform());
    return scene.read_noise_e * std::exp(scene.read_noise_log_sd * random.Normal() + tail);
  });
  response_ = DrawMap(w, h, [&] { return 1.0 + scene.prnu * random.Normal(); });
  full_well_e_ = DrawMap(
      w, h, [&] { return scene.full_well_e * (1.0 + scene.full_well_sd * random.Normal()); });
}

double Sensor::Light(const SeriesScene& series, double brightness, int x, int y) const {
  const double place = (x - 0.5 * (scene_.width - 1)) / scene_.width;
  const double light = series.light_e * brightness * (1.0 + scene_.light_slope_x * place) *
                       response_.at<double>(y, x);
  return light * (1.0 - scene_.curvature * light / scene_.full_well_e) +
         scene_.dark_current_e_per_s * series.exposure_s;
}

cv::Mat Sensor::Electrons(const SeriesScene& series, double brightness, Random& random) const {
  cv::Mat electrons(scene_.height, scene_.width, CV_64F);
  for (int y = 0; y < scene_.height; ++y) {
    for (int x = 0; x < scene_.width; ++x) {
      const double collected = std::min(random.Poisson(Light(series, brightness, x, y)),
                                        std::max(0.0, full_well_e_.at<double>(y, x)));
      electrons.at<double>(y, x) =
          collected + noise_e_.at<double>(y, x) * random.Normal() + offset_e_.at<double>(y, x);
    }
  }
  return electrons;
}

// A telegraph of two states: it leaves "on" once in mean_on_frames, and "off" so often that the
// share is kept.
void Sensor::AddDefects(std::vector<bool>& on, bool first, Random& random,
                        cv::Mat& electrons) const {
  for (std::size_t i = 0; i < scene_.defects.size(); ++i) {
    const SensorDefect& defect = scene_.defects[i];
    const double leave = defect.mean_on_frames > 0.0 ? 1.0 / defect.mean_on_frames : 0.0;
    const double enter = leave * defect.on_share / std::max(1e-12, 1.0 - defect.on_share);
    const double draw = random.Uniform();
    if (first || defect.mean_on_frames <= 0.0 || defect.on_share >= 1.0) {
      on[i] = draw < defect.on_share;
    } else if (on[i] ? draw < leave : draw < enter) {
      on[i] = !on[i];
    }
    if (!on[i]) continue;
    electrons.at<double>(defect.y, defect.x) +=
        defect.extra_e > 0.0 ? random.Poisson(defect.extra_e) : defect.extra_e;
  }
}

cv::Mat Sensor::Digitise(const cv::Mat& electrons, double offset_adu) const {
  cv::Mat frame(electrons.size(), CV_16U);
  const double ceiling = std::min(scene_.saturation_adu, 65535.0);
  for (int y = 0; y < frame.rows; ++y) {
    for (int x = 0; x < frame.cols; ++x) {
      const double adu =
          std::round(electrons.at<double>(y, x) / scene_.gain_e_per_adu + offset_adu);
      frame.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(std::clamp(adu, 0.0, ceiling));
    }
  }
  return frame;
}

std::vector<cv::Mat> Sensor::Record(const SeriesScene& series) const {
  Random random(series.seed * 7919 + 17);
  std::vector<cv::Mat> frames;
  std::vector<bool> on(scene_.defects.size(), false);
  for (int k = 0; k < series.frames; ++k) {
    const double place =
        series.frames > 1 ? static_cast<double>(k) / (series.frames - 1) - 0.5 : 0.0;
    const double brightness =
        (1.0 + series.light_trend * place) * (1.0 + series.light_flicker * random.Normal());
    cv::Mat electrons = Electrons(series, brightness, random);
    AddDefects(on, k == 0, random, electrons);
    frames.push_back(
        Digitise(electrons, scene_.offset_adu + series.offset_wander_adu * random.Normal()));
  }
  return frames;
}

SensorTruth Sensor::Truth() const {
  cv::Mat bad = cv::Mat::zeros(scene_.height, scene_.width, CV_8U);
  for (const SensorDefect& defect : scene_.defects) bad.at<std::uint8_t>(defect.y, defect.x) = 255;
  std::vector<double> offsets, noises, squares, responses;
  for (int y = 0; y < scene_.height; ++y) {
    for (int x = 0; x < scene_.width; ++x) {
      if (bad.at<std::uint8_t>(y, x) != 0) continue;
      offsets.push_back(offset_e_.at<double>(y, x));
      noises.push_back(noise_e_.at<double>(y, x));
      squares.push_back(noises.back() * noises.back());
      responses.push_back(response_.at<double>(y, x));
    }
  }
  const auto middle = noises.begin() + static_cast<std::ptrdiff_t>(noises.size() / 2);
  std::nth_element(noises.begin(), middle, noises.end());
  return {*middle, std::sqrt(Mean(squares)), Sd(offsets), Sd(responses) / Mean(responses),
          scene_.offset_adu + Mean(offsets) / scene_.gain_e_per_adu};
}

}  // namespace monitor::simulation
