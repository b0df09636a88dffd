#include "qc_metrics/gaussian_rows.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

namespace qc_metrics {
namespace {

using Row = Eigen::Map<const Eigen::ArrayXf>;

// One expression, so that each output is read and written once.
void Symmetric17(const std::array<const float*, 17>& in, const std::array<float, 9>& w, int width,
                 float* out) {
  const auto at = [&](std::size_t i) { return Row(in[i], width); };
  Eigen::Map<Eigen::ArrayXf>(out, width) =
      w[0] * at(8) + w[1] * (at(7) + at(9)) + w[2] * (at(6) + at(10)) + w[3] * (at(5) + at(11)) +
      w[4] * (at(4) + at(12)) + w[5] * (at(3) + at(13)) + w[6] * (at(2) + at(14)) +
      w[7] * (at(1) + at(15)) + w[8] * (at(0) + at(16));
}

}  // namespace

GaussianRows::GaussianRows(cv::Size image, Consumer consumer)
    : image_(image),
      consumer_(std::move(consumer)),
      padded_(static_cast<std::size_t>(image.width + 2 * kRadius)),
      ring_(static_cast<std::size_t>(image.width) * kRing),
      out_(static_cast<std::size_t>(image.width)) {
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
  Symmetric17(shifted, weight_, width,
              &ring_[static_cast<std::size_t>(y % kRing) * static_cast<std::size_t>(width)]);
  if (y >= kRadius) Emit(y - kRadius);
  if (y == image_.height - 1) {
    for (int last = std::max(0, image_.height - kRadius); last < image_.height; ++last) Emit(last);
  }
}

const float* GaussianRows::RingRow(int y) const {
  if (y < 0) y = -y - 1;
  if (y >= image_.height) y = 2 * image_.height - y - 1;
  return &ring_[static_cast<std::size_t>(y % kRing) * static_cast<std::size_t>(image_.width)];
}

void GaussianRows::Emit(int y) {
  std::array<const float*, 2 * kRadius + 1> rows{};
  for (int k = -kRadius; k <= kRadius; ++k) {
    rows[static_cast<std::size_t>(k + kRadius)] = RingRow(y + k);
  }
  Symmetric17(rows, weight_, image_.width, out_.data());
  consumer_(y, out_.data());
}

}  // namespace qc_metrics
