#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>

namespace monitor::report {

/// Grey levels of people's pictures: square root between `dark` and `bright`, so that the feet of a
/// bead and its peak are both seen. Output CV_8UC1.
[[nodiscard]] cv::Mat SquareRootGrey(const cv::Mat& plane, double dark, double bright);

/// Sequential colours, dark blue to yellow, even in lightness and readable with any colour vision.
/// Input CV_64FC1 in [0, 1], values outside are clipped; output CV_8UC3, red first.
[[nodiscard]] cv::Mat SequentialColours(const cv::Mat& unit_values);

/// Diverging colours, blue - white - red, for values in [-1, 1]. Output CV_8UC3, red first.
[[nodiscard]] cv::Mat DivergingColours(const cv::Mat& signed_values);

/// Scales without smoothing, so that a pixel stays a pixel.
[[nodiscard]] cv::Mat Enlarge(const cv::Mat& image, int width, int height);

/// Length of a scale bar in um: 1-2-5 steps, at most a third of `width_um`.
[[nodiscard]] double ScaleBarUm(double width_um);

/// Draws a bar of `length_px` near the lower left corner, white on a dark edge.
void DrawScaleBar(cv::Mat& image, int length_px);

}  // namespace monitor::report
