#include "monitor/report/illumination_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "monitor/report/png.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr int kLongSidePx = 520;
constexpr double kIsoStep = 0.1;

struct Canvas {
  double scale;  ///< picture px per image px
  int width;
  int height;
};

Canvas CanvasFor(cv::Size size) {
  const double scale = static_cast<double>(kLongSidePx) / std::max(size.width, size.height);
  return {scale, static_cast<int>(std::lround(size.width * scale)),
          static_cast<int>(std::lround(size.height * scale))};
}

/// The binned map as a picture of the whole field; the last bins may reach over the border.
cv::Mat Smoothly(const cv::Mat& map, int bin_px, const Canvas& canvas) {
  cv::Mat full;
  cv::resize(map, full,
             cv::Size(static_cast<int>(std::ceil(map.cols * bin_px * canvas.scale)),
                      static_cast<int>(std::ceil(map.rows * bin_px * canvas.scale))),
             0, 0, cv::INTER_LINEAR);
  return full(cv::Rect(0, 0, std::min(canvas.width, full.cols), std::min(canvas.height, full.rows)))
      .clone();
}

/// Dark lines where the value crosses a multiple of the iso step.
void DrawIsoLines(cv::Mat& image, const cv::Mat& share) {
  const auto level = [&](int y, int x) { return std::floor(share.at<double>(y, x) / kIsoStep); };
  for (int y = 0; y + 1 < share.rows; ++y) {
    for (int x = 0; x + 1 < share.cols; ++x) {
      if (level(y, x) != level(y, x + 1) || level(y, x) != level(y + 1, x)) {
        image.at<cv::Vec3b>(y, x) = cv::Vec3b(20, 20, 20);
      }
    }
  }
}

void DrawCross(cv::Mat& image, cv::Point2d at, const cv::Scalar& colour, int marker) {
  const cv::Point place(static_cast<int>(std::lround(at.x)), static_cast<int>(std::lround(at.y)));
  cv::drawMarker(image, place, cv::Scalar::all(0), marker, 18, 4, cv::LINE_AA);
  cv::drawMarker(image, place, colour, marker, 16, 2, cv::LINE_AA);
}

std::string BarCaption(cv::Mat& image, const Canvas& canvas, std::optional<double> pixel_um) {
  if (!pixel_um) return "no scale bar: pixel size not stated";
  const double bar_um = ScaleBarUm(canvas.width / canvas.scale * *pixel_um);
  DrawScaleBar(image, static_cast<int>(std::lround(bar_um / *pixel_um * canvas.scale)));
  return fmt::format("bar {:g} µm", bar_um);
}

Picture FieldMap(const qc_metrics::Illumination& field, cv::Size size, std::optional<double> um) {
  const Canvas canvas = CanvasFor(size);
  const cv::Mat share = Smoothly(field.maps.surface_adu / std::max(field.brightest_adu, 1e-12),
                                 field.maps.bin_px, canvas);
  double darkest = 0.0;
  cv::minMaxLoc(share, &darkest);
  // The range always starts at a full iso step below the darkest place: steep and flat fields are
  // both readable, and the caption says the range.
  const double low = std::min(0.9, std::floor(darkest / kIsoStep) * kIsoStep);
  cv::Mat image = SequentialColours((share - low) / (1.0 - low));
  DrawIsoLines(image, share);
  DrawCross(image, {canvas.width / 2.0, canvas.height / 2.0}, cv::Scalar::all(255),
            cv::MARKER_CROSS);
  DrawCross(
      image,
      {(field.peak_x_px.value + 0.5) * canvas.scale, (field.peak_y_px.value + 0.5) * canvas.scale},
      cv::Scalar(255, 255, 255), cv::MARKER_DIAMOND);
  const std::string bar = BarCaption(image, canvas, um);
  return {"field_map", "image/png", EncodePng(image),
          fmt::format("light over the field, {:.0f} % (dark) to 100 % (bright) of the brightest "
                      "place, lines every 10 %; cross: centre, diamond: peak; {}",
                      100.0 * low, bar)};
}

Picture ResidualMap(const qc_metrics::Illumination& field, cv::Size size,
                    std::optional<double> um) {
  const Canvas canvas = CanvasFor(size);
  constexpr double kFullScale = 0.05;
  cv::Mat image =
      DivergingColours(Smoothly(field.maps.residual, field.maps.bin_px, canvas) / kFullScale);
  const std::string bar = BarCaption(image, canvas, um);
  return {"field_residual", "image/png", EncodePng(image),
          fmt::format("what the smooth surface does not explain (dust, stripes), −5 % (blue) to "
                      "+5 % (red); {}",
                      bar)};
}

/// Values of the surface along a straight line of the field, against the place in px.
Trace Along(const qc_metrics::Illumination& field, cv::Point2d from, cv::Point2d to,
            std::string kind) {
  constexpr int kSteps = 200;
  Trace trace{Trace::Style::kLine, std::move(kind), {}, {}};
  const cv::Mat& map = field.maps.surface_adu;
  for (int i = 0; i <= kSteps; ++i) {
    const double share = static_cast<double>(i) / kSteps;
    const cv::Point2d at = from + share * (to - from);
    const int column =
        std::clamp(static_cast<int>((at.x + 0.5) / field.maps.bin_px), 0, map.cols - 1);
    const int row = std::clamp(static_cast<int>((at.y + 0.5) / field.maps.bin_px), 0, map.rows - 1);
    trace.x.push_back((share - 0.5) * 100.0);
    trace.y.push_back(map.at<double>(row, column) / field.brightest_adu * 100.0);
  }
  return trace;
}

Picture Profiles(const qc_metrics::Illumination& field, cv::Size size) {
  const double right = size.width - 1;
  const double bottom = size.height - 1;
  const cv::Point2d centre(right / 2, bottom / 2);
  Panel straight{.title = "through the centre: along x (line), along y (dashed)",
                 .x_label = "place / % of the line, 0 = centre",
                 .y_label = "light / % of brightest"};
  straight.traces = {Along(field, {0, centre.y}, {right, centre.y}, "fit"),
                     Along(field, {centre.x, 0}, {centre.x, bottom}, "limit")};
  Panel diagonal{.title = "diagonals: falling (line), rising (dashed)",
                 .x_label = "place / % of the line, 0 = centre",
                 .y_label = "light / % of brightest"};
  diagonal.traces = {Along(field, {0, 0}, {right, bottom}, "fit"),
                     Along(field, {0, bottom}, {right, 0}, "limit")};
  const std::string caption = "profiles of the smooth surface through the centre and the corners";
  return {"field_profiles", "image/svg+xml",
          DrawPanels({{straight}, {diagonal}}, 900, 280, caption), caption};
}

}  // namespace

std::vector<Picture> IlluminationPictures(const qc_metrics::Illumination& field, cv::Size size_px,
                                          std::optional<double> pixel_um) {
  return {FieldMap(field, size_px, pixel_um), ResidualMap(field, size_px, pixel_um),
          Profiles(field, size_px)};
}

}  // namespace monitor::report
