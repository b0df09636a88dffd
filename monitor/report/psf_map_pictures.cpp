#include "monitor/report/psf_map_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "monitor/report/png.h"
#include "monitor/report/raster.h"

namespace monitor::report {
namespace {

constexpr int kLongSidePx = 420;
constexpr int kDotPx = 6;
constexpr double kLeastShare = 0.05;
constexpr double kLeastFocusUm = 0.2;

/// Values at the two ends of the colour scale.
struct Scale {
  double low, high;
};

/// Spans the middle 98 % of the beads' values and the surface at the corners; never less than the
/// least span, so that noise is not painted as structure.
Scale ScaleOf(const qc_metrics::FieldMap& map) {
  std::vector<double> values;
  for (const qc_metrics::FieldPoint& point : map.points) values.push_back(point.value);
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  Scale scale{at(0.01), at(0.99)};
  for (const double x : {-0.5, 0.0, 0.5}) {
    for (const double y : {-0.5, 0.0, 0.5}) {
      scale.low = std::min(scale.low, map.fit.At(x, y));
      scale.high = std::max(scale.high, map.fit.At(x, y));
    }
  }
  const double least = map.name == "focus" ? kLeastFocusUm : kLeastShare * std::abs(at(0.5));
  const double missing = std::max(0.0, least - (scale.high - scale.low));
  return {scale.low - 0.5 * missing, scale.high + 0.5 * missing};
}

cv::Mat SurfaceImage(const qc_metrics::FieldMap& map, const Scale& scale, cv::Size size) {
  cv::Mat unit(size, CV_64F);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const double value = map.fit.At((x + 0.5) / size.width - 0.5, (y + 0.5) / size.height - 0.5);
      unit.at<double>(y, x) = (value - scale.low) / (scale.high - scale.low);
    }
  }
  return SequentialColours(unit);
}

void DrawBeads(const qc_metrics::FieldMap& map, const Scale& scale, cv::Mat& image) {
  for (const qc_metrics::FieldPoint& point : map.points) {
    const cv::Mat unit(1, 1, CV_64F,
                       cv::Scalar((point.value - scale.low) / (scale.high - scale.low)));
    const auto colour = SequentialColours(unit).at<cv::Vec3b>(0, 0);
    const cv::Point at(static_cast<int>(std::lround((point.x + 0.5) * image.cols)),
                       static_cast<int>(std::lround((point.y + 0.5) * image.rows)));
    cv::circle(image, at, kDotPx + 1, cv::Scalar::all(255), cv::FILLED, cv::LINE_AA);
    cv::circle(image, at, kDotPx, cv::Scalar(colour[0], colour[1], colour[2]), cv::FILLED,
               cv::LINE_AA);
  }
}

std::string TitleOf(const qc_metrics::FieldMap& map) {
  if (map.name == "lateral") return "lateral FWHM over the field";
  if (map.name == "axial") return "axial FWHM over the field";
  if (map.name == "asymmetry") return "lateral asymmetry (minor / major) over the field";
  return "best focus over the field (z of the beads)";
}

Picture DrawMap(const qc_metrics::FieldMap& map, const std::array<double, 2>& field_um) {
  const double px_per_um = kLongSidePx / std::max(field_um[0], field_um[1]);
  const cv::Size size(std::max(1, static_cast<int>(std::lround(field_um[0] * px_per_um))),
                      std::max(1, static_cast<int>(std::lround(field_um[1] * px_per_um))));
  const Scale scale = ScaleOf(map);
  cv::Mat image = SurfaceImage(map, scale, size);
  DrawBeads(map, scale, image);
  const double bar_um = ScaleBarUm(field_um[0]);
  DrawScaleBar(image, static_cast<int>(std::lround(bar_um * px_per_um)));
  const std::string unit = map.unit == "um" ? " µm" : "";
  return {"psf_map_" + map.name, "image/png", EncodePng(image),
          fmt::format("{}, {:.4g}{} (dark) to {:.4g}{} (bright); ground: smooth surface through "
                      "the beads, dots: the beads; {}; bar {:g} µm",
                      TitleOf(map), scale.low, unit, scale.high, unit, map.definition, bar_um)};
}

}  // namespace

std::vector<Picture> FieldMapPictures(const std::vector<qc_metrics::FieldMap>& maps,
                                      const std::array<double, 2>& field_um) {
  std::vector<Picture> pictures;
  for (const qc_metrics::FieldMap& map : maps) pictures.push_back(DrawMap(map, field_um));
  return pictures;
}

}  // namespace monitor::report
