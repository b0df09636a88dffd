#pragma once

#include <opencv2/core.hpp>

#include "qc_metrics/field_scan.h"
#include "qc_metrics/illumination.h"

namespace qc_metrics {

/// Input     `image` of CV_8U, CV_16U or CV_32S, both sides >= 32 px, and its scan.
/// Method    ImageJ's Gaussian blur of sigma 2 px: kernel of 17 taps, pixels beyond the border
///           those of the border, rounded to whole numbers (16-bit images have a tap of 8e-6 more
///           at either end, which is left out). Only the border differs from what the scan has
///           smoothed, so that only a frame is smoothed anew; all of the image where the mirrored
///           frame holds an extreme.
/// Source    ImageJ 1.54u, ij.plugin.filter.GaussianBlur, and MetroloJ_QC 1.3.1.1,
///           fieldIllumination, dataTricks.getSD, read.
[[nodiscard]] ImageJField MeasureImageJField(const cv::Mat& image, const FieldScan& scan);

}  // namespace qc_metrics
