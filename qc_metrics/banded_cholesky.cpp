#include "qc_metrics/banded_cholesky.h"

#include <Eigen/Core>
#include <algorithm>
#include <cassert>
#include <cmath>

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

}  // namespace

bool FactorInPlace(BandedMatrix& m) {
  for (std::size_t i = 0; i < m.size; ++i) {
    const std::size_t first = FirstColumn(m, i);
    for (std::size_t j = first; j < i; ++j) {
      const std::size_t from = std::max(first, FirstColumn(m, j));
      const double dot = RowPart(m, i, from, j - from).dot(RowPart(m, j, from, j - from));
      m.At(i, j) = (m.At(i, j) - dot) / m.At(j, j);
    }
    const double pivot = m.At(i, i) - RowPart(m, i, first, i - first).squaredNorm();
    if (!(pivot > 0.0) || !std::isfinite(pivot)) return false;
    m.At(i, i) = std::sqrt(pivot);
  }
  return true;
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
