#include <algorithm>
#include <cmath>
#include <numbers>

#include "monitor/simulation/optical_shape.h"

namespace monitor::simulation {
namespace {

using Place = std::array<double, 3>;

/// The light of a bead at single places, by direct quadrature over its ball.
class DirectBead {
 public:
  DirectBead(const Optics& optics, double diameter_um)
      : radius_(0.5 * diameter_um),
        source_(
            optics, 4.0 * optics.emission_um / optics.numerical_aperture + diameter_um,
            10.0 * optics.emission_um / (optics.numerical_aperture * optics.numerical_aperture)),
        slices_(GaussLegendre(radius_ > 0.0 ? 10 : 1)),
        rings_(GaussLegendre(6)) {}

  [[nodiscard]] const PointSource& Source() const { return source_; }

  double At(const Place& place) {
    Focus(place[2]);
    double sum = 0.0;
    for (std::size_t j = 0; j < planes_.size(); ++j) {
      const double t = slices_.node[j];
      const double weight = radius_ > 0.0 ? 0.75 * (1.0 - t * t) * slices_.weight[j] : 1.0;
      sum += weight * MeanOverDisk(planes_[j], place, radius_ * std::sqrt(1.0 - t * t));
    }
    return sum;
  }

 private:
  void Focus(double z) {
    if (!planes_.empty() && z == focus_) return;
    focus_ = z;
    planes_.clear();
    for (const double t : slices_.node) planes_.push_back(source_.PlaneAt(z - radius_ * t));
  }

  [[nodiscard]] double MeanOverDisk(const RadialPlane& plane, const Place& place,
                                    double radius) const {
    if (radius == 0.0 || radius_ == 0.0) return plane.At(place[0], place[1]);
    constexpr int kAzimuths = 16;
    double sum = 0.0;
    for (std::size_t ring = 0; ring < rings_.node.size(); ++ring) {
      const double rho = radius * std::sqrt(0.5 * (rings_.node[ring] + 1.0));
      for (int p = 0; p < kAzimuths; ++p) {
        const double phi = 2.0 * std::numbers::pi * (p + 0.5) / kAzimuths;
        sum += rings_.weight[ring] *
               plane.At(place[0] + rho * std::cos(phi), place[1] + rho * std::sin(phi));
      }
    }
    return 0.5 * sum / kAzimuths;
  }

  double radius_;
  PointSource source_;
  Quadrature slices_, rings_;
  std::vector<RadialPlane> planes_;
  double focus_ = 0.0;
};

/// Brightest place of a point on a coarse grid about the best focus.
Place CoarseMaximum(const PointSource& source, const Optics& o) {
  const double lateral = 0.1 * o.emission_um / o.numerical_aperture;
  const double axial =
      0.1 * o.refractive_index * o.emission_um / (o.numerical_aperture * o.numerical_aperture);
  const int depths = 15 + static_cast<int>(15.0 * source.ResidualWaves());
  const int lattice = IsRound(o.aberrations) ? 0 : 8;
  Place best{};
  double most = -1.0;
  for (int k = -depths; k <= depths; ++k) {
    const double z = source.BestFocusUm() + k * axial;
    const RadialPlane plane = source.PlaneAt(z);
    for (int j = -lattice; j <= lattice; ++j) {
      for (int i = -lattice; i <= lattice; ++i) {
        const double value = plane.At(i * lateral, j * lateral);
        if (value > most * (1.0 + 1e-9)) {
          most = value;
          best = {i * lateral, j * lateral, z};
        }
      }
    }
  }
  return best;
}

/// Climbs to the maximum axis by axis with ever finer parabolas; an axis with step 0 is left alone.
Place Climb(DirectBead& bead, Place place, const Place& first_step) {
  double here = bead.At(place);
  double fraction = 1.0;
  for (int round = 0; round < 60; ++round) {
    double largest = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double h = fraction * first_step[axis];
      if (h == 0.0) continue;
      Place low = place, high = place;
      low[axis] -= h;
      high[axis] += h;
      const double below = bead.At(low), above = bead.At(high);
      const double curvature = below - 2.0 * here + above;
      const double move = curvature < 0.0 ? std::clamp(0.5 * (below - above) / curvature, -1.5, 1.5)
                                          : (above > below ? 1.0 : -1.0);
      place[axis] += h * move;
      here = bead.At(place);
      largest = std::max(largest, std::abs(move));
    }
    if (largest < 1e-3 && fraction <= 0.05) break;
    if (largest < 0.5) fraction = std::max(0.05, 0.5 * fraction);
  }
  return place;
}

/// Distance from the maximum to half of its value, towards `sign` along one axis.
double HalfWidth(DirectBead& bead, const Place& top, std::size_t axis, double sign, double step) {
  const double half = 0.5 * bead.At(top);
  const auto above = [&](double distance) {
    Place place = top;
    place[axis] += sign * distance;
    return bead.At(place) - half;
  };
  double inside = 0.0, outside = step;
  double f_inside = half, f_outside = above(outside);
  while (f_outside > 0.0 && outside < 100.0 * step) {
    inside = outside, f_inside = f_outside;
    outside += step;
    f_outside = above(outside);
  }
  for (int round = 0; round < 60 && outside - inside > 1e-9 * step; ++round) {
    // A secant step, kept off the ends so that the bracket shrinks from both sides.
    const double share = std::clamp(f_inside / (f_inside - f_outside), 0.02, 0.98);
    const double middle = inside + (round % 3 == 2 ? 0.5 : share) * (outside - inside);
    const double f = above(middle);
    (f > 0.0 ? inside : outside) = middle;
    (f > 0.0 ? f_inside : f_outside) = f;
    if (std::abs(f) < 1e-9 * half) return middle;
  }
  return 0.5 * (inside + outside);
}

}  // namespace

ShapeTruth TruthOfBead(const Optics& optics, double bead_diameter_um) {
  DirectBead bead(optics, bead_diameter_um);
  const double lateral = 0.1 * optics.emission_um / optics.numerical_aperture;
  const double axial = 0.2 * optics.refractive_index * optics.emission_um /
                       (optics.numerical_aperture * optics.numerical_aperture);
  // The light of a round pupil is round, so its maximum is on the axis.
  const double search = IsRound(optics.aberrations) ? 0.0 : lateral;
  const Place top = Climb(bead, CoarseMaximum(bead.Source(), optics), {search, search, axial});
  ShapeTruth truth{};
  truth.maximum_um = top;
  truth.strehl = bead.Source().PlaneAt(top[2]).At(top[0], top[1]);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double step = axis == 2 ? axial : lateral;
    truth.side_um[axis] = {HalfWidth(bead, top, axis, -1.0, step),
                           HalfWidth(bead, top, axis, 1.0, step)};
    truth.fwhm_um[axis] = truth.side_um[axis][0] + truth.side_um[axis][1];
  }
  return truth;
}

}  // namespace monitor::simulation
