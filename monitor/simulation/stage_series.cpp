#include "monitor/simulation/stage_series.h"

#include <cmath>

namespace monitor::simulation {
namespace {

std::vector<std::array<double, 2>> Path(const DriftScene& scene, Random& random) {
  const double speed = std::hypot(scene.velocity_um_per_s[0], scene.velocity_um_per_s[1]);
  std::array<double, 2> along{1.0, 0.0};
  if (speed > 0.0) {
    along = {scene.velocity_um_per_s[0] / speed, scene.velocity_um_per_s[1] / speed};
  }
  std::vector<std::array<double, 2>> path;
  std::array<double, 2> walk{};
  for (int k = 0; k < scene.frames; ++k) {
    const double t = k * scene.interval_s;
    const double settled = scene.settling_um * (1.0 - std::exp(-t / scene.settling_tau_s));
    std::array<double, 2> place{};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      if (k > 0) walk[axis] += scene.walk_um * random.Normal();
      place[axis] = scene.velocity_um_per_s[axis] * t + settled * along[axis] + walk[axis];
    }
    path.push_back(place);
  }
  return path;
}

/// Share of a Gaussian line that falls on the pixel at `pixel`.
double OnPixel(double pixel, double centre, double sigma) {
  const double scale = 1.0 / (std::sqrt(2.0) * sigma);
  return 0.5 *
         (std::erf((pixel + 0.5 - centre) * scale) - std::erf((pixel - 0.5 - centre) * scale));
}

}  // namespace

DriftSeries RenderDrift(const DriftScene& scene) {
  Random random(scene.seed);
  DriftSeries out;
  out.path_um = Path(scene, random);
  const double sigma_px = scene.sigma_um / scene.pixel_um;
  const double total_e = scene.peak_e * 2.0 * std::acos(-1.0) * sigma_px * sigma_px;
  for (const auto& place : out.path_um) {
    cv::Mat expected(scene.rows, scene.columns, CV_32F, cv::Scalar(scene.background_e));
    for (const auto& bead : scene.beads_px) {
      const double cx = bead[0] + place[0] / scene.pixel_um;
      const double cy = bead[1] + place[1] / scene.pixel_um;
      for (int y = 0; y < scene.rows; ++y) {
        const double of_row = total_e * OnPixel(y, cy, sigma_px);
        if (of_row < 1e-6) continue;
        for (int x = 0; x < scene.columns; ++x) {
          expected.at<float>(y, x) += static_cast<float>(of_row * OnPixel(x, cx, sigma_px));
        }
      }
    }
    out.frames.push_back(Expose(expected, scene.camera, random));
  }
  return out;
}

std::vector<MoveReturn> SimulateMoves(const MoveScene& scene) {
  Random random(scene.seed);
  std::vector<MoveReturn> out;
  for (int round = 1; round <= scene.rounds; ++round) {
    MoveReturn reference{round, "reference", 0.0, scene.place_um};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      reference.position_um[axis] += 0.02 * random.Normal();
    }
    out.push_back(reference);
    double wider = 1.0;
    for (const double distance_um : scene.distances_um) {
      for (std::size_t i = 0; i < scene.directions.size(); ++i) {
        MoveReturn back{round, scene.directions[i], distance_um, scene.place_um};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          back.position_um[axis] += 0.5 * scene.backlash_um[axis] * scene.steps[i][axis] +
                                    wider * scene.sd_um[axis] * random.Normal();
        }
        out.push_back(back);
      }
      wider *= scene.sd_grows;
    }
  }
  return out;
}

}  // namespace monitor::simulation
