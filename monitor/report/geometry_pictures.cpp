#include "monitor/report/geometry_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "monitor/report/number_text.h"
#include "monitor/report/png.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr int kLongSidePx = 720;
constexpr double kPanelSide = 400.0;
constexpr double kMargin = 30.0;
constexpr double kGap = 44.0;
constexpr std::size_t kMostArrows = 1500;

using Vector = std::array<double, 2>;

double LongestOf(const std::vector<GridMark>& marks, Vector (*of)(const GridMark&)) {
  double longest = 0.0;
  for (const GridMark& mark : marks) {
    const Vector v = of(mark);
    if (mark.kept) longest = std::max(longest, std::hypot(v[0], v[1]));
  }
  return longest;
}

double NiceLength(double longest) {
  if (!(longest > 0.0)) return 1e-3;
  const double power = std::pow(10.0, std::floor(std::log10(longest)));
  for (const double step : {5.0, 2.0}) {
    if (step * power <= longest) return step * power;
  }
  return power;
}

/// One panel of magnified departures with its scale below.
std::string Departures(cv::Size size, const std::vector<GridMark>& marks, double left,
                       const char* title, Vector (*of)(const GridMark&)) {
  constexpr double kTop = 40.0;
  const double scale = kPanelSide / std::max(size.width, size.height);
  const double longest = LongestOf(marks, of);
  const double nice = NiceLength(longest);
  const double magnified = 30.0 / std::max(longest, nice);
  std::string svg = fmt::format(
      "<rect fill=\"none\" stroke=\"#c9cfd4\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\"/><text font-weight=\"600\" fill=\"#15191d\" x=\"{:.1f}\" "
      "y=\"{:.1f}\">{}</text><g fill=\"none\" stroke=\"#1f5fbf\" stroke-width=\"1.2\">",
      left, kTop, size.width * scale, size.height * scale, left, kTop - 9, EscapeXml(title));
  const std::size_t stride = std::max<std::size_t>(1, marks.size() / kMostArrows);
  for (std::size_t i = 0; i < marks.size(); i += stride) {
    if (!marks[i].kept) continue;
    const Vector v = of(marks[i]);
    const double x = left + (marks[i].place_px[0] + 0.5) * scale;
    const double y = kTop + (marks[i].place_px[1] + 0.5) * scale;
    svg += fmt::format(
        "<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}\"/><circle cx=\"{:.1f}\" "
        "cy=\"{:.1f}\" r=\"1\"/>",
        x, y, v[0] * magnified, v[1] * magnified, x, y);
  }
  const double below = kTop + size.height * scale + 18;
  return svg + fmt::format(
                   "</g><path stroke=\"#15191d\" d=\"M{:.1f} {:.1f}h{:.1f}\"/><text "
                   "x=\"{:.1f}\" y=\"{:.1f}\">{} px</text>",
                   left, below - 4, nice * magnified, left + nice * magnified + 8, below,
                   NumberText(nice));
}

}  // namespace

Picture GridPicture(const cv::Mat& image, const std::vector<GridMark>& marks, double pixel_um) {
  cv::Mat values;
  image.convertTo(values, CV_64F);
  double dark = 0.0;
  double bright = 0.0;
  cv::minMaxLoc(values, &dark, &bright);
  const double scale = static_cast<double>(kLongSidePx) / std::max(image.cols, image.rows);
  cv::Mat picture;
  cv::resize(SquareRootGrey(values, dark, bright), picture, cv::Size(), scale, scale,
             scale < 1.0 ? cv::INTER_AREA : cv::INTER_NEAREST);
  cv::cvtColor(picture, picture, cv::COLOR_GRAY2RGB);
  for (const GridMark& mark : marks) {
    const cv::Point at(static_cast<int>(std::lround((mark.place_px[0] + 0.5) * scale)),
                       static_cast<int>(std::lround((mark.place_px[1] + 0.5) * scale)));
    cv::drawMarker(picture, at, mark.kept ? cv::Scalar(76, 195, 138) : cv::Scalar(255, 122, 107),
                   mark.kept ? cv::MARKER_CROSS : cv::MARKER_TILTED_CROSS, 8, 1, cv::LINE_AA);
  }
  const double bar_um = ScaleBarUm(image.cols * pixel_um);
  DrawScaleBar(picture, static_cast<int>(std::lround(bar_um / pixel_um * scale)));
  return {"geometry_grid", "image/png", EncodePng(picture),
          fmt::format("points of the grid: upright crosses count, tilted ones do not; bar {:g} µm, "
                      "by the measured pixel size",
                      bar_um)};
}

Picture DistortionMap(cv::Size size, const std::vector<GridMark>& marks, bool distorted) {
  const double width = 2.0 * kMargin + (distorted ? 2.0 * kPanelSide + kGap : kPanelSide);
  const double height = 75.0 + size.height * kPanelSide / std::max(size.width, size.height);
  const std::string caption =
      distorted ? "departures from the best straight grid, magnified: by the smooth distortion "
                  "model, and what it leaves over"
                : "departures from the best straight grid, magnified";
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" font-family=\"system-ui, Segoe UI, "
      "Roboto, DejaVu Sans, sans-serif\" font-size=\"11\" fill=\"#59636e\"><title>{2}</title>"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>",
      width, height, EscapeXml(caption));
  if (distorted) {
    svg += Departures(size, marks, kMargin, "distortion",
                      [](const GridMark& m) { return m.smooth_px; });
    svg += Departures(size, marks, kMargin + kPanelSide + kGap, "left over", [](const GridMark& m) {
      return Vector{m.residual_px[0] - m.smooth_px[0], m.residual_px[1] - m.smooth_px[1]};
    });
  } else {
    svg += Departures(size, marks, kMargin, "departures",
                      [](const GridMark& m) { return m.residual_px; });
  }
  return {"geometry_map", "image/svg+xml", svg + "</svg>\n", caption};
}

}  // namespace monitor::report
