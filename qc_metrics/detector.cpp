#include "qc_metrics/detector.h"

#include <algorithm>

#include "qc_metrics/detector_dark.h"
#include "qc_metrics/detector_region.h"
#include "qc_metrics/detector_transfer.h"
#include "qc_metrics/pixel_series.h"

namespace qc_metrics {
namespace {

constexpr double kLargestSaturated = 0.01;

class Measuring {
 public:
  Measuring(std::span<const DetectorSeries> series, const DetectorSettings& settings)
      : series_(series), settings_(settings) {}

  Detector Measure() {
    MeasureDarks();
    MeasureFlats();
    for (const DetectorSeries& series : series_) {
      if (series.kind == SeriesKind::kUniform) MeasureUniform(series);
    }
    return std::move(out_);
  }

 private:
  /// Series of one kind, longest exposure first: it has most of the hot pixels.
  [[nodiscard]] std::vector<const DetectorSeries*> Of(SeriesKind kind) const {
    std::vector<const DetectorSeries*> found;
    for (const DetectorSeries& series : series_) {
      if (series.kind == kind) found.push_back(&series);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
      return a->exposure_s.value_or(0.0) > b->exposure_s.value_or(0.0);
    });
    return found;
  }

  std::optional<PixelSeries> Sum(const DetectorSeries& series, const SeriesOptions& options) {
    const auto refuse = [&](Fault fault) {
      out_.faults.push_back({series.name, fault});
      return std::nullopt;
    };
    Measured<PixelSeries> summed = SumSeries(series.frames, options);
    if (const auto* fault = std::get_if<Fault>(&summed)) return refuse(*fault);
    auto& sums = std::get<PixelSeries>(summed);
    if (!size_.empty() && sums.mean.size() != size_) return refuse(Fault::kUnsupportedFormat);
    if (sums.frames < 2) return refuse(Fault::kTooFew);
    // Frames that are copies of each other, or rounded so coarsely that no noise is left.
    if (cv::countNonZero(sums.variance) == 0 && sums.saturated.empty()) {
      return refuse(Fault::kNoSignal);
    }
    size_ = sums.mean.size();
    out_.integer = series.frames.planes.front().depth() != CV_32F;
    return std::move(sums);
  }

  void MeasureDarks() {
    for (const DetectorSeries* series : Of(SeriesKind::kDark)) {
      std::optional<PixelSeries> sums =
          Sum(*series, {.saturation_adu = settings_.saturation_adu, .left_out = {}});
      if (!sums) continue;
      const int saturated = sums->saturated.empty() ? 0 : cv::countNonZero(sums->saturated);
      if (saturated > kLargestSaturated * static_cast<double>(sums->mean.total())) {
        out_.faults.push_back({series->name, Fault::kSaturated});
        continue;
      }
      out_.saturated_dark_pixels = std::max<std::int64_t>(out_.saturated_dark_pixels, saturated);
      const PixelDefects defects = FindDefects(*sums);
      if (out_.defects) {
        Merge(defects, *out_.defects);
      } else {
        out_.defects = defects;
      }
      DarkSeries dark = DescribeDark(*sums, *out_.defects, out_.integer);
      dark.name = series->name;
      dark.exposure_s = series->exposure_s;
      for (DarkSeries& longer : out_.darks) longer.mean.release();  // only one map is kept
      out_.darks.push_back(std::move(dark));
    }
    std::reverse(out_.darks.begin(), out_.darks.end());
    out_.dark_current_adu_per_s = DarkCurrent(out_.darks);
  }

  [[nodiscard]] DarkReference ReferenceFor(const DetectorSeries& flat) const {
    DarkReference reference{.offset_adu = settings_.camera_offset_adu, .mean = {}};
    if (out_.darks.empty()) return reference;
    const DarkSeries& dark = out_.darks.front();
    if (out_.dark_current_adu_per_s && flat.exposure_s && dark.exposure_s) {
      reference.shift_adu =
          out_.dark_current_adu_per_s->value * (*flat.exposure_s - *dark.exposure_s);
    }
    reference.offset_adu = dark.offset_adu.value + reference.shift_adu;
    reference.mean = dark.mean;
    if (dark.read_noise_rms_adu) {
      const double rms = dark.read_noise_rms_adu->value;
      reference.noise_of_mean_adu2 =
          (rms * rms + (out_.integer ? kRoundingVariance : 0.0)) / dark.frames;
    }
    return reference;
  }

  void MeasureFlats() {
    for (const DetectorSeries* series : Of(SeriesKind::kFlat)) {
      cv::Mat defects = out_.defects ? out_.defects->map : cv::Mat();
      const std::optional<PixelSeries> sums =
          Sum(*series, {settings_.saturation_adu, defects, true});
      if (!sums) continue;
      if (defects.empty()) defects = cv::Mat::zeros(size_, CV_8U);
      out_.levels.push_back(DescribeLevel(*sums, defects, ReferenceFor(*series), out_.integer));
      out_.levels.back().name = series->name;
      out_.levels.back().exposure_s = series->exposure_s;
    }
    if (out_.levels.empty()) return;
    if (!out_.darks.empty()) {
      if (const auto dark = DarkLevel(out_.darks.front())) out_.levels.push_back(*dark);
    }
    std::stable_sort(out_.levels.begin(), out_.levels.end(),
                     [](const auto& a, const auto& b) { return a.mean_adu < b.mean_adu; });
    out_.transfer = FitTransfer(out_.levels);
  }

  void MeasureUniform(const DetectorSeries& series) {
    std::optional<DetectorValue> dark;
    if (settings_.camera_offset_adu) dark = DetectorValue{*settings_.camera_offset_adu};
    if (!out_.darks.empty()) dark = out_.darks.front().offset_adu;
    Measured<std::vector<UniformRegion>> measured =
        MeasureRegion(series.frames, dark, settings_.saturation_adu);
    if (const auto* fault = std::get_if<Fault>(&measured)) {
      out_.faults.push_back({series.name, *fault});
      return;
    }
    for (UniformRegion& region : std::get<std::vector<UniformRegion>>(measured)) {
      region.name = series.name;
      out_.regions.push_back(std::move(region));
    }
  }

  std::span<const DetectorSeries> series_;
  const DetectorSettings& settings_;
  cv::Size size_;
  Detector out_;
};

}  // namespace

Detector MeasureDetector(std::span<const DetectorSeries> series, const DetectorSettings& settings) {
  return Measuring(series, settings).Measure();
}

}  // namespace qc_metrics
