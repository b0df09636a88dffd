#include "qc_metrics/gaussian_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qc_metrics {
namespace {

// Several versions of the hot loop: the widest one that the processor has is chosen at start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ETALON_WIDE __attribute__((target_clones("arch=haswell", "default"), optimize("O3")))
#else
#define ETALON_WIDE
#endif

// One pass, so that each output is read and written once.
ETALON_WIDE void Symmetric17(const float* const* in, const float* w, int width,
                             float* __restrict out) {
  const float *a0 = in[0], *a1 = in[1], *a2 = in[2], *a3 = in[3], *a4 = in[4], *a5 = in[5],
              *a6 = in[6], *a7 = in[7], *a8 = in[8], *a9 = in[9], *a10 = in[10], *a11 = in[11],
              *a12 = in[12], *a13 = in[13], *a14 = in[14], *a15 = in[15], *a16 = in[16];
  const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6],
              w7 = w[7], w8 = w[8];
  for (int x = 0; x < width; ++x) {
    out[x] = w0 * a8[x] + w1 * (a7[x] + a9[x]) + w2 * (a6[x] + a10[x]) + w3 * (a5[x] + a11[x]) +
             w4 * (a4[x] + a12[x]) + w5 * (a3[x] + a13[x]) + w6 * (a2[x] + a14[x]) +
             w7 * (a1[x] + a15[x]) + w8 * (a0[x] + a16[x]);
  }
}

}  // namespace

GaussianRows::GaussianRows(cv::Size image, Consumer consumer)
    : image_(image),
      consumer_(std::move(consumer)),
      stride_(static_cast<std::size_t>(image.width) / 16 * 16 + 16 + 64),
      padded_(static_cast<std::size_t>(image.width + 2 * kRadius)),
      ring_(stride_ * kRing),
      out_(stride_ * kBatch) {
  double total = 0.0;
  for (int k = -kRadius; k <= kRadius; ++k) total += std::exp(-0.5 * k * k / (kSigmaPx * kSigmaPx));
  for (std::size_t k = 0; k < weight_.size(); ++k) {
    const auto distance = static_cast<double>(k);
    weight_[k] =
        static_cast<float>(std::exp(-0.5 * distance * distance / (kSigmaPx * kSigmaPx)) / total);
  }
}

void GaussianRows::Add(int y, const float* row) {
  const int width = image_.width;
  std::copy(row, row + width, padded_.begin() + kRadius);
  std::reverse_copy(row, row + kRadius, padded_.begin());
  std::reverse_copy(row + width - kRadius, row + width, padded_.end() - kRadius);
  std::array<const float*, 2 * kRadius + 1> shifted{};
  for (std::size_t k = 0; k < shifted.size(); ++k) shifted[k] = padded_.data() + k;
  Symmetric17(shifted.data(), weight_.data(), width,
              &ring_[static_cast<std::size_t>(y % kRing) * stride_]);
  if (y >= next_ + kBatch - 1 + kRadius) Emit(kBatch);
  while (y == image_.height - 1 && next_ < image_.height) {
    Emit(std::min(kBatch, image_.height - next_));
  }
}

const float* GaussianRows::RingRow(int y) const {
  if (y < 0) y = -y - 1;
  if (y >= image_.height) y = 2 * image_.height - y - 1;
  return &ring_[static_cast<std::size_t>(y % kRing) * stride_];
}

void GaussianRows::Emit(int count) {
  const auto width = static_cast<std::size_t>(image_.width);
  std::array<const float*, 2 * kRadius + kBatch> rows{};
  for (int k = 0; k < 2 * kRadius + count; ++k) {
    rows[static_cast<std::size_t>(k)] = RingRow(next_ + k - kRadius);
  }
  for (std::size_t from = 0; from < width; from += kChunkPx) {
    const auto chunk = static_cast<int>(std::min<std::size_t>(kChunkPx, width - from));
    std::array<const float*, 2 * kRadius + kBatch> part = rows;
    for (auto& row : part) row = row == nullptr ? nullptr : row + from;
    for (int k = 0; k < count; ++k) {
      Symmetric17(part.data() + k, weight_.data(), chunk,
                  &out_[static_cast<std::size_t>(k) * stride_ + from]);
    }
  }
  for (int k = 0; k < count; ++k) {
    consumer_(next_ + k, &out_[static_cast<std::size_t>(k) * stride_]);
  }
  next_ += count;
}

}  // namespace qc_metrics
