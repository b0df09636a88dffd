#include "monitor/simulation/radial_operator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace monitor::simulation {
namespace {

constexpr int kRings = 6;
constexpr double kAzimuthsPerStep = 0.35;  // more for disks of many grid steps

}  // namespace

Quadrature GaussLegendre(int n) {
  Quadrature rule;
  for (int i = 0; i < n; ++i) {
    double x = -std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int step = 0; step < 50; ++step) {
      double before = 1.0, here = x;
      for (int k = 2; k <= n; ++k) {
        const double next = ((2.0 * k - 1.0) * x * here - (k - 1.0) * before) / k;
        before = here;
        here = next;
      }
      slope = n * (x * here - before) / (x * x - 1.0);
      const double move = here / slope;
      x -= move;
      if (std::abs(move) < 1e-15) break;
    }
    rule.node.push_back(x);
    rule.weight.push_back(2.0 / ((1.0 - x * x) * slope * slope));
  }
  return rule;
}

double RadialPlane::ReachUm() const {
  return re.empty() ? 0.0 : step_um * static_cast<double>(re[0].size() - 1);
}

double RadialPlane::At(double x_um, double y_um) const {
  const double r = std::hypot(x_um, y_um);
  const Taps taps = LagrangeTaps(r / step_um);
  if (taps.index.back() >= static_cast<int>(re[0].size())) return 0.0;
  const double c = r > 0.0 ? x_um / r : 1.0, s = r > 0.0 ? y_um / r : 0.0;
  double sum = 0.0, cq = 1.0, sq = 0.0;
  for (std::size_t q = 0; q < re.size(); ++q) {
    double real = 0.0, imaginary = 0.0;
    for (std::size_t t = 0; t < taps.index.size(); ++t) {
      const int i = taps.index[t];
      const double weight = i < 0 && q % 2 == 1 ? -taps.weight[t] : taps.weight[t];
      const auto at = static_cast<std::size_t>(std::abs(i));
      real += weight * re[q][at];
      imaginary += weight * im[q][at];
    }
    sum += (q == 0 ? 1.0 : 2.0) * (real * cq - imaginary * sq);
    const double turned = cq * c - sq * s;
    sq = cq * s + sq * c;
    cq = turned;
  }
  return sum;
}

Taps LagrangeTaps(double place) {
  const int base = static_cast<int>(std::floor(place)) - 2;
  const double t = place - base;
  Taps taps{};
  for (int i = 0; i < 6; ++i) {
    double weight = 1.0;
    for (int j = 0; j < 6; ++j) {
      if (j != i) weight *= (t - j) / (i - j);
    }
    taps.index[static_cast<std::size_t>(i)] = base + i;
    taps.weight[static_cast<std::size_t>(i)] = weight;
  }
  return taps;
}

BandedOperator::BandedOperator(int count, int q) : count_(count), q_(q) {}

void BandedOperator::Widen(int half) {
  if (half <= half_ && !band_.empty()) return;
  std::vector<double> wider(static_cast<std::size_t>(count_) *
                            (2 * static_cast<std::size_t>(half) + 1));
  if (!band_.empty()) {
    for (int i = 0; i < count_; ++i) {
      std::copy_n(band_.begin() + static_cast<std::ptrdiff_t>(i) * (2 * half_ + 1), 2 * half_ + 1,
                  wider.begin() + static_cast<std::ptrdiff_t>(i) * (2 * half + 1) + half - half_);
    }
  }
  band_ = std::move(wider);
  half_ = half;
}

void BandedOperator::AddPoint(int row, double r, double cosine_q, double weight) {
  const Taps taps = LagrangeTaps(r);
  for (std::size_t t = 0; t < taps.index.size(); ++t) {
    int index = taps.index[t];
    double value = weight * cosine_q * taps.weight[t];
    if (index < 0) {
      index = -index;
      value = q_ % 2 == 1 ? -value : value;
    }
    if (index >= count_) continue;
    const int place = index - row + half_;
    band_[static_cast<std::size_t>(row) * static_cast<std::size_t>(2 * half_ + 1) +
          static_cast<std::size_t>(place)] += value;
  }
}

void BandedOperator::AddDisk(double radius, double weight) {
  Widen(std::max(half_, static_cast<int>(std::ceil(radius)) + 4));
  const Quadrature rule = GaussLegendre(kRings + static_cast<int>(0.1 * radius));
  const int azimuths = 12 + static_cast<int>(kAzimuthsPerStep * radius);
  for (int row = 0; row < count_; ++row) {
    for (std::size_t ring = 0; ring < rule.node.size(); ++ring) {
      // Uniform in area: the ring's radius is the root of its share.
      const double share = 0.5 * (rule.node[ring] + 1.0);
      const double rho = radius * std::sqrt(share);
      for (int p = 0; p < azimuths; ++p) {
        // Half a turn is enough: the other half mirrors it, and odd parts cancel.
        const double phi = std::numbers::pi * (p + 0.5) / azimuths;
        const double x = row + rho * std::cos(phi), y = rho * std::sin(phi);
        const double cosine = q_ == 0 ? 1.0 : std::cos(q_ * std::atan2(y, x));
        AddPoint(row, std::hypot(x, y), cosine, weight * 0.5 * rule.weight[ring] / azimuths);
      }
    }
  }
}

void BandedOperator::Add(const BandedOperator& other, double weight) {
  Widen(std::max(half_, other.half_));
  for (int row = 0; row < count_; ++row) {
    double* own = band_.data() + static_cast<std::ptrdiff_t>(row) * (2 * half_ + 1) + half_;
    const double* its =
        other.band_.data() + static_cast<std::ptrdiff_t>(row) * (2 * other.half_ + 1) + other.half_;
    for (int i = -other.half_; i <= other.half_; ++i) own[i] += weight * its[i];
  }
}

void BandedOperator::AddTo(const std::vector<double>& in, std::vector<double>& out) const {
  if (band_.empty()) return;
  for (int row = 0; row < count_; ++row) {
    const int begin = std::max(0, row - half_), end = std::min(count_, row + half_ + 1);
    const double* band =
        band_.data() + static_cast<std::ptrdiff_t>(row) * (2 * half_ + 1) + (begin - row + half_);
    const double* values = in.data() + begin;
    double sum = 0.0;
    for (int i = 0; i < end - begin; ++i) sum += band[i] * values[i];
    out[static_cast<std::size_t>(row)] += sum;
  }
}

std::vector<double> BandedOperator::Apply(const std::vector<double>& in) const {
  std::vector<double> out(in.size(), 0.0);
  AddTo(in, out);
  return out;
}

RadialPlane SquaredModulus(const std::vector<std::vector<std::complex<double>>>& field, int orders,
                           double step_um) {
  RadialPlane plane{step_um, {}, {}};
  const std::size_t count = field[0].size();
  double largest = 0.0;
  int last = 0;
  for (int q = 0; q <= 2 * orders; ++q) {
    std::vector<double> re(count, 0.0), im(count, 0.0);
    double most = 0.0;
    for (int m = -orders; m + q <= orders; ++m) {
      const auto& low = field[static_cast<std::size_t>(m + orders)];
      const auto& high = field[static_cast<std::size_t>(m + q + orders)];
      for (std::size_t i = 0; i < count; ++i) {
        re[i] += high[i].real() * low[i].real() + high[i].imag() * low[i].imag();
        im[i] += high[i].imag() * low[i].real() - high[i].real() * low[i].imag();
      }
    }
    for (std::size_t i = 0; i < count; ++i) most = std::max(most, std::hypot(re[i], im[i]));
    largest = std::max(largest, most);
    if (most > 1e-6 * largest) last = q;
    plane.re.push_back(std::move(re));
    plane.im.push_back(std::move(im));
  }
  plane.re.resize(static_cast<std::size_t>(last) + 1);
  plane.im.resize(static_cast<std::size_t>(last) + 1);
  return plane;
}

RadialPlane Product(const RadialPlane& a, const RadialPlane& b) {
  const int qa = static_cast<int>(a.re.size()) - 1, qb = static_cast<int>(b.re.size()) - 1;
  const auto value = [](const RadialPlane& p, int q, std::size_t i) {
    const auto row = static_cast<std::size_t>(std::abs(q));
    return std::complex<double>(p.re[row][i], q < 0 ? -p.im[row][i] : p.im[row][i]);
  };
  RadialPlane product{a.step_um, {}, {}};
  const std::size_t count = a.re[0].size();
  for (int q = 0; q <= qa + qb; ++q) {
    std::vector<double> re(count, 0.0), im(count, 0.0);
    for (int p = std::max(-qa, q - qb); p <= std::min(qa, q + qb); ++p) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::complex<double> term = value(a, p, i) * value(b, q - p, i);
        re[i] += term.real();
        im[i] += term.imag();
      }
    }
    product.re.push_back(std::move(re));
    product.im.push_back(std::move(im));
  }
  return product;
}

}  // namespace monitor::simulation
