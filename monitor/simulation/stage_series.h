#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "monitor/simulation/camera.h"

namespace monitor::simulation {

/// Beads on a stage that drifts, filmed in one plane.
///
/// Method    path(t) = velocity t + settling (1 - exp(-t / settling_tau)) along the same direction,
///           plus a random walk of `walk_um` a frame; each bead is a Gaussian spot, integrated over
///           the pixels.
struct DriftScene {
  int columns = 96, rows = 80, frames = 30;
  double pixel_um = 0.1;
  double interval_s = 2.0;
  std::array<double, 2> velocity_um_per_s{0.002, -0.001};
  double settling_um = 0.0;
  double settling_tau_s = 5.0;
  double walk_um = 0.0;
  double sigma_um = 0.13;
  double peak_e = 2000.0;
  double background_e = 20.0;
  std::vector<std::array<double, 2>> beads_px{};  ///< at the first frame
  Camera camera{};
  std::uint64_t seed = 1;
};

struct DriftSeries {
  std::vector<cv::Mat> frames;                 ///< CV_16U
  std::vector<std::array<double, 2>> path_um;  ///< truth, from the first frame on
};

[[nodiscard]] DriftSeries RenderDrift(const DriftScene& scene);

/// A stage that goes away and comes back.
struct MoveScene {
  std::vector<std::string> directions{"+x", "-x", "+y", "-y", "+x+y", "-x-y"};
  std::vector<std::array<double, 3>> steps{{1, 0, 0},  {-1, 0, 0}, {0, 1, 0},
                                           {0, -1, 0}, {1, 1, 0},  {-1, -1, 0}};
  std::vector<double> distances_um{300.0, 3000.0};
  int rounds = 10;
  std::array<double, 3> sd_um{0.3, 0.2, 0.05};       ///< of a return after 300 um
  double sd_grows = 1.5;                             ///< times it is larger for each next distance
  std::array<double, 3> backlash_um{0.8, 0.5, 0.0};  ///< plus minus half of it by the step's sign
  std::array<double, 3> place_um{1000.0, -500.0, 20.0};
  std::uint64_t seed = 1;
};

struct MoveReturn {
  int round = 0;
  std::string direction;
  double distance_um = 0.0;
  std::array<double, 3> position_um{};
};

/// One reference at distance 0 for each round, then all moves of the round.
[[nodiscard]] std::vector<MoveReturn> SimulateMoves(const MoveScene& scene);

}  // namespace monitor::simulation
