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

// Column by column: what is left of the matrix loses the product of each column with itself. The
// column is copied, so that both factors of the product lie in a row.
ETALON_WIDE_KERNEL bool Eliminate(double* band, std::size_t size, std::size_t bandwidth,
                                  double* __restrict column) {
  for (std::size_t k = 0; k < size; ++k) {
    double& pivot = band[k * (bandwidth + 1) + bandwidth];
    if (!(pivot > 0.0) || pivot > std::numeric_limits<double>::max()) return false;
    pivot = std::sqrt(pivot);
    const double inverse = 1.0 / pivot;
    const std::size_t last = std::min(size - 1, k + bandwidth);
    for (std::size_t j = k + 1; j <= last; ++j) {
      double& element = band[j * (bandwidth + 1) + bandwidth + k - j];
      element *= inverse;
      column[j - k - 1] = element;
    }
    for (std::size_t j = k + 1; j <= last; ++j) {
      const double factor = column[j - k - 1];
      double* __restrict row = &band[j * (bandwidth + 1) + bandwidth + k + 1 - j];
      const std::size_t length = j - k;
      for (std::size_t t = 0; t < length; ++t) row[t] -= factor * column[t];
    }
  }
  return true;
}

}  // namespace

bool FactorInPlace(BandedMatrix& m) {
  std::vector<double> column(m.bandwidth);
  return Eliminate(m.band.data(), m.size, m.bandwidth, column.data());
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
