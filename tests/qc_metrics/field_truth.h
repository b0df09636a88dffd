#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

#include "monitor/simulation/field.h"

/// What is true of a simulated field, spelled out on its light without dust and noise; no code of
/// the estimators.
namespace qc_metrics::tests {

using monitor::simulation::FieldLight;
using monitor::simulation::FieldScene;

inline double TileMeanOf(const FieldScene& scene, int x0, int y0, int width, int height) {
  double sum = 0.0;
  for (int y = y0; y < y0 + height; ++y) {
    for (int x = x0; x < x0 + width; ++x) sum += FieldLight(scene, x, y);
  }
  return sum / (width * height);
}

// The definition, spelled out on the light without dust and noise.
inline double TrueUniformity(const FieldScene& scene) {
  const int w = static_cast<int>(std::lround(0.1 * scene.width));
  const int h = static_cast<int>(std::lround(0.1 * scene.height));
  double darkest = std::numeric_limits<double>::infinity();
  double brightest = 0.0;
  for (const int y : {0, (scene.height - h) / 2, scene.height - h}) {
    for (const int x : {0, (scene.width - w) / 2, scene.width - w}) {
      const double mean = TileMeanOf(scene, x, y, w, h);
      darkest = std::min(darkest, mean);
      brightest = std::max(brightest, mean);
    }
  }
  return darkest / brightest;
}

// Repeatedly refined grid search: no derivative, no code of the estimator.
inline cv::Point2d TruePeak(const FieldScene& scene) {
  cv::Point2d best(0.5 * scene.width, 0.5 * scene.height);
  for (double step = scene.width / 20.0; step > 1e-5; step *= 0.5) {
    const cv::Point2d centre = best;
    for (int j = -10; j <= 10; ++j) {
      for (int i = -10; i <= 10; ++i) {
        const cv::Point2d p(std::clamp(centre.x + i * step, -0.5, scene.width - 0.5),
                            std::clamp(centre.y + j * step, -0.5, scene.height - 0.5));
        if (FieldLight(scene, p.x, p.y) > FieldLight(scene, best.x, best.y)) best = p;
      }
    }
  }
  return best;
}

inline double TrueCentring(const FieldScene& scene) {
  const auto peak = TruePeak(scene);
  return 1.0 - 2.0 *
                   std::hypot(peak.x - 0.5 * (scene.width - 1), peak.y - 0.5 * (scene.height - 1)) /
                   std::hypot(scene.width, scene.height);
}

}  // namespace qc_metrics::tests
