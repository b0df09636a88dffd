#include "qc_metrics/field_peers.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kRegionSide = 0.1;

double PixelAt(const cv::Mat& image, int x, int y) {
  return cv::sum(image(cv::Rect(x, y, 1, 1)))[0];
}

// 1 - sample SD of the four corners and the four edge middles / largest pixel.
double Azimuth8(const cv::Mat& image, double max_adu) {
  const int right = image.cols - 1;
  const int bottom = image.rows - 1;
  const int middle_x = image.cols / 2;
  const int middle_y = image.rows / 2;
  const std::array<double, 8> values = {
      PixelAt(image, 0, 0),        PixelAt(image, right, 0),
      PixelAt(image, 0, bottom),   PixelAt(image, right, bottom),
      PixelAt(image, middle_x, 0), PixelAt(image, middle_x, bottom),
      PixelAt(image, 0, middle_y), PixelAt(image, right, middle_y)};
  double mean = 0.0;
  for (const double value : values) mean += value / 8.0;
  double square = 0.0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return 1.0 - std::sqrt(square / 7.0) / max_adu;
}

// Squares of 10 % of the mean side. Where microscope-metrics writes [-n:-1] and loses the last row
// and column, the regions here reach the border.
std::array<double, 9> RegionRatios(const cv::Mat& image, double max_adu) {
  const int side = std::clamp(static_cast<int>(kRegionSide * (image.rows + image.cols) / 2.0), 1,
                              std::min(image.rows, image.cols));
  const int skip_x = (image.cols - side) / 2;
  const int skip_y = (image.rows - side) / 2;
  const std::array<cv::Range, 3> columns = {cv::Range(0, side),
                                            cv::Range(skip_x, image.cols - skip_x),
                                            cv::Range(image.cols - side, image.cols)};
  const std::array<cv::Range, 3> rows = {cv::Range(0, side), cv::Range(skip_y, image.rows - skip_y),
                                         cv::Range(image.rows - side, image.rows)};
  std::array<double, 9> ratios{};
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    ratios[i] = cv::mean(image(rows[i / 3], columns[i % 3]))[0] / max_adu;
  }
  return ratios;
}

// 1 - (top - bottom) / (top + bottom) of the means of the brightest and darkest 5 % of the pixels.
double FivePercent(const FieldScan& scan) {
  return 1.0 - (scan.brightest_adu - scan.darkest_adu) / (scan.brightest_adu + scan.darkest_adu);
}

double Centring(cv::Point2d bright_zone_px, cv::Size size) {
  const cv::Point2d centre(0.5 * (size.width - 1), 0.5 * (size.height - 1));
  return 1.0 - 2.0 * cv::norm(bright_zone_px - centre) / std::hypot(size.width, size.height);
}

}  // namespace

FieldPeers MeasureFieldPeers(const cv::Mat& image, const FieldScan& scan) {
  return {.minmax_smoothed = scan.smoothed_min_adu / scan.smoothed_max_adu,
          .minmax_raw = scan.min_adu / scan.max_adu,
          .azimuth8 = Azimuth8(image, scan.max_adu),
          .five_percent = FivePercent(scan),
          .metroloj_centring = Centring(scan.bright_zone_px, image.size()),
          .region_ratio = RegionRatios(image, scan.max_adu)};
}

}  // namespace qc_metrics
