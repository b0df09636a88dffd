#include "monitor/simulation/optical_shape.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "monitor/simulation/radial_operator.h"

namespace monitor::simulation {
namespace {

constexpr double kPlanesPerPeriod = 12.0;  // of the finest structure along z

/// Largest angle of the light in the immersion.
double ConeSlope(const Optics& o) {
  const double sine = std::min(0.97, o.numerical_aperture / o.refractive_index);
  return sine / std::sqrt(1.0 - sine * sine);
}

/// The ball as slices between Lagrange planes: one banded map per harmonic and plane offset.
std::vector<std::vector<BandedOperator>> BallOperators(int count, int orders, double radius_um,
                                                       double step_um, double step_z_um) {
  const int margin = static_cast<int>(std::ceil(radius_um / step_z_um)) + 3;
  const Quadrature slices = GaussLegendre(radius_um > 0.0 ? 10 : 1);
  std::vector<std::vector<BandedOperator>> all;
  for (int q = 0; q <= orders; ++q) {
    std::vector<BandedOperator> of_q(static_cast<std::size_t>(2 * margin + 1),
                                     BandedOperator(count, q));
    for (std::size_t j = 0; j < slices.node.size(); ++j) {
      const double t = slices.node[j];
      const double weight = radius_um > 0.0 ? 0.75 * (1.0 - t * t) * slices.weight[j] : 1.0;
      BandedOperator disk(count, q);
      disk.AddDisk(radius_um * std::sqrt(1.0 - t * t) / step_um, weight);
      const Taps taps = LagrangeTaps(radius_um * t / step_z_um);
      for (std::size_t tap = 0; tap < taps.index.size(); ++tap) {
        if (taps.weight[tap] == 0.0) continue;
        of_q[static_cast<std::size_t>(taps.index[tap] + margin)].Add(disk, taps.weight[tap]);
      }
    }
    all.push_back(std::move(of_q));
  }
  return all;
}

}  // namespace

OpticalShape::OpticalShape(const Optics& optics, double bead_diameter_um, double cutoff)
    : truth_(TruthOfBead(optics, bead_diameter_um)) {
  const bool confocal = optics.detection == Detection::kConfocal;
  const double na = optics.numerical_aperture;
  const double longest = optics.emission_um;
  const double shortest =
      confocal ? 1.0 / (1.0 / optics.emission_um + 1.0 / optics.excitation_um) : optics.emission_um;
  // Far from focus the light fills a cone; far from the axis Airy's rings fall with the cube.
  // A product of two such functions falls faster.
  const double level = (confocal ? std::pow(cutoff, 0.6) : cutoff) * truth_.strehl;
  const double unit = longest / (2.0 * std::numbers::pi * na);
  const double aberrated = PointSource(optics, unit, unit).ResidualWaves() * longest / na;
  period_um_ = shortest / (2.0 * na);
  slope_ = 1.15 * ConeSlope(optics);
  tail_um_ =
      unit * std::cbrt(8.0 / (std::numbers::pi * level)) + 4.0 * aberrated + 0.5 * bead_diameter_um;
  reach_um_ = std::max(tail_um_, 2.0 * unit / std::sqrt(level)) + 0.5 * bead_diameter_um;
  depth_um_ = reach_um_ / ConeSlope(optics) + 4.0 * aberrated / slope_;
  const double far = depth_um_ + std::abs(truth_.maximum_um[2]);
  const PointSource source(optics,
                           reach_um_ + std::hypot(truth_.maximum_um[0], truth_.maximum_um[1]), far);
  step_z_um_ = source.AxialPeriodUm() / kPlanesPerPeriod;
  half_planes_ = static_cast<int>(std::ceil(depth_um_ / step_z_um_)) + 3;
  FillTable(source, bead_diameter_um);
}

void OpticalShape::FillTable(const PointSource& source, double bead_diameter_um) {
  const double radius = 0.5 * bead_diameter_um;
  const int margin = static_cast<int>(std::ceil(radius / step_z_um_)) + 3;
  std::vector<RadialPlane> points;
  std::size_t orders = 0;
  for (int k = -half_planes_ - margin; k <= half_planes_ + margin; ++k) {
    points.push_back(source.PlaneAt(truth_.maximum_um[2] + k * step_z_um_));
    orders = std::max(orders, points.back().re.size() - 1);
  }
  const std::size_t count = points[0].re[0].size();
  const auto ball = BallOperators(static_cast<int>(count), static_cast<int>(orders), radius,
                                  points[0].step_um, step_z_um_);
  for (int k = 0; k <= 2 * half_planes_; ++k) {
    RadialPlane plane{points[0].step_um, {}, {}};
    for (std::size_t q = 0; q <= orders; ++q) {
      std::vector<double> re(count, 0.0), im(count, 0.0);
      for (std::size_t tap = 0; tap < ball[q].size(); ++tap) {
        const RadialPlane& point = points[static_cast<std::size_t>(k) + tap];
        if (q >= point.re.size()) continue;
        ball[q][tap].AddTo(point.re[q], re);
        if (q > 0) ball[q][tap].AddTo(point.im[q], im);
      }
      plane.re.push_back(std::move(re));
      plane.im.push_back(std::move(im));
    }
    planes_.push_back(std::move(plane));
  }
  const double top = PlaneAt(0.0).At(truth_.maximum_um[0], truth_.maximum_um[1]);
  for (RadialPlane& plane : planes_) {
    for (auto* part : {&plane.re, &plane.im}) {
      for (auto& row : *part) {
        for (double& value : row) value /= top;
      }
    }
  }
}

double OpticalShape::ReachAt(double z_um) const {
  if (std::abs(z_um) > depth_um_) return 0.0;
  return std::min(reach_um_, tail_um_ + slope_ * std::abs(z_um));
}

RadialPlane OpticalShape::PlaneAt(double z_um) const {
  const Taps taps = LagrangeTaps(z_um / step_z_um_ + half_planes_);
  const RadialPlane& first = planes_[0];
  RadialPlane sum{first.step_um, first.re, first.im};
  for (std::size_t q = 0; q < first.re.size(); ++q) {
    std::fill(sum.re[q].begin(), sum.re[q].end(), 0.0);
    std::fill(sum.im[q].begin(), sum.im[q].end(), 0.0);
    if (std::abs(z_um) > depth_um_) continue;
    for (std::size_t t = 0; t < taps.index.size(); ++t) {
      const RadialPlane& plane = planes_[static_cast<std::size_t>(taps.index[t])];
      for (std::size_t i = 0; i < sum.re[q].size(); ++i) {
        sum.re[q][i] += taps.weight[t] * plane.re[q][i];
        sum.im[q][i] += taps.weight[t] * plane.im[q][i];
      }
    }
  }
  return sum;
}

}  // namespace monitor::simulation
