#include "monitor/simulation/bead_stack.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "monitor/simulation/optical_painter.h"

namespace monitor::simulation {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;
constexpr double kReach = 6.5;  // sigmas that are drawn; beyond, less than 1e-9 of the peak

using Matrix = cv::Matx33d;

/// Half-open range of whole pixels within `reach` of `centre` and inside [0, size).
struct Range {
  int begin, end;
};

Range Around(double centre, double reach, int size) {
  const double low = std::clamp(std::floor(centre - reach), 0.0, static_cast<double>(size));
  const double high = std::clamp(std::ceil(centre + reach) + 1.0, low, static_cast<double>(size));
  return {static_cast<int>(low), static_cast<int>(high)};
}

/// Nodes and weights of 6-point Gauss-Legendre quadrature on [-1/2, 1/2].
constexpr std::array<double, 6> kNodes = {-0.4662347571015760, -0.3306046932331323,
                                          -0.1193095930415985, 0.1193095930415985,
                                          0.3306046932331323,  0.4662347571015760};
constexpr std::array<double, 6> kWeights = {0.0856622461895852, 0.1803807865240693,
                                            0.2339569672863455, 0.2339569672863455,
                                            0.1803807865240693, 0.0856622461895852};

/// One bead in voxel units, ready to be drawn row by row.
class BeadPainter {
 public:
  BeadPainter(const SimulatedBead& bead, const BeadScene& scene) : bead_(bead), scene_(scene) {
    const auto& v = scene.voxel_um;
    const Covariance& c = bead.covariance_um2;
    covariance_ = Matrix(c.xx / (v[0] * v[0]), c.xy / (v[0] * v[1]), c.xz / (v[0] * v[2]),
                         c.xy / (v[0] * v[1]), c.yy / (v[1] * v[1]), c.yz / (v[1] * v[2]),
                         c.xz / (v[0] * v[2]), c.yz / (v[1] * v[2]), c.zz / (v[2] * v[2]));
    precision_ = covariance_.inv(cv::DECOMP_CHOLESKY);
  }

  void Paint(cv::Mat& plane, int k) const {
    const double dz = k - bead_.centre_px[2];
    if (std::abs(dz) > Reach(2)) {
      return;
    }
    const Range y = Around(bead_.centre_px[1], Reach(1), scene_.rows);
    for (int j = y.begin; j < y.end; ++j) {
      PaintRow(plane.ptr<float>(j), j - bead_.centre_px[1], dz);
    }
  }

 private:
  [[nodiscard]] double Reach(int axis) const { return kReach * std::sqrt(covariance_(axis, axis)); }

  void PaintRow(float* row, double dy, double dz) const {
    if (scene_.pixel_area == PixelArea::kDwellAlongX) {
      PaintLine(row, dy, dz, 1.0);
      return;
    }
    for (std::size_t node = 0; node < kNodes.size(); ++node) {
      PaintLine(row, dy + kNodes[node], dz, kWeights[node]);
    }
  }

  /// Adds the light of one infinitely thin line y = dy, averaged over each pixel in x if it is.
  void PaintLine(float* row, double dy, double dz, double weight) const {
    const double pxx = precision_(0, 0);
    const double shift = -(precision_(0, 1) * dy + precision_(0, 2) * dz) / pxx;
    const double rest = precision_(1, 1) * dy * dy + 2.0 * precision_(1, 2) * dy * dz +
                        precision_(2, 2) * dz * dz - pxx * shift * shift;
    const double height = weight * bead_.peak_e * std::exp(-0.5 * rest);
    const Range x = Around(bead_.centre_px[0] + shift, kReach / std::sqrt(pxx), scene_.columns);
    const double centre = bead_.centre_px[0] + shift;
    if (scene_.pixel_area == PixelArea::kDwellAlongY) {
      for (int i = x.begin; i < x.end; ++i) {
        row[i] += static_cast<float>(height * std::exp(-0.5 * pxx * (i - centre) * (i - centre)));
      }
      return;
    }
    const double scale = std::sqrt(0.5 * pxx);
    const double area = height * std::sqrt(std::numbers::pi) / (2.0 * scale);
    double left = std::erf(scale * (x.begin - 0.5 - centre));
    for (int i = x.begin; i < x.end; ++i) {
      const double right = std::erf(scale * (i + 0.5 - centre));
      row[i] += static_cast<float>(area * (right - left));
      left = right;
    }
  }

  const SimulatedBead& bead_;
  const BeadScene& scene_;
  Matrix covariance_;
  Matrix precision_;
};

cv::Mat Background(const BeadScene& scene, int plane) {
  cv::Mat image(scene.rows, scene.columns, CV_32F);
  const auto& slope = scene.background_slope_e_per_px;
  const double level = scene.background_e + slope[2] * (plane - 0.5 * (scene.planes - 1));
  for (int y = 0; y < scene.rows; ++y) {
    float* row = image.ptr<float>(y);
    for (int x = 0; x < scene.columns; ++x) {
      row[x] = static_cast<float>(level + slope[0] * (x - 0.5 * (scene.columns - 1)) +
                                  slope[1] * (y - 0.5 * (scene.rows - 1)));
    }
  }
  for (const HotPixel& hot : scene.hot_pixels) {
    image.at<float>(hot.y, hot.x) += static_cast<float>(hot.extra_e);
  }
  return image;
}

}  // namespace

Covariance EllipsoidCovariance(const std::array<double, 3>& fwhm_um, double rotation_deg,
                               double tilt_deg) {
  const double r = rotation_deg * std::numbers::pi / 180.0;
  const double t = tilt_deg * std::numbers::pi / 180.0;
  const Matrix lean(std::cos(t), 0.0, std::sin(t), 0.0, 1.0, 0.0, -std::sin(t), 0.0, std::cos(t));
  const Matrix turn(std::cos(r), -std::sin(r), 0.0, std::sin(r), std::cos(r), 0.0, 0.0, 0.0, 1.0);
  Matrix own = Matrix::zeros();
  for (int axis = 0; axis < 3; ++axis) {
    const double sigma = fwhm_um[static_cast<std::size_t>(axis)] / kFwhmPerSigma;
    own(axis, axis) = sigma * sigma;
  }
  const Matrix c = turn * lean * own * lean.t() * turn.t();
  return {c(0, 0), c(1, 1), c(2, 2), c(0, 1), c(0, 2), c(1, 2)};
}

std::vector<std::array<double, 3>> ScatterCentres(const BeadScene& scene, int count,
                                                  double separation_px, double margin_px,
                                                  double margin_slices, Random& random) {
  std::vector<std::array<double, 3>> centres;
  for (int attempt = 0; attempt < 1000 * count && std::ssize(centres) < count; ++attempt) {
    const double x = random.Uniform(margin_px, scene.columns - 1 - margin_px);
    const double y = random.Uniform(margin_px, scene.rows - 1 - margin_px);
    const double z = random.Uniform(margin_slices, scene.planes - 1 - margin_slices);
    const bool free = std::all_of(centres.begin(), centres.end(), [&](const auto& other) {
      return std::hypot(x - other[0], y - other[1]) >= separation_px;
    });
    if (free) {
      centres.push_back({x, y, z});
    }
  }
  return centres;
}

cv::Mat RenderExpectedPlane(const BeadScene& scene, int plane) {
  cv::Mat image = Background(scene, plane);
  for (const SimulatedBead& bead : scene.beads) {
    if (bead.shape) {
      PaintOpticalBead(bead, scene, plane, image);
    } else {
      BeadPainter(bead, scene).Paint(image, plane);
    }
  }
  return image;
}

std::vector<cv::Mat> RenderBeadStack(const BeadScene& scene) {
  Random random(scene.seed);
  std::vector<cv::Mat> planes;
  for (int k = 0; k < scene.planes; ++k) {
    planes.push_back(Expose(RenderExpectedPlane(scene, k), scene.camera, random));
  }
  return planes;
}

}  // namespace monitor::simulation
