#pragma once

#include <opencv2/core.hpp>
#include <string>

namespace monitor::report {

/// Encodes an 8-bit grey (CV_8UC1) or RGB (CV_8UC3, red first) image as PNG; the same bytes for the
/// same pixels, no time stamp inside.
[[nodiscard]] std::string EncodePng(const cv::Mat& image);

}  // namespace monitor::report
