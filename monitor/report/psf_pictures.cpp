#include "monitor/report/psf_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "monitor/report/png.h"
#include "monitor/report/raster.h"
#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr double kHalfWidthInFwhm = 3.0;
constexpr int kLongSidePx = 360;
constexpr int kFieldSidePx = 720;

struct Box {
  int begin[3];
  int end[3];  ///< exclusive
  [[nodiscard]] int Size(int axis) const { return end[axis] - begin[axis]; }
};

Box Around(const qc_metrics::Stack& stack, const BeadFrame& frame) {
  const int limits[3] = {stack.planes[0].cols, stack.planes[0].rows,
                         static_cast<int>(stack.planes.size())};
  Box box{};
  for (std::size_t a = 0; a < 3; ++a) {
    const double half = std::max(2.0, kHalfWidthInFwhm * frame.fwhm_px[a]);
    box.begin[a] =
        std::clamp(static_cast<int>(std::floor(frame.centre_px[a] - half)), 0, limits[a] - 1);
    box.end[a] = std::clamp(static_cast<int>(std::ceil(frame.centre_px[a] + half)) + 1,
                            box.begin[a] + 1, limits[a]);
  }
  return box;
}

struct Projections {
  cv::Mat xy, xz, yz;  ///< CV_64F; rows are y, z and y, columns are x, x and z
};

Projections Project(const qc_metrics::Stack& stack, const Box& box) {
  const double lowest = -std::numeric_limits<double>::infinity();
  Projections out{cv::Mat(box.Size(1), box.Size(0), CV_64F, cv::Scalar(lowest)),
                  cv::Mat(box.Size(2), box.Size(0), CV_64F, cv::Scalar(lowest)),
                  cv::Mat(box.Size(1), box.Size(2), CV_64F, cv::Scalar(lowest))};
  const cv::Rect window(box.begin[0], box.begin[1], box.Size(0), box.Size(1));
  cv::Mat plane;
  for (int z = 0; z < box.Size(2); ++z) {
    stack.planes[static_cast<std::size_t>(box.begin[2] + z)](window).convertTo(plane, CV_64F);
    cv::max(out.xy, plane, out.xy);
    cv::Mat line;
    cv::reduce(plane, line, 0, cv::REDUCE_MAX);
    line.copyTo(out.xz.row(z));
    cv::reduce(plane, line, 1, cv::REDUCE_MAX);
    line.copyTo(out.yz.col(z));
  }
  return out;
}

/// Background of the cut: the median of the lateral projection's rim.
double Dark(const cv::Mat& projection) {
  std::vector<double> rim;
  for (int y = 0; y < projection.rows; ++y) {
    for (int x = 0; x < projection.cols; ++x) {
      if (x == 0 || y == 0 || x == projection.cols - 1 || y == projection.rows - 1) {
        rim.push_back(projection.at<double>(y, x));
      }
    }
  }
  const auto middle = rim.begin() + static_cast<std::ptrdiff_t>(rim.size() / 2);
  std::nth_element(rim.begin(), middle, rim.end());
  return *middle;
}

Picture DrawProjection(const cv::Mat& projection, double um_x, double um_y, double px_per_um,
                       std::pair<double, double> range, std::string_view name,
                       std::string_view what) {
  const cv::Mat grey = SquareRootGrey(projection, range.first, range.second);
  cv::Mat image = Enlarge(grey, static_cast<int>(std::lround(projection.cols * um_x * px_per_um)),
                          static_cast<int>(std::lround(projection.rows * um_y * px_per_um)));
  const double bar_um = ScaleBarUm(projection.cols * um_x);
  DrawScaleBar(image, static_cast<int>(std::lround(bar_um * px_per_um)));
  return {fmt::format("psf_{}", name), "image/png", EncodePng(image),
          fmt::format("{} of {}, maximum projection, square root scale; bar {:g} µm", name, what,
                      bar_um)};
}

Panel ResidualPanel(const BeadProfile& profile) {
  Panel panel{.x_label = profile.axis + " / µm", .y_label = "residual"};
  Trace residual{.style = Trace::Style::kStems, .kind = "residual", .x = {}, .y = {}};
  residual.x = profile.position_um;
  for (std::size_t i = 0; i < profile.value.size(); ++i) {
    residual.y.push_back(profile.value[i] - profile.fit[i]);
  }
  panel.traces.push_back(std::move(residual));
  panel.height_share = 0.35;
  panel.zero_line = true;
  return panel;
}

}  // namespace

std::vector<Picture> BeadProjections(const qc_metrics::Stack& stack, const BeadFrame& frame,
                                     std::string_view what) {
  const Box box = Around(stack, frame);
  const Projections cuts = Project(stack, box);
  double dark = Dark(cuts.xy);
  double bright = dark;
  cv::minMaxLoc(cuts.xy, nullptr, &bright);
  const auto& um = frame.pixel_um;
  const double longest = std::max({box.Size(0) * um[0], box.Size(1) * um[1], box.Size(2) * um[2]});
  const double scale = kLongSidePx / longest;
  const std::pair<double, double> range{dark, bright};
  return {DrawProjection(cuts.xy, um[0], um[1], scale, range, "xy", what),
          DrawProjection(cuts.xz, um[0], um[2], scale, range, "xz", what),
          DrawProjection(cuts.yz, um[2], um[1], scale, range, "yz", what)};
}

Picture ProfilePicture(const std::vector<BeadProfile>& profiles, std::string_view definition) {
  std::vector<std::vector<Panel>> columns;
  for (const BeadProfile& profile : profiles) {
    Panel data{.title = "along " + profile.axis, .y_label = "signal"};
    data.traces.push_back({Trace::Style::kPoints, "data", profile.position_um, profile.value});
    data.traces.push_back({Trace::Style::kLine, "fit", profile.position_um, profile.fit});
    columns.push_back({data, ResidualPanel(profile)});
  }
  const std::string caption = fmt::format(
      "profiles through the bead: data (points), {} (line), residuals below", definition);
  return {"psf_profiles", "image/svg+xml",
          DrawPanels(columns, 330 * static_cast<int>(std::max<std::size_t>(profiles.size(), 1)),
                     300, caption),
          caption};
}

Picture BeadField(const qc_metrics::Stack& stack, const std::vector<BeadMark>& marks,
                  double pixel_um) {
  cv::Mat projection = stack.planes[0].clone();
  for (const cv::Mat& plane : stack.planes) cv::max(projection, plane, projection);
  cv::Mat values;
  projection.convertTo(values, CV_64F);
  double bright = 0.0;
  cv::minMaxLoc(values, nullptr, &bright);
  const double scale =
      static_cast<double>(kFieldSidePx) / std::max(projection.cols, projection.rows);
  cv::Mat grey = SquareRootGrey(values, Dark(values), bright);
  cv::resize(grey, grey, cv::Size(), scale, scale,
             scale < 1.0 ? cv::INTER_AREA : cv::INTER_NEAREST);
  cv::Mat image;
  cv::merge(std::vector<cv::Mat>{grey, grey, grey}, image);
  for (const BeadMark& mark : marks) {
    const cv::Point at(static_cast<int>(std::lround((mark.x_px + 0.5) * scale)),
                       static_cast<int>(std::lround((mark.y_px + 0.5) * scale)));
    if (mark.kept) {
      cv::circle(image, at, 9, cv::Scalar(76, 195, 138), 2, cv::LINE_AA);
    } else {
      cv::drawMarker(image, at, cv::Scalar(255, 122, 107), cv::MARKER_TILTED_CROSS, 14, 2,
                     cv::LINE_AA);
    }
  }
  const double bar_um = ScaleBarUm(projection.cols * pixel_um);
  DrawScaleBar(image, static_cast<int>(std::lround(bar_um / pixel_um * scale)));
  return {
      "psf_field", "image/png", EncodePng(image),
      fmt::format("the whole field, maximum projection; ring: kept, cross: rejected; bar {:g} µm",
                  bar_um)};
}

}  // namespace monitor::report
