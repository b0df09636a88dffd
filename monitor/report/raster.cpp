#include "monitor/report/raster.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace monitor::report {
namespace {

using Colour = std::array<double, 3>;

// Own control points: lightness rises evenly from 15 to 92 (CIE L*), hue from blue over green.
constexpr std::array<Colour, 6> kSequential = {
    {{38, 20, 92}, {48, 75, 140}, {34, 126, 139}, {52, 173, 112}, {151, 211, 63}, {250, 232, 60}}};
constexpr std::array<Colour, 5> kDiverging = {
    {{33, 79, 163}, {140, 175, 222}, {247, 247, 245}, {235, 160, 135}, {170, 32, 36}}};

template <std::size_t N>
cv::Vec3b Interpolate(const std::array<Colour, N>& points, double share) {
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(N - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(place), N - 2);
  const double weight = place - static_cast<double>(below);
  cv::Vec3b colour;
  for (std::size_t c = 0; c < 3; ++c) {
    const double level = points[below][c] * (1.0 - weight) + points[below + 1][c] * weight;
    colour[static_cast<int>(c)] = static_cast<std::uint8_t>(std::lround(level));
  }
  return colour;
}

template <std::size_t N>
cv::Mat Coloured(const cv::Mat& values, const std::array<Colour, N>& points, double low,
                 double high) {
  cv::Mat image(values.size(), CV_8UC3);
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      image.at<cv::Vec3b>(y, x) =
          Interpolate(points, (values.at<double>(y, x) - low) / (high - low));
    }
  }
  return image;
}

}  // namespace

cv::Mat SquareRootGrey(const cv::Mat& plane, double dark, double bright) {
  cv::Mat share;
  const double span = std::max(bright - dark, 1e-12);
  plane.convertTo(share, CV_64F, 1.0 / span, -dark / span);
  cv::max(share, 0.0, share);
  cv::min(share, 1.0, share);
  cv::sqrt(share, share);
  cv::Mat grey;
  share.convertTo(grey, CV_8U, 255.0);
  return grey;
}

cv::Mat SequentialColours(const cv::Mat& unit_values) {
  return Coloured(unit_values, kSequential, 0.0, 1.0);
}

cv::Mat DivergingColours(const cv::Mat& signed_values) {
  return Coloured(signed_values, kDiverging, -1.0, 1.0);
}

cv::Mat Enlarge(const cv::Mat& image, int width, int height) {
  cv::Mat large;
  cv::resize(image, large, cv::Size(std::max(width, 1), std::max(height, 1)), 0, 0,
             cv::INTER_NEAREST);
  return large;
}

double ScaleBarUm(double width_um) {
  const double largest = width_um / 3.0;
  const double power = std::pow(10.0, std::floor(std::log10(largest)));
  for (const double step : {5.0, 2.0}) {
    if (step * power <= largest) return step * power;
  }
  return power;
}

void DrawScaleBar(cv::Mat& image, int length_px) {
  const int margin = std::max(6, image.rows / 30);
  const cv::Rect bar(margin, image.rows - margin - 4, std::min(length_px, image.cols - 2 * margin),
                     4);
  if (bar.width <= 0 || bar.y <= 1) return;
  cv::rectangle(image, cv::Rect(bar.x - 1, bar.y - 1, bar.width + 2, bar.height + 2),
                cv::Scalar::all(0), cv::FILLED);
  cv::rectangle(image, bar, cv::Scalar::all(255), cv::FILLED);
}

}  // namespace monitor::report
