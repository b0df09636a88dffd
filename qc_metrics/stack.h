#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace qc_metrics {

/// One channel of a z-stack (or of a time series): planes in order, none of them copied.
///
/// Each plane is rows x cols, one channel, CV_8U, CV_16U, CV_32S or CV_32F, all of one size and
/// type. A plane may be a header over mapped file pages: procedures only read, touch each voxel
/// once where they can, and never copy a whole stack. Coordinates: x right, y down, z along the
/// stack, pixel centres on integers.
struct Stack {
  std::vector<cv::Mat> planes;
};

}  // namespace qc_metrics
