#include "monitor/report/coregistration_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "monitor/report/number_text.h"
#include "monitor/report/png.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr int kFieldSidePx = 720;
constexpr int kBeadSidePx = 360;
constexpr double kHalfWidthInFwhm = 3.0;

/// Maximum over planes [begin, end) and rows, columns of a rectangle, seen along an axis.
cv::Mat Maximum(const qc_metrics::Stack& stack, const cv::Rect& window, int begin, int end,
                int axis) {
  const double lowest = -std::numeric_limits<double>::infinity();
  const cv::Size size = axis == 2   ? window.size()
                        : axis == 1 ? cv::Size(window.width, end - begin)
                                    : cv::Size(end - begin, window.height);
  cv::Mat out(size, CV_64F, cv::Scalar(lowest));
  cv::Mat plane;
  cv::Mat line;
  for (int z = begin; z < end; ++z) {
    stack.planes[static_cast<std::size_t>(z)](window).convertTo(plane, CV_64F);
    if (axis == 2) {
      cv::max(out, plane, out);
    } else {
      cv::reduce(plane, line, axis == 1 ? 0 : 1, cv::REDUCE_MAX);
      line.copyTo(axis == 1 ? out.row(z - begin) : out.col(z - begin));
    }
  }
  return out;
}

double Median(const cv::Mat& image) {
  std::vector<double> values;
  for (int y = 0; y < image.rows; ++y) {
    for (int x = y % 3; x < image.cols; x += 3) values.push_back(image.at<double>(y, x));
  }
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

cv::Mat Grey(const cv::Mat& projection) {
  double bright = 0.0;
  cv::minMaxLoc(projection, nullptr, &bright);
  return SquareRootGrey(projection, Median(projection), bright);
}

/// Magenta and green add up to white: readable with any colour vision.
cv::Mat Merged(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat image;
  cv::merge(std::vector<cv::Mat>{a, b, a}, image);
  return image;
}

std::string Colours(const std::string& names) {
  return fmt::format("{}: first magenta, second green, white where they agree", names);
}

/// Range of whole voxels about a centre.
std::pair<int, int> Around(double centre, double half, int size) {
  const int begin = std::clamp(static_cast<int>(std::floor(centre - half)), 0, size - 1);
  return {begin, std::clamp(static_cast<int>(std::ceil(centre + half)) + 1, begin + 1, size)};
}

/// One panel of the map: field coordinates to picture coordinates.
struct MapPanel {
  double left, top, scale;
  double width_um, height_um;
  [[nodiscard]] double X(double um) const { return left + um * scale; }
  [[nodiscard]] double Y(double um) const { return top + um * scale; }
};

constexpr double kPanelSide = 290.0;
constexpr double kPanelGap = 44.0;
constexpr double kMargin = 30.0;

MapPanel PanelAt(const ShiftField& field, int index) {
  const double scale = kPanelSide / std::max(field.width_um, field.height_um);
  return {kMargin + index * (kPanelSide + kPanelGap), 40.0, scale, field.width_um, field.height_um};
}

std::string Frame(const MapPanel& panel, const std::string& title) {
  return fmt::format(
      "<rect fill=\"none\" stroke=\"#c9cfd4\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\"/><text font-weight=\"600\" fill=\"#15191d\" x=\"{:.1f}\" "
      "y=\"{:.1f}\">{}</text>",
      panel.left, panel.top, panel.width_um * panel.scale, panel.height_um * panel.scale,
      panel.left, panel.top - 9, EscapeXml(title));
}

std::string ArrowAt(double x, double y, double dx, double dy, const char* colour) {
  const double length = std::hypot(dx, dy);
  std::string svg =
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"1.8\" fill=\"{}\"/>", x, y, colour);
  if (length < 0.5) return svg;
  const double head = std::min(5.0, 0.5 * length);
  const double ux = dx / length * head;
  const double uy = dy / length * head;
  return svg + fmt::format(
                   "<path fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\" d=\"M{:.1f} "
                   "{:.1f}l{:.1f} {:.1f}l{:.1f} {:.1f}m{:.1f} {:.1f}l{:.1f} {:.1f}\"/>",
                   colour, x, y, dx, dy, -ux - 0.5 * uy, -uy + 0.5 * ux, ux + 0.5 * uy,
                   uy - 0.5 * ux, -ux + 0.5 * uy, -uy - 0.5 * ux);
}

using Vector = std::array<double, 3> BeadShift::*;

/// A length of 1-2-5 steps that is about as long as the longest arrow.
double NiceLength(double longest_um) {
  if (!(longest_um > 0.0)) return 0.001;
  const double power = std::pow(10.0, std::floor(std::log10(longest_um)));
  for (const double step : {5.0, 2.0}) {
    if (step * power <= longest_um) return step * power;
  }
  return power;
}

/// Arrows of one kind, with the scale below.
std::string Arrows(const ShiftField& field, const MapPanel& panel, Vector of) {
  double longest = 0.0;
  for (const BeadShift& bead : field.beads) {
    if (bead.kept) longest = std::max(longest, std::hypot((bead.*of)[0], (bead.*of)[1]));
  }
  const double nice = NiceLength(longest);
  const double px_per_um = 34.0 / std::max(longest, nice);
  std::string svg;
  for (const BeadShift& bead : field.beads) {
    const auto& v = bead.*of;
    // An outlier may be far off; its arrow ends within the panel, its colour says what it is.
    const double length = std::hypot(v[0], v[1]);
    const double cut = length * px_per_um > 60.0 ? 60.0 / (length * px_per_um) : 1.0;
    svg += ArrowAt(panel.X(bead.place_um[0]), panel.Y(bead.place_um[1]), v[0] * px_per_um * cut,
                   v[1] * px_per_um * cut, bead.kept ? "#1f5fbf" : "#b42318");
  }
  const double y = panel.Y(panel.height_um) + 18;
  svg += ArrowAt(panel.left + 2, y - 4, nice * px_per_um, 0.0, "#15191d");
  return svg + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{} nm</text>",
                           panel.left + nice * px_per_um + 10, y, NumberText(nice * 1e3));
}

std::string Hex(const cv::Vec3b& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

/// Axial shifts as coloured dots about their median, with the range below.
std::string AxialDots(const ShiftField& field, const MapPanel& panel) {
  std::vector<double> kept;
  for (const BeadShift& bead : field.beads) {
    if (bead.kept) kept.push_back(bead.shift_um[2]);
  }
  if (kept.empty()) return {};
  std::sort(kept.begin(), kept.end());
  const double middle = kept[kept.size() / 2];
  const double range = std::max({kept.back() - middle, middle - kept.front(), 1e-4});
  std::string svg;
  for (const BeadShift& bead : field.beads) {
    const cv::Mat value(1, 1, CV_64F, cv::Scalar((bead.shift_um[2] - middle) / range));
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\" stroke=\"{}\"/>",
                       panel.X(bead.place_um[0]), panel.Y(bead.place_um[1]),
                       Hex(DivergingColours(value).at<cv::Vec3b>(0, 0)),
                       bead.kept ? "#59636e" : "#b42318");
  }
  return svg + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{} nm (blue) … {} nm (red)</text>",
                           panel.left, panel.Y(panel.height_um) + 18,
                           NumberText((middle - range) * 1e3), NumberText((middle + range) * 1e3));
}

}  // namespace

Picture ChannelOverlay(const qc_metrics::Stack& a, const qc_metrics::Stack& b,
                       const std::array<double, 3>& voxel_um, const std::string& names) {
  const cv::Rect whole({0, 0}, a.planes.front().size());
  const int planes = static_cast<int>(a.planes.size());
  cv::Mat image =
      Merged(Grey(Maximum(a, whole, 0, planes, 2)), Grey(Maximum(b, whole, 0, planes, 2)));
  const double scale = static_cast<double>(kFieldSidePx) / std::max(image.cols, image.rows);
  const double bar_um = ScaleBarUm(image.cols * voxel_um[0]);
  cv::Mat scaled;
  cv::resize(image, scaled, cv::Size(), scale, scale,
             scale < 1.0 ? cv::INTER_AREA : cv::INTER_NEAREST);
  DrawScaleBar(scaled, static_cast<int>(std::lround(bar_um / voxel_um[0] * scale)));
  return {
      "coregistration_overlay", "image/png", EncodePng(scaled),
      fmt::format("the whole field, maximum projections; {}; bar {:g} µm", Colours(names), bar_um)};
}

std::vector<Picture> BeadOverlays(const qc_metrics::Stack& a, const qc_metrics::Stack& b,
                                  const BeadFrame& frame, const std::string& names) {
  const std::array<int, 3> size = {a.planes.front().cols, a.planes.front().rows,
                                   static_cast<int>(a.planes.size())};
  std::array<std::pair<int, int>, 3> range;
  for (std::size_t i = 0; i < 3; ++i) {
    range[i] =
        Around(frame.centre_px[i], std::max(2.0, kHalfWidthInFwhm * frame.fwhm_px[i]), size[i]);
  }
  const cv::Rect window(range[0].first, range[1].first, range[0].second - range[0].first,
                        range[1].second - range[1].first);
  const auto& um = frame.pixel_um;
  const double depth = (range[2].second - range[2].first) * um[2];
  const double scale = kBeadSidePx / std::max({window.width * um[0], window.height * um[1], depth});
  struct View {
    const char* name;
    int along;
    std::size_t x, y;
  };
  std::vector<Picture> pictures;
  for (const View& view : {View{"xy", 2, 0, 1}, View{"xz", 1, 0, 2}, View{"yz", 0, 2, 1}}) {
    const auto seen = [&](const qc_metrics::Stack& stack) {
      return Grey(Maximum(stack, window, range[2].first, range[2].second, view.along));
    };
    const cv::Mat merged = Merged(seen(a), seen(b));
    cv::Mat image = Enlarge(merged, static_cast<int>(std::lround(merged.cols * um[view.x] * scale)),
                            static_cast<int>(std::lround(merged.rows * um[view.y] * scale)));
    const double bar_um = ScaleBarUm(merged.cols * um[view.x]);
    DrawScaleBar(image, static_cast<int>(std::lround(bar_um * scale)));
    pictures.push_back({fmt::format("coregistration_bead_{}", view.name), "image/png",
                        EncodePng(image),
                        fmt::format("{} of the brightest kept bead, maximum projections; {}; bar "
                                    "{:g} µm",
                                    view.name, Colours(names), bar_um)});
  }
  return pictures;
}

Picture ShiftMap(const ShiftField& field) {
  const std::string caption =
      fmt::format("{}: lateral shift of every bead{}, and axial shift; blue: kept, red: outlier",
                  field.names, field.mapped ? ", what the affine map leaves over" : "");
  const int panels = field.mapped ? 3 : 2;
  const double width = 2.0 * kMargin + panels * (kPanelSide + kPanelGap) - kPanelGap;
  const double height =
      70.0 + field.height_um * kPanelSide / std::max(field.width_um, field.height_um);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" font-family=\"system-ui, Segoe UI, "
      "Roboto, DejaVu Sans, sans-serif\" font-size=\"11\" fill=\"#59636e\"><title>{2}</title>"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>",
      width, height, EscapeXml(caption));
  int index = 0;
  MapPanel panel = PanelAt(field, index++);
  svg += Frame(panel, "lateral shift") + Arrows(field, panel, &BeadShift::shift_um);
  if (field.mapped) {
    panel = PanelAt(field, index++);
    svg += Frame(panel, "left over by the map") + Arrows(field, panel, &BeadShift::residual_um);
  }
  panel = PanelAt(field, index);
  svg += Frame(panel, "axial shift") + AxialDots(field, panel);
  return {"coregistration_map", "image/svg+xml", svg + "</svg>\n", caption};
}

}  // namespace monitor::report
