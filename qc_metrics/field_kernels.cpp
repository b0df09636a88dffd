#include "qc_metrics/field_kernels.h"

#include <algorithm>

#include "qc_metrics/wide_kernel.h"

extern "C" ETALON_WIDE_CALL double exp(double) noexcept;

namespace qc_metrics {
namespace {

[[gnu::always_inline]] inline float Square(float v) { return v * v; }
[[gnu::always_inline]] inline float Positive(float v) { return v > 0.0F ? v : 0.0F; }

// Four rows at once, so that the sums are loaded and stored once for all of them.
ETALON_WIDEST_KERNEL void AddFour(const float* rows, std::size_t stride, float first_row,
                                  int columns, const FieldLevels& levels, float* __restrict value,
                                  float* __restrict square, float* __restrict second,
                                  float* __restrict above, float* __restrict below,
                                  float* __restrict bright, float* __restrict bright_y) {
  const float origin = levels.origin, high = levels.high, low = levels.low;
  const float threshold = levels.bright;
  const float* r0 = rows;
  const float* r1 = r0 + stride;
  const float* r2 = r1 + stride;
  const float* r3 = r2 + stride;
  for (int x = 0; x < columns; ++x) {
    const float a = r0[x], b = r1[x], c = r2[x], d = r3[x];
    value[x] += (a + b) + (c + d);
    square[x] += Square(a - origin) + Square(b - origin) + Square(c - origin) + Square(d - origin);
    second[x] +=
        Square(r0[x - 1] - 2.0F * a + r0[x + 1]) + Square(r1[x - 1] - 2.0F * b + r1[x + 1]) +
        Square(r2[x - 1] - 2.0F * c + r2[x + 1]) + Square(r3[x - 1] - 2.0F * d + r3[x + 1]);
    above[x] += Positive(a - high) + Positive(b - high) + Positive(c - high) + Positive(d - high);
    below[x] += Positive(low - a) + Positive(low - b) + Positive(low - c) + Positive(low - d);
    const float in_a = a >= threshold ? 1.0F : 0.0F, in_b = b >= threshold ? 1.0F : 0.0F;
    const float in_c = c >= threshold ? 1.0F : 0.0F, in_d = d >= threshold ? 1.0F : 0.0F;
    bright[x] += (in_a + in_b) + (in_c + in_d);
    bright_y[x] += first_row * ((in_a + in_b) + (in_c + in_d)) + in_b + 2.0F * in_c + 3.0F * in_d;
  }
}

// The rows that four do not divide.
void AddOne(const float* row, float y, int columns, const FieldLevels& levels, ColumnSums& sums) {
  for (int column = 0; column < columns; ++column) {
    const auto x = static_cast<std::size_t>(column);
    const float v = row[column];
    const float bend = row[column - 1] - 2.0F * v + row[column + 1];
    const float inside = v >= levels.bright ? 1.0F : 0.0F;
    sums.value[x] += v;
    sums.square[x] += (v - levels.origin) * (v - levels.origin);
    sums.second[x] += bend * bend;
    sums.above[x] += std::max(0.0F, v - levels.high);
    sums.below[x] += std::max(0.0F, levels.low - v);
    sums.bright[x] += inside;
    sums.bright_y[x] += inside * y;
  }
}

/// Eight values side by side: a compiler does not make this loop wide by itself.
typedef float Eight __attribute__((vector_size(32)));
typedef Eight EightAnywhere __attribute__((aligned(4)));

ETALON_WIDEST_KERNEL void RangeOfWholeRuns(const float* row, int runs, float* __restrict low,
                                           float* __restrict high) {
  constexpr int kLanes = 8;
  for (int run = 0; run < runs; ++run, row += kRunPx) {
    const EightAnywhere* values = reinterpret_cast<const EightAnywhere*>(row);
    Eight least = values[0], most = values[0], least_b = values[1], most_b = values[1];
    for (int k = 2; k < kRunPx / kLanes; k += 2) {
      const Eight a = values[k], b = values[k + 1];
      least = a < least ? a : least;
      most = a > most ? a : most;
      least_b = b < least_b ? b : least_b;
      most_b = b > most_b ? b : most_b;
    }
    least = least_b < least ? least_b : least;
    most = most_b > most ? most_b : most;
    low[run] = least[0];
    high[run] = most[0];
    for (int k = 1; k < kLanes; ++k) {
      low[run] = least[k] < low[run] ? least[k] : low[run];
      high[run] = most[k] > high[run] ? most[k] : high[run];
    }
  }
}

}  // namespace

ColumnSums::ColumnSums(std::size_t columns)
    : value(columns),
      square(columns),
      second(columns),
      above(columns),
      below(columns),
      bright(columns),
      bright_y(columns) {}

void ColumnSums::Clear() {
  for (auto* sum : {&value, &square, &second, &above, &below, &bright, &bright_y}) {
    std::fill(sum->begin(), sum->end(), 0.0F);
  }
}

void AddRows(const float* rows, std::size_t stride, cv::Range which, int columns,
             const FieldLevels& levels, ColumnSums& sums) {
  if (which.size() == kRowsTogether) {
    AddFour(rows, stride, static_cast<float>(which.start), columns, levels, sums.value.data(),
            sums.square.data(), sums.second.data(), sums.above.data(), sums.below.data(),
            sums.bright.data(), sums.bright_y.data());
    return;
  }
  for (int y = which.start; y < which.end; ++y, rows += stride) {
    AddOne(rows, static_cast<float>(y), columns, levels, sums);
  }
}

ETALON_WIDEST_KERNEL void WidenRow(const std::uint8_t* in, int columns, float* __restrict out) {
  for (int x = 0; x < columns; ++x) out[x] = static_cast<float>(in[x]);
}

ETALON_WIDEST_KERNEL void WidenRow(const std::uint16_t* in, int columns, float* __restrict out) {
  for (int x = 0; x < columns; ++x) out[x] = static_cast<float>(in[x]);
}

ETALON_WIDEST_KERNEL void WidenRow(const std::int32_t* in, int columns, float* __restrict out) {
  for (int x = 0; x < columns; ++x) out[x] = static_cast<float>(in[x]);
}

ETALON_WIDEST_KERNEL RowRange RangeOf(const std::uint16_t* row, int columns) {
  std::uint16_t low = row[0], high = row[0];
  for (int x = 0; x < columns; ++x) {
    low = row[x] < low ? row[x] : low;
    high = row[x] > high ? row[x] : high;
  }
  return {low, high};
}

void RangeOfRuns(const float* row, int columns, float* low, float* high) {
  const int whole = columns / kRunPx;
  RangeOfWholeRuns(row, whole, low, high);
  const int rest = whole * kRunPx;
  if (rest == columns) return;
  low[whole] = *std::min_element(row + rest, row + columns);
  high[whole] = *std::max_element(row + rest, row + columns);
}

ETALON_WIDEST_KERNEL void LevelsOf(const float* row, int columns, float lowest, float scale,
                                   std::int32_t* __restrict level) {
  constexpr float kLast = 65535.0F;
  for (int x = 0; x < columns; ++x) {
    const float at = (row[x] - lowest) * scale + 0.5F;
    const float not_below = at > 0.0F ? at : 0.0F;
    level[x] = static_cast<std::int32_t>(not_below < kLast ? not_below : kLast);
  }
}

ETALON_WIDE_KERNEL void ExponentialOf(double* __restrict values, std::ptrdiff_t count) {
  for (std::ptrdiff_t i = 0; i < count; ++i) values[i] = exp(values[i]);
}

ETALON_WIDEST_KERNEL void Symmetric17(const float* row, const float* w, int columns,
                                      float* __restrict out) {
  const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6],
              w7 = w[7], w8 = w[8];
  for (int x = 0; x < columns; ++x) {
    const float* a = row + x;
    out[x] = w0 * a[8] + w1 * (a[7] + a[9]) + w2 * (a[6] + a[10]) + w3 * (a[5] + a[11]) +
             w4 * (a[4] + a[12]) + w5 * (a[3] + a[13]) + w6 * (a[2] + a[14]) + w7 * (a[1] + a[15]) +
             w8 * (a[0] + a[16]);
  }
}

ETALON_WIDEST_KERNEL void Symmetric17(const float* const* in, const float* w, int columns,
                                      float* __restrict out) {
  const float *a0 = in[0], *a1 = in[1], *a2 = in[2], *a3 = in[3], *a4 = in[4], *a5 = in[5],
              *a6 = in[6], *a7 = in[7], *a8 = in[8], *a9 = in[9], *a10 = in[10], *a11 = in[11],
              *a12 = in[12], *a13 = in[13], *a14 = in[14], *a15 = in[15], *a16 = in[16];
  const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6],
              w7 = w[7], w8 = w[8];
  for (int x = 0; x < columns; ++x) {
    out[x] = w0 * a8[x] + w1 * (a7[x] + a9[x]) + w2 * (a6[x] + a10[x]) + w3 * (a5[x] + a11[x]) +
             w4 * (a4[x] + a12[x]) + w5 * (a3[x] + a13[x]) + w6 * (a2[x] + a14[x]) +
             w7 * (a1[x] + a15[x]) + w8 * (a0[x] + a16[x]);
  }
}

}  // namespace qc_metrics
