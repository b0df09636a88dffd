#include "monitor/simulation/grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace monitor::simulation {
namespace {

constexpr int kSub = 4;
constexpr double kReach = 5.5;  // sigmas that are drawn

cv::Point2d CentreOf(const GridScene& scene) {
  return {0.5 * (scene.columns - 1), 0.5 * (scene.rows - 1)};
}

/// The undistorted place that is seen at `px`, by fixed-point iteration.
cv::Point2d Undistorted(const GridScene& scene, cv::Point2d px) {
  const cv::Point2d c = CentreOf(scene);
  const double half = std::hypot(c.x, c.y);
  cv::Point2d d = px - c;
  for (int i = 0; i < 30 && scene.radial != 0.0; ++i) {
    const double r = std::hypot(d.x, d.y) / half;
    d = (px - c) * (1.0 / (1.0 + scene.radial * r * r));
  }
  return d;
}

/// Undistorted px from the centre to um on the artefact.
cv::Matx22d ObjectMap(const GridScene& scene) {
  const double turn = -scene.rotation_deg * std::numbers::pi / 180.0;
  const double half = 0.5 * scene.shear_deg * std::numbers::pi / 180.0;
  const double angle_x = turn + half;
  const double angle_y = turn + 0.5 * std::numbers::pi - half;
  return {std::cos(angle_x) * scene.pixel_size_x_um, std::cos(angle_y) * scene.pixel_size_y_um,
          std::sin(angle_x) * scene.pixel_size_x_um, std::sin(angle_y) * scene.pixel_size_y_um};
}

/// Light of one blurred feature at a distance, in px, from its centre.
double Profile(const GridScene& scene, double distance) {
  const double from = scene.pattern == GridPattern::kRings ? distance - scene.radius_px : distance;
  return scene.peak_e * std::exp(-0.5 * from * from / (scene.sigma_px * scene.sigma_px));
}

template <typename Light>
void AddPixel(cv::Mat& image, int x, int y, Light light) {
  double sum = 0.0;
  for (int j = 0; j < kSub; ++j) {
    for (int i = 0; i < kSub; ++i) {
      sum += light(cv::Point2d(x + (i + 0.5) / kSub - 0.5, y + (j + 0.5) / kSub - 0.5));
    }
  }
  image.at<float>(y, x) += static_cast<float>(sum / (kSub * kSub));
}

void DrawSpot(const GridScene& scene, cv::Point2d at, cv::Mat& image) {
  const double reach =
      kReach * scene.sigma_px + (scene.pattern == GridPattern::kRings ? scene.radius_px : 0.0);
  const int left = std::max(0, static_cast<int>(std::floor(at.x - reach)));
  const int right = std::min(scene.columns - 1, static_cast<int>(std::ceil(at.x + reach)));
  const int top = std::max(0, static_cast<int>(std::floor(at.y - reach)));
  const int bottom = std::min(scene.rows - 1, static_cast<int>(std::ceil(at.y + reach)));
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      AddPixel(image, x, y, [&](cv::Point2d p) { return Profile(scene, cv::norm(p - at)); });
    }
  }
}

/// Distance from the next line, in px of the artefact's own scale.
double LineLight(const GridScene& scene, double place_um, double offset_um) {
  const double away = std::remainder(place_um - offset_um, scene.pitch_um);
  return Profile(scene, std::abs(away) / std::sqrt(scene.pixel_size_x_um * scene.pixel_size_y_um));
}

void DrawLines(const GridScene& scene, cv::Mat& image) {
  const cv::Matx22d map = ObjectMap(scene);
  for (int y = 0; y < scene.rows; ++y) {
    for (int x = 0; x < scene.columns; ++x) {
      AddPixel(image, x, y, [&](cv::Point2d p) {
        const cv::Point2d object = map * Undistorted(scene, p);
        const double first = LineLight(scene, object.x, scene.offset_x_um);
        if (scene.pattern == GridPattern::kLines) return first;
        // Where lines cross the brighter one shows: chrome on glass does not add up.
        const double second = LineLight(scene, object.y, scene.offset_y_um);
        return std::abs(first) > std::abs(second) ? first : second;
      });
    }
  }
}

void DrawSpots(const GridScene& scene, cv::Mat& image) {
  Random random(scene.seed + 4711);
  const double reach =
      0.75 * std::hypot(scene.columns * scene.pixel_size_x_um, scene.rows * scene.pixel_size_y_um);
  const int count = static_cast<int>(std::ceil(reach / scene.pitch_um)) + 1;
  for (int j = -count; j <= count; ++j) {
    for (int i = -count; i <= count; ++i) {
      const bool there = random.Uniform() >= scene.missing_share;
      const cv::Point2d jitter(scene.jitter_um * random.Normal(),
                               scene.jitter_um * random.Normal());
      const cv::Point2d at = SeenAt(scene, cv::Point2d(scene.offset_x_um + i * scene.pitch_um,
                                                       scene.offset_y_um + j * scene.pitch_um) +
                                               jitter);
      if (there && at.x > -50 && at.y > -50 && at.x < scene.columns + 50 &&
          at.y < scene.rows + 50) {
        DrawSpot(scene, at, image);
      }
    }
  }
}

}  // namespace

cv::Point2d SeenAt(const GridScene& scene, cv::Point2d object_um) {
  const cv::Vec2d d = ObjectMap(scene).inv() * cv::Vec2d(object_um.x, object_um.y);
  const cv::Point2d c = CentreOf(scene);
  const double r = std::hypot(d[0], d[1]) / std::hypot(c.x, c.y);
  const double stretch = 1.0 + scene.radial * r * r;
  return {c.x + stretch * d[0], c.y + stretch * d[1]};
}

cv::Mat RenderExpectedGrid(const GridScene& scene) {
  cv::Mat image(scene.rows, scene.columns, CV_32F, cv::Scalar(scene.background_e));
  if (scene.pattern == GridPattern::kDots || scene.pattern == GridPattern::kRings) {
    DrawSpots(scene, image);
  } else {
    DrawLines(scene, image);
  }
  return image;
}

cv::Mat RenderGrid(const GridScene& scene) {
  Random random(scene.seed);
  return Expose(RenderExpectedGrid(scene), scene.camera, random);
}

}  // namespace monitor::simulation
