#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "qc_metrics/field_scan.h"
#include "qc_metrics/illumination.h"
#include "tests/monitor/measurement/golden_rows.h"

namespace monitor::measurement {
namespace {

/// Pixels of one plane of 8 bits, and what is counted from them.
class Pixels {
 public:
  explicit Pixels(cv::Mat plane) : plane_(std::move(plane)) {}

  [[nodiscard]] double At(int x, int y) const { return plane_.at<std::uint8_t>(y, x); }
  [[nodiscard]] int right() const { return plane_.cols - 1; }
  [[nodiscard]] int bottom() const { return plane_.rows - 1; }
  [[nodiscard]] cv::Point2d centre() const { return {0.5 * plane_.cols, 0.5 * plane_.rows}; }
  [[nodiscard]] double diagonal() const { return std::hypot(plane_.cols, plane_.rows); }

  /// Top left, top right, bottom left, bottom right; middles of top, bottom, left, right.
  [[nodiscard]] Values Azimuths() const {
    const int x = plane_.cols / 2;
    const int y = plane_.rows / 2;
    return {At(0, 0), At(right(), 0),  At(0, bottom()), At(right(), bottom()),
            At(x, 0), At(x, bottom()), At(0, y),        At(right(), y)};
  }

  [[nodiscard]] double Largest() const {
    double largest = 0.0;
    cv::minMaxLoc(plane_, nullptr, &largest);
    return largest;
  }

  [[nodiscard]] std::vector<cv::Point> Maxima() const {
    std::vector<cv::Point> places;
    cv::findNonZero(plane_ == Largest(), places);  // in the order of rows
    return places;
  }

  /// Centre of mass of `weights`, in indices.
  [[nodiscard]] static cv::Point2d Centroid(const cv::Mat& weights) {
    const cv::Moments m = [&] {
      cv::Moments sums;
      for (int y = 0; y < weights.rows; ++y) {
        for (int x = 0; x < weights.cols; ++x) {
          const double value = weights.at<std::uint8_t>(y, x);
          sums.m00 += value;
          sums.m10 += value * x;
          sums.m01 += value * y;
        }
      }
      return sums;
    }();
    return {m.m10 / m.m00, m.m01 / m.m00};
  }
  [[nodiscard]] cv::Point2d Centroid() const { return Centroid(plane_); }
  [[nodiscard]] cv::Point2d CentroidOfMaxima() const { return Centroid(plane_ == Largest()); }

  /// Percent, 100 on the centre: w / 2, h / 2 in whatever convention `place` has.
  [[nodiscard]] double Centring(cv::Point2d place) const {
    return 100.0 * (1.0 - 2.0 * cv::norm(place - centre()) / diagonal());
  }

  /// The value that the fraction of the pixels lies below (nearest rank).
  [[nodiscard]] double Percentile(double fraction) const {
    std::vector<std::uint8_t> sorted(plane_.begin<std::uint8_t>(), plane_.end<std::uint8_t>());
    const auto rank = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(sorted.size()));
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    return sorted[static_cast<std::size_t>(rank)];
  }

 private:
  cv::Mat plane_;
};

Found Point(cv::Point2d place) { return {{place.x, place.y}}; }

/// Rows that follow from the pixels alone.
void AddPixelRows(const Pixels& pixels, Metrics& rows) {
  const cv::Point2d half(0.5, 0.5);
  const Values azimuths = pixels.Azimuths();
  rows["azimuth_TL_TR_BL_BR_T_B_L_R"] = [=] { return Found{azimuths}; };
  rows["published_corner_TL"] = [=] { return Found{{azimuths[0]}}; };
  rows["published_corner_TR"] = [=] { return Found{{azimuths[1]}}; };
  rows["published_corner_BR"] = [=] { return Found{{azimuths[3]}}; };
  rows["published_corner_BL"] = [=] {
    return Found{{azimuths[2]}, 0.0, "NOT reproduced: the report repeats the top-right corner"};
  };
  rows["published_midpoints_T_B_L_R"] = [=] {
    return Found{{azimuths[4], azimuths[5], azimuths[6], azimuths[7]}};
  };
  // The plugin's spread, over n where ours is over n - 1: no quantity of ours.
  rows["field_uniformity_8azimuth_popSD_pct"] = [=] {
    cv::Scalar mean, sd;
    cv::meanStdDev(azimuths, mean, sd);
    return Found{{100.0 * (1.0 - sd[0] / pixels.Largest())}};
  };
  rows["first_max_xy"] = [=] { return Point(pixels.Maxima().front()); };
  rows["last_max_xy"] = [=] { return Point(pixels.Maxima().back()); };
  rows["centering_lastmax_pct"] = [=] { return Found{{pixels.Centring(pixels.Maxima().back())}}; };
  rows["intensity_centroid_xy_pixelindex"] = [=] { return Point(pixels.Centroid()); };
  rows["published_centre_of_intensity_xy"] = [=] { return Point(pixels.Centroid() + half); };
  rows["published_100pct_zone_centre_xy"] = [=] { return Point(pixels.CentroidOfMaxima() + half); };
  rows["published_distance_centroid"] = [=] {  // in pixels, whatever unit the report wrote
    return Found{{cv::norm(pixels.Centroid() + half - pixels.centre())}};
  };
  rows["centering_centroid_pct"] = [=] { return Found{{pixels.Centring(pixels.Centroid())}}; };
  rows["centering_centroid_plus_half_pct"] = [=] {
    return Found{{pixels.Centring(pixels.Centroid() + half)}};
  };
  // Ours is of the smoothed image.
  rows["U_p5_over_p95_pct"] = [=] {
    return Found{{100.0 * pixels.Percentile(0.05) / pixels.Percentile(0.95)}};
  };
}

}  // namespace

Metrics GoldenField(const std::string& name) {
  const cv::Mat plane = ReadGolden(name).planes.at(0).clone();
  const qc_metrics::FieldScan scan = qc_metrics::ScanField(plane);
  const auto result =
      qc_metrics::MeasureIllumination(plane, {.camera_offset_adu = 0.0, .saturation_adu = 255.0});
  const auto field = std::get<qc_metrics::Illumination>(result.field);
  const double saturated = result.saturated.value();
  const Pixels pixels(plane);
  Metrics rows = {
      {"min", [=] { return Found{{scan.min_adu}}; }},
      {"max", [=] { return Found{{scan.max_adu}}; }},
      {"published_max", [=] { return Found{{scan.max_adu}}; }},
      {"mean", [=] { return Found{{scan.mean_adu}}; }},
      {"sd_pop", [=] { return Found{{scan.sd_adu}}; }},
      {"U_minmax_pct", [=] { return Found{{100.0 * field.minmax_raw}}; }},
      {"CV_pop", [=] { return Found{{field.cv.value}}; }},
      {"U_1_minus_CV_pct", [=] { return Found{{100.0 * (1.0 - field.cv.value)}}; }},
      {"field_uniformity_8azimuth_sampleSD_pct", [=] { return Found{{100.0 * field.azimuth8}}; }},
      {"U_top5_bottom5_pct", [=] { return Found{{100.0 * field.five_percent}}; }},
      {"zone90_centroid_xy_pixelindex", [=] { return Point(scan.bright_zone_px); }},
      {"centering_zone90_pct",  // w / 2 against an index: half a pixel off, not ours
       [=] { return Found{{pixels.Centring(scan.bright_zone_px)}}; }},
      {"centering_zone90_plus_half_pct", [=] { return Found{{100.0 * field.metroloj_centring}}; }},
      {"saturated_px", [=] { return Found{{saturated * static_cast<double>(field.pixels)}}; }},
      {"saturated_fraction", [=] { return Found{{saturated}}; }}};
  AddPixelRows(pixels, rows);
  return rows;
}

}  // namespace monitor::measurement
