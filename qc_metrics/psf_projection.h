#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "qc_metrics/measured.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// Checks a stack and projects it, touching each voxel once: the largest value along z, of the type
/// of the planes.
///
/// Errors    kUnsupportedFormat (no planes, planes that differ, another type, more than 65535
///           slices or 32767 pixels a side), kTooSmall (below 8 x 8 x 5), kNotFinite.
[[nodiscard]] Measured<cv::Mat> ProjectMaximum(const Stack& stack);

/// The first slice that holds the maximum of a column.
[[nodiscard]] int SliceOfMaximum(const Stack& stack, const cv::Mat& maximum, int x, int y);

/// Value of one voxel, whatever the type of the planes.
[[nodiscard]] float VoxelAt(const Stack& stack, int x, int y, int z);

/// Copies `count` voxels of a row, starting at x, into `out`.
void ReadRow(const Stack& stack, int x, int y, int z, int count, float* out);
void ReadRow(const cv::Mat& plane, int x, int y, int count, float* out);

/// Values of a row that are at least 1, as MetroloJ_QC counts what was not painted out.
struct RowSum {
  double total = 0.0;
  double count = 0.0;
};
[[nodiscard]] RowSum SumFromOne(const Stack& stack, int x, int y, int z, int count);

/// Voxels at or above `level`; only columns whose maximum reaches it are visited.
[[nodiscard]] std::int64_t CountAtOrAbove(const Stack& stack, const cv::Mat& maximum, double level);

}  // namespace qc_metrics
