#include "qc_metrics/banded_cholesky.h"

#include <Eigen/Core>
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "qc_metrics/wide_kernel.h"

namespace qc_metrics {
namespace {

using Row = Eigen::Map<const Eigen::VectorXd>;

// The elements (i, from) .. (i, from + count - 1) of the band.
Row RowPart(const BandedMatrix& m, std::size_t i, std::size_t from, std::size_t count) {
  return {&m.band[i * (m.bandwidth + 1) + m.bandwidth + from - i],
          static_cast<Eigen::Index>(count)};
}

std::size_t FirstColumn(const BandedMatrix& m, std::size_t i) {
  return i > m.bandwidth ? i - m.bandwidth : 0;
}

// The square root of the pivot; false where there is none.
[[gnu::always_inline]] inline bool TakeRoot(double& pivot) {
  if (!(pivot > 0.0) || pivot > std::numeric_limits<double>::max()) return false;
  pivot = std::sqrt(pivot);
  return true;
}

// Two columns at a time: what is left of the matrix loses the products of each with itself, and is
// read and written once for both. The columns are copied, so that all factors lie in rows.
ETALON_WIDEST_KERNEL bool Eliminate(double* band, std::size_t size, std::size_t bandwidth,
                                    double* __restrict first, double* __restrict second) {
  const std::size_t stride = bandwidth + 1;
  for (std::size_t k = 0; k < size; k += 2) {
    if (!TakeRoot(band[k * stride + bandwidth])) return false;
    const double inverse = 1.0 / band[k * stride + bandwidth];
    const std::size_t last = std::min(size - 1, k + bandwidth);
    for (std::size_t j = k + 1; j <= last; ++j) {
      double& element = band[j * stride + bandwidth + k - j];
      first[j - k - 1] = element *= inverse;
    }
    first[bandwidth] = 0.0;
    if (k + 1 == size) return true;
    for (std::size_t j = k + 1; j <= last; ++j) {
      band[j * stride + bandwidth + k + 1 - j] -= first[j - k - 1] * first[0];
    }
    if (!TakeRoot(band[(k + 1) * stride + bandwidth])) return false;
    const double next_inverse = 1.0 / band[(k + 1) * stride + bandwidth];
    const std::size_t next_last = std::min(size - 1, k + 1 + bandwidth);
    for (std::size_t j = k + 2; j <= next_last; ++j) {
      double& element = band[j * stride + bandwidth + k + 1 - j];
      second[j - k - 2] = element *= next_inverse;
    }
    for (std::size_t j = k + 2; j <= next_last; ++j) {
      const double by_first = first[j - k - 1];
      const double by_second = second[j - k - 2];
      double* __restrict row = &band[j * stride + bandwidth + k + 2 - j];
      const std::size_t length = j - k - 1;
      for (std::size_t t = 0; t < length; ++t) {
        row[t] -= by_first * first[t + 1] + by_second * second[t];
      }
    }
  }
  return true;
}

}  // namespace

bool FactorInPlace(BandedMatrix& m) {
  std::vector<double> first(m.bandwidth + 1);
  std::vector<double> second(m.bandwidth + 1);
  return Eliminate(m.band.data(), m.size, m.bandwidth, first.data(), second.data());
}

void SolveInPlace(const BandedMatrix& factor, std::span<double> b) {
  assert(b.size() == factor.size);
  for (std::size_t i = 0; i < factor.size; ++i) {
    const std::size_t first = FirstColumn(factor, i);
    const Row known(b.data() + first, static_cast<Eigen::Index>(i - first));
    b[i] = (b[i] - RowPart(factor, i, first, i - first).dot(known)) / factor.At(i, i);
  }
  for (std::size_t i = factor.size; i-- > 0;) {
    b[i] /= factor.At(i, i);
    for (std::size_t j = FirstColumn(factor, i); j < i; ++j) b[j] -= factor.At(i, j) * b[i];
  }
}

double LogDeterminant(const BandedMatrix& factor) {
  double sum = 0.0;
  for (std::size_t i = 0; i < factor.size; ++i) sum += 2.0 * std::log(factor.At(i, i));
  return sum;
}

}  // namespace qc_metrics
