#pragma once

#include <array>
#include <opencv2/core.hpp>

#include "qc_metrics/field_scan.h"

namespace qc_metrics {

/// Uniformity and centring as the peers define them, on raw values: none of them knows an offset.
///
/// They are reported beside the default definition, so that a facility keeps its history; see
/// DEFINITIONS.md for each, with source and deviation.
struct FieldPeers {
  double minmax_smoothed = 0.0;          ///< metroloj_qc.minmax/1
  double minmax_raw = 0.0;               ///< metroloj.minmax/1
  double azimuth8 = 0.0;                 ///< metroloj_qc.azimuth8/1
  double five_percent = 0.0;             ///< qc_scope.five_percent/1
  double metroloj_centring = 0.0;        ///< metroloj_qc.centring/1
  std::array<double, 9> region_ratio{};  ///< microscope_metrics.nine_regions/1
};

/// `image` as in ScanField, with a positive maximum.
[[nodiscard]] FieldPeers MeasureFieldPeers(const cv::Mat& image, const FieldScan& scan);

}  // namespace qc_metrics
