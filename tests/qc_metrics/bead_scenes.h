#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "monitor/simulation/bead_stack.h"
#include "qc_metrics/psf.h"

namespace qc_metrics {

/// Voxel of all generated bead scenes, in um.
inline constexpr std::array<double, 3> kVoxelUm = {0.065, 0.065, 0.2};
/// Full widths of their beads along x, y, z: unlike on purpose, so that swapped axes show.
inline constexpr std::array<double, 3> kFwhmUm = {0.212, 0.235, 0.706};

/// What a bead truly is, computed from its covariance alone.
struct BeadTruth {
  std::array<double, 3> fwhm_um;  ///< profile widths through the maximum
  double minor_um, major_um, tilt_deg;
};

inline BeadTruth TruthOf(const monitor::simulation::Covariance& c) {
  constexpr double k = 2.3548200450309493;
  const cv::Matx33d covariance(c.xx, c.xy, c.xz, c.xy, c.yy, c.yz, c.xz, c.yz, c.zz);
  const cv::Matx33d precision = covariance.inv();
  cv::Matx31d values;
  cv::Matx33d vectors;
  cv::eigen(covariance, values, vectors);
  const double mean = 0.5 * (c.xx + c.yy);
  const double radius = std::hypot(0.5 * (c.xx - c.yy), c.xy);
  return {{k / std::sqrt(precision(0, 0)), k / std::sqrt(precision(1, 1)),
           k / std::sqrt(precision(2, 2))},
          k * std::sqrt(mean - radius),
          k * std::sqrt(mean + radius),
          std::acos(std::min(1.0, std::abs(vectors(0, 2)))) * 180.0 / CV_PI};
}

/// The camera of every generated scene, told to the estimator.
inline PsfSettings SettingsOf(const monitor::simulation::BeadScene& scene) {
  PsfSettings settings{scene.voxel_um[0], scene.voxel_um[1], scene.voxel_um[2]};
  settings.camera_offset_adu = scene.camera.offset_adu;
  settings.gain_e_per_adu = scene.camera.gain_e_per_adu;
  settings.read_noise_e = scene.camera.read_noise_e;
  settings.saturation_adu = scene.camera.saturation_adu;
  return settings;
}

/// How the beads of a field differ from each other.
struct Spread {
  double width = 0.05;        ///< relative SD of each width
  double largest_tilt = 0.0;  ///< degrees
  double largest_turn = 0.0;  ///< degrees
};

/// `count` beads far enough from each other and from every border: 64 x 512 x 512 for more than 60,
/// else 40 x 320 x 320, which is faster to draw.
inline monitor::simulation::BeadScene FieldScene(int count, double peak_e, std::uint64_t seed,
                                                 const Spread& spread = {}, int small_px = 320) {
  const bool large = count > 60;
  const int side = large ? 512 : small_px;
  monitor::simulation::BeadScene scene{side, side, large ? 64 : 40, kVoxelUm};
  scene.seed = seed;
  monitor::simulation::Random random(seed + 1000);
  for (const auto& centre : ScatterCentres(scene, count, 26.0, 14.0, 12.0, random)) {
    std::array<double, 3> fwhm = kFwhmUm;
    for (double& width : fwhm) {
      width *= 1.0 + spread.width * random.Normal();
    }
    const double turn = random.Uniform(0.0, spread.largest_turn);
    const double tilt = random.Uniform(0.0, spread.largest_tilt);
    scene.beads.push_back(
        {centre, monitor::simulation::EllipsoidCovariance(fwhm, turn, tilt), peak_e});
  }
  return scene;
}

/// The true bead within 2 px of a place.
inline const monitor::simulation::SimulatedBead* TrueBeadAt(
    const monitor::simulation::BeadScene& scene, const std::array<double, 3>& place) {
  for (const auto& bead : scene.beads) {
    if (std::hypot(bead.centre_px[0] - place[0], bead.centre_px[1] - place[1]) < 2.0) {
      return &bead;
    }
  }
  return nullptr;
}

/// Errors of one quantity over beads: relative to the truth, and in units of u.
struct ErrorSums {
  double relative = 0.0, relative_squares = 0.0, pull_squares = 0.0, stated_squares = 0.0;
  int n = 0;

  void Add(const Estimate& estimate, double truth) {
    const double error = estimate.value / truth - 1.0;
    relative += error;
    relative_squares += error * error;
    pull_squares += std::pow((estimate.value - truth) / estimate.u, 2);
    stated_squares += std::pow(estimate.u / truth, 2);
    ++n;
  }

  [[nodiscard]] double Bias() const { return relative / n; }
  [[nodiscard]] double Rms() const { return std::sqrt(relative_squares / n); }
  [[nodiscard]] double Pull() const { return std::sqrt(pull_squares / n); }
  [[nodiscard]] double Stated() const { return std::sqrt(stated_squares / n); }
};

}  // namespace qc_metrics
