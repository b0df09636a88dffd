#include "qc_metrics/detector_region.h"

#include <cmath>

#include "qc_metrics/detector_dark.h"

namespace qc_metrics {
namespace {

constexpr std::int64_t kFewestPixels = 16;
constexpr double kLargestSaturated = 0.01;

/// Central moments of the pixels.
struct Moments {
  double n = 0.0, mean = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
  double saturated = 0.0;
};

Moments MomentsOf(const cv::Mat& values, std::optional<double> saturation_adu) {
  Moments out;
  out.n = static_cast<double>(values.total());
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      const double value = values.at<double>(y, x);
      out.mean += value / out.n;
      if (saturation_adu && value >= *saturation_adu) out.saturated += 1.0 / out.n;
    }
  }
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      const double away = values.at<double>(y, x) - out.mean;
      const double square = away * away;
      out.m2 += square / out.n;
      out.m3 += square * away / out.n;
      out.m4 += square * square / out.n;
    }
  }
  return out;
}

/// Relative standard uncertainty of SD / level, where `level` is the mean or the mean over the
/// dark.
double RelativeU(const Moments& moments, double level) {
  if (!(moments.m2 > 0.0)) return 0.0;
  const double of_sd = (moments.m4 - moments.m2 * moments.m2) / (4.0 * moments.m2 * moments.m2);
  const double of_mean = moments.m2 / (level * level);
  const double together = moments.m3 / (moments.m2 * level);
  return std::sqrt(std::max(0.0, of_sd + of_mean - together) / moments.n);
}

Measured<UniformRegion> OneFrame(const cv::Mat& plane, const std::optional<DetectorValue>& dark,
                                 std::optional<double> saturation_adu) {
  if (plane.empty() || plane.channels() != 1) return Fault::kUnsupportedFormat;
  cv::Mat values;
  plane.convertTo(values, CV_64F);
  if (static_cast<std::int64_t>(values.total()) < kFewestPixels) return Fault::kTooSmall;
  const Moments moments = MomentsOf(values, saturation_adu);
  if (!std::isfinite(moments.mean)) return Fault::kNotFinite;
  if (!(moments.mean > 0.0)) return Fault::kNoSignal;
  if (moments.saturated > kLargestSaturated) return Fault::kSaturated;
  UniformRegion region;
  region.pixels = static_cast<std::int64_t>(values.total());
  region.saturated = moments.saturated;
  region.mean_adu = moments.mean;
  region.sd_adu = std::sqrt(moments.m2 * moments.n / (moments.n - 1.0));
  region.cv.value = region.sd_adu / region.mean_adu;
  region.cv.u = region.cv.value * RelativeU(moments, region.mean_adu);
  if (!dark || !(region.sd_adu > 0.0)) return region;
  const double signal = region.mean_adu - dark->value;
  const double u_dark = dark->u.value_or(0.0);
  if (!(signal > 0.0)) return region;
  region.snr = DetectorValue{signal / region.sd_adu, std::nullopt};
  region.snr->u =
      std::hypot(region.snr->value * RelativeU(moments, signal), u_dark / region.sd_adu);
  if (!(dark->value > 0.0)) return region;
  region.sbr = DetectorValue{signal / dark->value, std::nullopt};
  region.sbr->u = std::hypot(region.sd_adu / std::sqrt(moments.n) / dark->value,
                             u_dark * region.mean_adu / (dark->value * dark->value));
  return region;
}

template <typename Member>
std::optional<DetectorValue> Average(const std::vector<UniformRegion>& frames, Member member) {
  std::vector<double> values;
  for (const UniformRegion& frame : frames) {
    const std::optional<DetectorValue> value = frame.*member;
    if (!value) return std::nullopt;
    values.push_back(value->value);
  }
  return MeanInTime(values);
}

UniformRegion AverageOf(const std::vector<UniformRegion>& frames) {
  UniformRegion out = frames.front();
  out.averaged = static_cast<int>(frames.size());
  out.snr = Average(frames, &UniformRegion::snr);
  out.sbr = Average(frames, &UniformRegion::sbr);
  out.mean_adu = out.sd_adu = out.saturated = 0.0;
  std::vector<double> cvs;
  for (const UniformRegion& frame : frames) {
    cvs.push_back(frame.cv.value);
    out.mean_adu += frame.mean_adu / out.averaged;
    out.sd_adu += frame.sd_adu / out.averaged;
    out.saturated += frame.saturated / out.averaged;
  }
  out.cv = MeanInTime(cvs);
  return out;
}

}  // namespace

Measured<std::vector<UniformRegion>> MeasureRegion(const Stack& frames,
                                                   std::optional<DetectorValue> dark,
                                                   std::optional<double> saturation_adu) {
  if (frames.planes.empty()) return Fault::kUnsupportedFormat;
  std::vector<UniformRegion> regions;
  for (const cv::Mat& plane : frames.planes) {
    const Measured<UniformRegion> one = OneFrame(plane, dark, saturation_adu);
    if (const auto* fault = std::get_if<Fault>(&one)) return *fault;
    regions.push_back(std::get<UniformRegion>(one));
    regions.back().frame = static_cast<int>(regions.size()) - 1;
  }
  if (regions.size() >= kNoiseFrames) return std::vector<UniformRegion>{AverageOf(regions)};
  return regions;
}

}  // namespace qc_metrics
