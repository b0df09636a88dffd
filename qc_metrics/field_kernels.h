#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core/types.hpp>
#include <vector>

namespace qc_metrics {

/// Values in ADU that the sums of ColumnSums refer to.
struct FieldLevels {
  float origin = 0.0F;  ///< subtracted before squaring
  float high = 0.0F;    ///< about the 95th percentile
  float low = 0.0F;     ///< about the 5th percentile
  float bright = 0.0F;  ///< 90 % of the largest value
};

/// Sums over a few rows, one element a column.
struct ColumnSums {
  explicit ColumnSums(std::size_t columns);
  void Clear();

  std::vector<float> value;     ///< v
  std::vector<float> square;    ///< (v - origin)^2
  std::vector<float> second;    ///< (left - 2 v + right)^2; not of the first and last column
  std::vector<float> above;     ///< max(0, v - high)
  std::vector<float> below;     ///< max(0, low - v)
  std::vector<float> bright;    ///< 1 where v >= bright
  std::vector<float> bright_y;  ///< the row, counted from the first one of the call, where so
};

/// Rows that the sums are read and written once for.
inline constexpr int kRowsTogether = 4;

/// Adds the rows `which` of those since the last Clear(), at most kRowsTogether of `columns`
/// values, `stride` apart; `rows` is the first of them. At most 16 rows between two Clear(), so
/// that sums of 16-bit values are exact.
void AddRows(const float* rows, std::size_t stride, cv::Range which, int columns,
             const FieldLevels& levels, ColumnSums& sums);

/// Values as floats.
void WidenRow(const std::uint8_t* in, int columns, float* out);
void WidenRow(const std::uint16_t* in, int columns, float* out);
void WidenRow(const std::int32_t* in, int columns, float* out);

/// Smallest and largest value of a row.
struct RowRange {
  std::uint16_t low = 0, high = 0;
};
[[nodiscard]] RowRange RangeOf(const std::uint16_t* row, int columns);

/// Smallest and largest value of each run of kRunPx columns; the last run may be shorter.
inline constexpr int kRunPx = 128;
void RangeOfRuns(const float* row, int columns, float* low, float* high);

/// level[x] = (row[x] - lowest) * scale, rounded and kept within 0 .. 65535.
void LevelsOf(const float* row, int columns, float lowest, float scale, std::int32_t* level);

/// values[i] = exp(values[i]) within 4 units of the last place.
void ExponentialOf(double* values, std::ptrdiff_t count);

/// out[x] = w[0] in[8][x] + w[1] (in[7][x] + in[9][x]) + ... + w[8] (in[0][x] + in[16][x]).
void Symmetric17(const float* const* in, const float* w, int columns, float* out);

/// The same of values in a row: in[k] = row + k. Reads columns + 16 values.
void Symmetric17(const float* row, const float* w, int columns, float* out);

}  // namespace qc_metrics
