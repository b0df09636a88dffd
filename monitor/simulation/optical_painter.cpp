#include "monitor/simulation/optical_painter.h"

#include <algorithm>
#include <cmath>

#include "monitor/simulation/optical_shape.h"
#include "monitor/simulation/radial_operator.h"

namespace monitor::simulation {
namespace {

constexpr int kFiner = 8;  // grid steps of the fast profile in one of the table

/// The harmonics of one plane on a grid fine enough for linear interpolation.
class FineProfile {
 public:
  explicit FineProfile(const RadialPlane& plane) : step_um_(plane.step_um / kFiner) {
    for (std::size_t q = 0; q < plane.re.size(); ++q) {
      re_.push_back(Refined(plane.re[q], static_cast<int>(q)));
      im_.push_back(Refined(plane.im[q], static_cast<int>(q)));
    }
  }

  [[nodiscard]] double At(double x, double y) const {
    const double r = std::sqrt(x * x + y * y);
    const double place = r / step_um_;
    const auto index = static_cast<std::size_t>(place);
    if (index + 1 >= re_[0].size()) return 0.0;
    const double t = place - static_cast<double>(index);
    double sum = re_[0][index] + t * (re_[0][index + 1] - re_[0][index]);
    if (re_.size() == 1) return sum;
    const double c = r > 0.0 ? x / r : 1.0, s = r > 0.0 ? y / r : 0.0;
    double cq = c, sq = s;
    for (std::size_t q = 1; q < re_.size(); ++q) {
      const double real = re_[q][index] + t * (re_[q][index + 1] - re_[q][index]);
      const double imaginary = im_[q][index] + t * (im_[q][index + 1] - im_[q][index]);
      sum += 2.0 * (real * cq - imaginary * sq);
      const double turned = cq * c - sq * s;
      sq = cq * s + sq * c;
      cq = turned;
    }
    return sum;
  }

 private:
  static std::vector<double> Refined(const std::vector<double>& coarse, int q) {
    std::vector<double> fine;
    fine.reserve(coarse.size() * kFiner);
    for (std::size_t i = 0; i + 4 < coarse.size(); ++i) {
      for (int part = 0; part < kFiner; ++part) {
        const Taps taps = LagrangeTaps(static_cast<double>(i) + static_cast<double>(part) / kFiner);
        double sum = 0.0;
        for (std::size_t t = 0; t < taps.index.size(); ++t) {
          const int at = taps.index[t];
          const double sign = at < 0 && q % 2 == 1 ? -1.0 : 1.0;
          sum += sign * taps.weight[t] * coarse[static_cast<std::size_t>(std::abs(at))];
        }
        fine.push_back(sum);
      }
    }
    return fine;
  }

  double step_um_;
  std::vector<std::vector<double>> re_, im_;
};

/// Nodes on one side of a pixel, in pixels; a sample where nothing is averaged.
Quadrature Side(bool averaged, double pixel_um, double period_um) {
  if (!averaged) return {{0.0}, {1.0}};
  Quadrature rule = GaussLegendre(1 + static_cast<int>(std::ceil(4.0 * pixel_um / period_um)));
  for (double& node : rule.node) node *= 0.5;
  for (double& weight : rule.weight) weight *= 0.5;
  return rule;
}

}  // namespace

void PaintOpticalBead(const SimulatedBead& bead, const BeadScene& scene, int plane,
                      cv::Mat& image) {
  const OpticalShape& shape = *bead.shape;
  const double z = (plane - bead.centre_px[2]) * scene.voxel_um[2] / bead.axial_scale;
  const double reach = shape.ReachAt(z);
  if (reach <= 0.0) return;
  const FineProfile profile(shape.PlaneAt(z));
  const auto& top = shape.Truth().maximum_um;
  const double px = scene.voxel_um[0] / bead.lateral_scale;
  const double py = scene.voxel_um[1] / bead.lateral_scale;
  const Quadrature across = Side(scene.pixel_area != PixelArea::kDwellAlongY, px, shape.PeriodUm());
  const Quadrature down = Side(scene.pixel_area != PixelArea::kDwellAlongX, py, shape.PeriodUm());
  const double cx = bead.centre_px[0], cy = bead.centre_px[1];
  const int first = std::max(0, static_cast<int>(std::ceil(cy - reach / py)));
  const int last = std::min(scene.rows - 1, static_cast<int>(std::floor(cy + reach / py)));
  for (int j = first; j <= last; ++j) {
    const double rest = reach * reach - std::pow((j - cy) * py, 2);
    if (rest <= 0.0) continue;
    const double half = std::sqrt(rest) / px;
    const int left = std::max(0, static_cast<int>(std::ceil(cx - half)));
    const int right = std::min(scene.columns - 1, static_cast<int>(std::floor(cx + half)));
    float* row = image.ptr<float>(j);
    for (int i = left; i <= right; ++i) {
      double sum = 0.0;
      for (std::size_t v = 0; v < down.node.size(); ++v) {
        const double y = (j - cy + down.node[v]) * py + top[1];
        for (std::size_t u = 0; u < across.node.size(); ++u) {
          sum += down.weight[v] * across.weight[u] *
                 profile.At((i - cx + across.node[u]) * px + top[0], y);
        }
      }
      row[i] += static_cast<float>(bead.peak_e * sum);
    }
  }
}

}  // namespace monitor::simulation
