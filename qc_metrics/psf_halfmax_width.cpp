#include "qc_metrics/psf_halfmax_width.h"

#include <Eigen/LU>
#include <array>
#include <cmath>

namespace qc_metrics {
namespace {

// 1 - d^2/24 + 7 d^4/5760 by five-point differences at half pixels.
constexpr std::array<double, 5> kSharpen = {1.0 / 30.0, -0.3, 23.0 / 15.0, -0.3, 1.0 / 30.0};
constexpr double kSpacing = 0.5;
constexpr double kMaximumStep = 0.04;  // in u: skew light shifts a wider difference
constexpr double kLongestMove = 0.4;   // in u, of one round
constexpr int kMaximumRounds = 8;
constexpr double kFarthestMaximum = 1.0;  // in u from the centre
constexpr double kMarch = 0.3;            // in widths of the map
constexpr int kMarches = 12;
constexpr int kSecants = 20;
constexpr double kRootTolerance = 1e-6;

}  // namespace

SharpLight::SharpLight(const ShapeTable& shape, const MappedBead& bead, const PixelBox& box,
                       const std::array<double, 3>& voxel_um)
    : shape_(shape),
      centre_(bead.centre_px),
      map_(bead.map),
      unmap_(bead.map.inverse()),
      voxel_um_(voxel_um) {
  const int across = box.x > 0.0 ? 2 : 0;
  const int down = box.y > 0.0 ? 2 : 0;
  for (int p = -across; p <= across; ++p) {
    for (int q = -down; q <= down; ++q) {
      offsets_.emplace_back(map_ * Eigen::Vector3d(kSpacing * p, kSpacing * q, 0.0));
      const double wx = across > 0 ? kSharpen[static_cast<std::size_t>(p + 2)] : 1.0;
      const double wy = down > 0 ? kSharpen[static_cast<std::size_t>(q + 2)] : 1.0;
      weights_.push_back(wx * wy);
    }
  }
}

Eigen::Vector3d SharpLight::Direction(int index) const {
  if (index < 3) {
    Eigen::Vector3d d = Eigen::Vector3d::Zero();
    d[index] = 1.0 / voxel_um_[static_cast<std::size_t>(index)];
    return d;
  }
  const double half = std::sqrt(0.5);
  return {half / voxel_um_[0], (index == 3 ? half : -half) / voxel_um_[1], 0.0};
}

double SharpLight::At(const Eigen::Vector3d& place) const {
  const Eigen::Vector3d u = map_ * (place - centre_);
  std::array<Eigen::Vector3d, 25> points;
  std::array<double, 25> values{};
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    points[i] = u + offsets_[i];
  }
  EvaluateShape(shape_, {points.data(), offsets_.size()}, values.data());
  double sum = 0.0;
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    sum += weights_[i] * values[i];
  }
  return sum;
}

Eigen::VectorXd SharpLight::Modes(const std::vector<Mode>& modes,
                                  const Eigen::Vector3d& place) const {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(std::ssize(modes));
  const Eigen::Vector3d u = map_ * (place - centre_);
  for (std::size_t n = 0; n < offsets_.size(); ++n) {
    const Eigen::Vector3d at = u + offsets_[n];
    std::array<std::array<double, kMaxShapeDegree + 1>, 3> h{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      HermiteValues(at[static_cast<Eigen::Index>(axis)], kMaxShapeDegree, h[axis].data());
    }
    const double scale = weights_[n] * std::exp(-0.5 * at.squaredNorm());
    for (std::size_t m = 0; m < modes.size(); ++m) {
      const Mode& mode = modes[m];
      out[static_cast<Eigen::Index>(m)] += scale * h[0][static_cast<std::size_t>(mode.i)] *
                                           h[1][static_cast<std::size_t>(mode.j)] *
                                           h[2][static_cast<std::size_t>(mode.k)];
    }
  }
  return out;
}

std::optional<HalfMaximum> SharpLight::Measure() const {
  // Parabolas along the axes of u, where the light is nearly round.
  Eigen::Vector3d u = Eigen::Vector3d::Zero();
  HalfMaximum out;
  for (int round = 0; round < kMaximumRounds; ++round) {
    const double middle = At(centre_ + unmap_ * u);
    Eigen::Vector3d move = Eigen::Vector3d::Zero();
    for (int axis = 0; axis < 3; ++axis) {
      Eigen::Vector3d step = Eigen::Vector3d::Zero();
      step[axis] = kMaximumStep;
      const double ahead = At(centre_ + unmap_ * (u + step));
      const double behind = At(centre_ + unmap_ * (u - step));
      const double curvature = ahead - 2.0 * middle + behind;
      if (!(curvature < 0.0)) {
        return std::nullopt;
      }
      move[axis] = -0.5 * kMaximumStep * (ahead - behind) / curvature;
    }
    if (move.norm() > kLongestMove) {
      move *= kLongestMove / move.norm();
    }
    u += move;
    if (!(u.norm() < kFarthestMaximum)) {
      return std::nullopt;
    }
    if (move.norm() < 1e-3) {
      break;
    }
  }
  out.maximum_px = centre_ + unmap_ * u;
  out.peak = At(out.maximum_px);
  for (int i = 0; i < 5; ++i) {
    const auto profile = Profile(out.maximum_px, out.peak, i);
    if (!profile) {
      return std::nullopt;
    }
    (i < 3 ? out.axes[static_cast<std::size_t>(i)]
           : out.diagonals[static_cast<std::size_t>(i - 3)]) = *profile;
  }
  return out;
}

std::optional<double> SharpLight::Side(const Eigen::Vector3d& maximum, double half,
                                       const Eigen::Vector3d& direction) const {
  const double scale = 1.0 / (map_ * direction).norm();
  const auto excess = [&](double t) { return At(maximum + t * direction) - half; };
  double inside = 0.0;
  double above = half;
  double outside = 0.0;
  double below = 0.0;
  for (int i = 3; i < 3 + kMarches; ++i) {
    outside = kMarch * scale * i;
    below = excess(outside);
    if (below <= 0.0) {
      break;
    }
    inside = outside;
    above = below;
  }
  if (below > 0.0) {
    return std::nullopt;
  }
  // False position, halving the end that stays (Illinois).
  int kept = 0;
  for (int i = 0; i < kSecants && outside - inside > kRootTolerance * scale; ++i) {
    const double t = inside + (outside - inside) * above / (above - below);
    const double here = excess(t);
    if (std::abs(here) < kRootTolerance * half) {
      return t;
    }
    if (here > 0.0) {
      inside = t;
      above = here;
      if (kept == 1) below *= 0.5;
      kept = 1;
    } else {
      outside = t;
      below = here;
      if (kept == -1) above *= 0.5;
      kept = -1;
    }
  }
  return inside + (outside - inside) * above / (above - below);
}

std::optional<HalfProfile> SharpLight::Profile(const Eigen::Vector3d& maximum, double peak,
                                               int index) const {
  const Eigen::Vector3d direction = Direction(index);
  const auto far = Side(maximum, 0.5 * peak, direction);
  const auto near = Side(maximum, 0.5 * peak, -direction);
  if (!far || !near) {
    return std::nullopt;
  }
  HalfProfile profile{*near, *far, 0.0, 0.0};
  const auto slope = [&](double t) {
    const double step = 0.02 * profile.Width();
    return (At(maximum + (t + step) * direction) - At(maximum + (t - step) * direction)) /
           (2.0 * step);
  };
  profile.far_slope = -slope(*far);
  profile.near_slope = slope(-*near);
  return profile;
}

}  // namespace qc_metrics
