#include "qc_metrics/gaussian_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "qc_metrics/field_kernels.h"

namespace qc_metrics {
namespace {

constexpr float kRounding = 2e-6F;  // of a sum of 17 floats, relative; some eight last digits

}  // namespace

GaussianRows::GaussianRows(cv::Size image, Consumer consumer)
    : image_(image),
      consumer_(std::move(consumer)),
      stride_(static_cast<std::size_t>(image.width) / 16 * 16 + 16 + 64),
      runs_(static_cast<std::size_t>((image.width + kRunPx - 1) / kRunPx)),
      ring_(stride_ * kRing),
      out_(stride_),
      ring_low_(runs_ * kRing),
      ring_high_(runs_ * kRing),
      low_(runs_),
      high_(runs_),
      out_low_(runs_),
      out_high_(runs_),
      lowest_(std::numeric_limits<float>::max()),
      highest_(std::numeric_limits<float>::lowest()) {
  double total = 0.0;
  for (int k = -kRadius; k <= kRadius; ++k) total += std::exp(-0.5 * k * k / (kSigmaPx * kSigmaPx));
  for (std::size_t k = 0; k < weight_.size(); ++k) {
    const auto distance = static_cast<double>(k);
    weight_[k] =
        static_cast<float>(std::exp(-0.5 * distance * distance / (kSigmaPx * kSigmaPx)) / total);
  }
}

void GaussianRows::Add(int y, float* row) {
  const int width = image_.width;
  std::reverse_copy(row, row + kRadius, row - kRadius);
  std::reverse_copy(row + width - kRadius, row + width, row + width);
  const auto slot = static_cast<std::size_t>(y % kRing);
  Symmetric17(row - kRadius, weight_.data(), width, &ring_[slot * stride_]);
  RangeOfRuns(&ring_[slot * stride_], width, &ring_low_[slot * runs_], &ring_high_[slot * runs_]);
  while (next_ < image_.height && (next_ + kRadius <= y || y == image_.height - 1)) Emit(next_++);
}

GaussianRows::Taps GaussianRows::RowsAround(int y, const std::vector<float>& ring,
                                            std::size_t stride) const {
  Taps rows{};
  for (int k = 0; k < kTaps; ++k) {
    int at = y + k - kRadius;
    if (at < 0) at = -at - 1;
    if (at >= image_.height) at = 2 * image_.height - at - 1;
    rows[static_cast<std::size_t>(k)] = &ring[static_cast<std::size_t>(at % kRing) * stride];
  }
  return rows;
}

void GaussianRows::Emit(int y) {
  const Taps rows = RowsAround(y, ring_, stride_);
  if (y % kRowStep == 0) {
    Smooth(rows, 0, image_.width);
    consumer_(y, out_.data());
    return;
  }
  const auto runs = static_cast<int>(runs_);
  Symmetric17(RowsAround(y, ring_low_, runs_).data(), weight_.data(), runs, low_.data());
  Symmetric17(RowsAround(y, ring_high_, runs_).data(), weight_.data(), runs, high_.data());
  for (std::size_t run = 0; run < runs_; ++run) {
    const float room = kRounding * std::max(std::abs(low_[run]), std::abs(high_[run]));
    if (low_[run] - room >= lowest_ && high_[run] + room <= highest_) continue;
    const std::size_t from = run * kRunPx;
    Smooth(rows, from, std::min(kRunPx, image_.width - static_cast<int>(from)));
  }
}

void GaussianRows::Smooth(const Taps& rows, std::size_t from, int columns) {
  Taps part = rows;
  for (auto& row : part) row += from;
  float* out = &out_[from];
  Symmetric17(part.data(), weight_.data(), columns, out);
  const auto runs = static_cast<std::ptrdiff_t>((columns + kRunPx - 1) / kRunPx);
  RangeOfRuns(out, columns, out_low_.data(), out_high_.data());
  lowest_ = std::min(lowest_, *std::min_element(out_low_.begin(), out_low_.begin() + runs));
  highest_ = std::max(highest_, *std::max_element(out_high_.begin(), out_high_.begin() + runs));
}

}  // namespace qc_metrics
