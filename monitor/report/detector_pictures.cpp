#include "monitor/report/detector_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "monitor/report/png.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

using qc_metrics::Detector;
using qc_metrics::LevelState;
using qc_metrics::TransferLevel;

constexpr int kLongSidePx = 520;
constexpr double kShownSds = 4.0;
constexpr int kHistogramBins = 120;

bool IsFitted(const TransferLevel& level) {
  return level.state == LevelState::kFitted || level.state == LevelState::kDark;
}

Panel Curve(const Detector& detector) {
  Panel panel{.title = "photon transfer: variance against mean", .y_label = "variance / ADU²"};
  Trace fitted{Trace::Style::kPoints, "data", {}, {}};
  Trace left_out{Trace::Style::kPoints, "residual", {}, {}};
  double last = 0.0;
  double first = detector.levels.front().mean_adu;
  for (const TransferLevel& level : detector.levels) {
    Trace& trace = IsFitted(level) ? fitted : left_out;
    trace.x.push_back(level.mean_adu);
    trace.y.push_back(level.variance_adu2);
    if (IsFitted(level)) last = std::max(last, level.mean_adu);
    first = std::min(first, level.mean_adu);
  }
  if (detector.transfer) {
    const auto line = [&](double mean) {
      return detector.transfer->intercept_adu2 + detector.transfer->slope_adu * mean;
    };
    panel.traces.push_back({Trace::Style::kLine, "fit", {first, last}, {line(first), line(last)}});
  }
  panel.traces.push_back(std::move(fitted));
  panel.traces.push_back(std::move(left_out));
  panel.zero_line = true;
  return panel;
}

Panel Residuals(const Detector& detector) {
  Panel panel{.title = "deviation of the variance from the line",
              .x_label = "mean / ADU",
              .y_label = "deviation / %",
              .height_share = 0.6,
              .zero_line = true};
  Trace trace{Trace::Style::kStems, "residual", {}, {}};
  for (const TransferLevel& level : detector.levels) {
    if (!IsFitted(level)) continue;
    const double expected =
        detector.transfer->intercept_adu2 + detector.transfer->slope_adu * level.mean_adu;
    trace.x.push_back(level.mean_adu);
    trace.y.push_back(100.0 * (level.variance_adu2 / expected - 1.0));
  }
  panel.traces.push_back(std::move(trace));
  return panel;
}

Picture TransferCurve(const Detector& detector) {
  std::vector<Panel> column = {Curve(detector)};
  if (detector.transfer) column.push_back(Residuals(detector));
  const std::string caption =
      "photon transfer: mean variance in time of a pixel against its mean, one point a level; "
      "line: "
      "fit, its slope is 1/gain; grey points were left out (saturated or unsteady)";
  return {"photon_transfer", "image/svg+xml", DrawPanels({column}, 900, 480, caption), caption};
}

/// Robust centre and spread of the pixels without a defect.
struct Spread {
  double centre, sd;
};

Spread SpreadOf(const cv::Mat& mean, const cv::Mat& defects) {
  cv::Scalar centre;
  cv::Scalar sd;
  cv::meanStdDev(mean, centre, sd, defects == 0);
  return {centre[0], std::max(sd[0], 1e-6)};
}

Picture DarkMap(const Detector& detector) {
  const cv::Mat& mean = detector.darks.front().mean;
  const Spread spread = SpreadOf(mean, detector.defects->map);
  cv::Mat values;
  mean.convertTo(values, CV_64F, 1.0 / (2.0 * kShownSds * spread.sd),
                 0.5 - spread.centre / (2.0 * kShownSds * spread.sd));
  const double scale = static_cast<double>(kLongSidePx) / std::max(mean.cols, mean.rows);
  const cv::Size size(static_cast<int>(std::lround(mean.cols * scale)),
                      static_cast<int>(std::lround(mean.rows * scale)));
  cv::Mat shown;
  cv::resize(values, shown, size, 0, 0, scale < 1.0 ? cv::INTER_AREA : cv::INTER_NEAREST);
  cv::Mat image = SequentialColours(shown);
  const cv::Mat& defects = detector.defects->map;
  const auto hot = static_cast<std::uint8_t>(qc_metrics::PixelDefect::kHot);
  for (int y = 0; y < defects.rows; ++y) {
    for (int x = 0; x < defects.cols; ++x) {
      const std::uint8_t defect = defects.at<std::uint8_t>(y, x);
      if (defect == 0) continue;
      const cv::Point at(static_cast<int>((x + 0.5) * scale), static_cast<int>((y + 0.5) * scale));
      cv::circle(image, at, 5, defect == hot ? cv::Scalar(230, 40, 30) : cv::Scalar(255, 255, 255),
                 1, cv::LINE_AA);
    }
  }
  return {"dark_map", "image/png", EncodePng(image),
          fmt::format("mean dark level of each pixel, {:.2f} (dark) to {:.2f} ADU (bright); red "
                      "rings: {} hot pixels, white rings: {} blinking and {} cold ones",
                      spread.centre - kShownSds * spread.sd, spread.centre + kShownSds * spread.sd,
                      detector.defects->hot, detector.defects->blinking, detector.defects->cold)};
}

Picture DarkHistogram(const Detector& detector) {
  const cv::Mat& mean = detector.darks.front().mean;
  const cv::Mat& defects = detector.defects->map;
  const Spread spread = SpreadOf(mean, defects);
  const double low = spread.centre - 2.0 * kShownSds * spread.sd;
  const double width = 4.0 * kShownSds * spread.sd / kHistogramBins;
  std::vector<double> counts(kHistogramBins, 0.0);
  for (int y = 0; y < mean.rows; ++y) {
    for (int x = 0; x < mean.cols; ++x) {
      const double place = (static_cast<double>(mean.at<float>(y, x)) - low) / width;
      if (place < 0.0 || place >= kHistogramBins) continue;
      counts[static_cast<std::size_t>(place)] += 1.0;
    }
  }
  Panel panel{.title = "dark level of the pixels",
              .x_label = "mean in time / ADU",
              .y_label = "pixels (log10, of 1 + n)"};
  Trace trace{Trace::Style::kLine, "data", {}, {}};
  trace.kind = "fit";
  for (int i = 0; i < kHistogramBins; ++i) {
    trace.x.push_back(low + (i + 0.5) * width);
    trace.y.push_back(std::log10(1.0 + counts[static_cast<std::size_t>(i)]));
  }
  panel.traces.push_back(std::move(trace));
  const std::string caption = "distribution of the mean dark level over the pixels";
  return {"dark_histogram", "image/svg+xml", DrawPanels({{panel}}, 520, 300, caption), caption};
}

}  // namespace

std::vector<Picture> DetectorPictures(const Detector& detector) {
  std::vector<Picture> pictures;
  if (!detector.levels.empty()) pictures.push_back(TransferCurve(detector));
  if (detector.defects && !detector.darks.empty()) {
    pictures.push_back(DarkMap(detector));
    pictures.push_back(DarkHistogram(detector));
  }
  return pictures;
}

}  // namespace monitor::report
