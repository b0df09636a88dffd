#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "monitor/simulation/camera.h"

namespace monitor::simulation {

/// What a geometry artefact shows.
enum class GridPattern {
  kDots,      ///< blurred points on a square lattice
  kRings,     ///< blurred rings on a square lattice
  kCrossing,  ///< lines in both directions
  kLines,     ///< lines of constant x on the artefact
};

/// An artefact in front of a camera. Object coordinates in um about the image's centre; the object
/// is turned, sheared and distorted on its way to the image.
struct GridScene {
  int columns = 512, rows = 512;
  double pixel_size_x_um = 0.1, pixel_size_y_um = 0.1;
  double pitch_um = 5.0;
  GridPattern pattern = GridPattern::kDots;
  double rotation_deg = 0.0;  ///< of the artefact in the image, positive from x to y
  double shear_deg = 0.0;     ///< by how much the image's right angle closes on the artefact
  double radial = 0.0;        ///< distortion at the corner of the image: place times 1 + radial r^2
  double offset_x_um = 0.3, offset_y_um = -0.7;  ///< of the pattern against the image's centre
  double sigma_px = 2.0;                         ///< blur of a point or a line
  double radius_px = 6.0;                        ///< of a ring
  double peak_e = 2000.0;                        ///< above the background; negative: dark features
  double background_e = 50.0;
  double missing_share = 0.0;  ///< of dots or rings that are not there
  double jitter_um = 0.0;      ///< SD of the places of dots and rings on the artefact
  Camera camera{};
  std::uint64_t seed = 1;
};

/// Where a point of the artefact is seen, in px.
[[nodiscard]] cv::Point2d SeenAt(const GridScene& scene, cv::Point2d object_um);

/// Expected electrons, each pixel's area averaged (CV_32F).
/// Accuracy  4 x 4 midpoints a pixel: 1e-3 of the peak at sigma 1 px, symmetric about each feature
///           to 1e-6 px at sigma 1.5 px.
[[nodiscard]] cv::Mat RenderExpectedGrid(const GridScene& scene);

/// The stored image (CV_16U).
[[nodiscard]] cv::Mat RenderGrid(const GridScene& scene);

}  // namespace monitor::simulation
