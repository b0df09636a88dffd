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
      runs_(static_cast<std::size_t>((image.width + kRunPx - 1) / kRunPx)),
      // Not a power of two, or all rows would share one set of the cache.
      ring_(kRing, image.width / 16 * 16 + 16 + 64, CV_32F),
      out_(kHandedOn, ring_.cols, CV_32F),
      ring_low_(kRing, static_cast<int>(runs_), CV_32F),
      ring_high_(kRing, static_cast<int>(runs_), CV_32F),
      low_(runs_),
      high_(runs_),
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
  const int slot = y % kRing;
  Symmetric17(row - kRadius, weight_.data(), width, ring_.ptr<float>(slot));
  RangeOfRuns(ring_.ptr<float>(slot), width, ring_low_.ptr<float>(slot),
              ring_high_.ptr<float>(slot));
  while (next_ < image_.height && (next_ + kRadius <= y || y == image_.height - 1)) Emit(next_++);
}

GaussianRows::Taps GaussianRows::RowsAround(int y, const cv::Mat& ring) const {
  Taps rows{};
  for (int k = 0; k < kTaps; ++k) {
    int at = y + k - kRadius;
    if (at < 0) at = -at - 1;
    if (at >= image_.height) at = 2 * image_.height - at - 1;
    rows[static_cast<std::size_t>(k)] = ring.ptr<float>(at % kRing);
  }
  return rows;
}

void GaussianRows::Emit(int y) {
  if (y % kRowStep != 0) {
    FindExtremes(y);
  } else if (++waiting_ == kHandedOn || y + kRowStep >= image_.height) {
    HandOn(y - kRowStep * (waiting_ - 1), waiting_);
    waiting_ = 0;
  }
}

void GaussianRows::FindExtremes(int y) {
  const auto runs = static_cast<int>(runs_);
  Symmetric17(RowsAround(y, ring_low_).data(), weight_.data(), runs, low_.data());
  Symmetric17(RowsAround(y, ring_high_).data(), weight_.data(), runs, high_.data());
  const Taps rows = RowsAround(y, ring_);
  for (std::size_t run = 0; run < runs_; ++run) {
    const float room = kRounding * std::max(std::abs(low_[run]), std::abs(high_[run]));
    if (low_[run] - room >= lowest_ && high_[run] + room <= highest_) continue;
    const int from = static_cast<int>(run) * kRunPx;
    Smooth(rows, from, std::min(kRunPx, image_.width - from), out_.ptr<float>(0));
  }
}

// Strip by strip, so that the rows which several of them share stay in the nearest cache.
void GaussianRows::HandOn(int first, int count) {
  std::array<Taps, kHandedOn> rows{};
  for (int k = 0; k < count; ++k) {
    rows[static_cast<std::size_t>(k)] = RowsAround(first + k * kRowStep, ring_);
  }
  for (int from = 0; from < image_.width; from += kStripPx) {
    const int columns = std::min(kStripPx, image_.width - from);
    for (int k = 0; k < count; ++k) {
      Smooth(rows[static_cast<std::size_t>(k)], from, columns, out_.ptr<float>(k));
    }
  }
  for (int k = 0; k < count; ++k) consumer_(first + k * kRowStep, out_.ptr<float>(k));
}

void GaussianRows::Smooth(const Taps& rows, int from, int columns, float* out) {
  Taps part = rows;
  for (auto& row : part) row += from;
  Symmetric17(part.data(), weight_.data(), columns, out + from);
  std::array<float, kStripPx / kRunPx> low{}, high{};
  RangeOfRuns(out + from, columns, low.data(), high.data());
  for (int run = 0; run * kRunPx < columns; ++run) {
    lowest_ = std::min(lowest_, low[static_cast<std::size_t>(run)]);
    highest_ = std::max(highest_, high[static_cast<std::size_t>(run)]);
  }
}

}  // namespace qc_metrics
