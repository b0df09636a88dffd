#include "qc_metrics/psf_bead_fit.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kSigmaPerHalfWidth = 1.0 / 1.1774100225154747;
constexpr double kCoreRadius = 1.8;
constexpr double kFullRadius = 4.0;
constexpr double kHotResidual = 7.0;  // in standard deviations of one voxel
constexpr double kQuietNeighbour = 3.0;
constexpr int kMaxHotColumns = 2;

/// Median of voxels on a lateral circle of 4.5 sigma, in the bead's slice and 2 sigma off it.
double LocalBackground(const FitContext& context, const Candidate& candidate) {
  std::vector<float> values;
  const auto& v = candidate.voxel;
  const auto& h = candidate.half_width_px;
  const cv::Mat& plane = context.stack.planes.front();
  const int planes = static_cast<int>(context.stack.planes.size());
  for (int k = -1; k <= 1; ++k) {
    const int z =
        std::clamp(v[2] + static_cast<int>(k * 2.0 * h[2] * kSigmaPerHalfWidth), 0, planes - 1);
    for (int i = 0; i < 16; ++i) {
      const double angle = 2.0 * CV_PI * i / 16.0;
      const int x = v[0] + cvRound(4.5 * kSigmaPerHalfWidth * h[0] * std::cos(angle));
      const int y = v[1] + cvRound(4.5 * kSigmaPerHalfWidth * h[1] * std::sin(angle));
      if (x >= 0 && y >= 0 && x < plane.cols && y < plane.rows) {
        values.push_back(VoxelAt(context.stack, x, y, z));
      }
    }
  }
  if (values.size() < 8) {
    return context.background.level_adu;
  }
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return static_cast<double>(values[values.size() / 2]);
}

Parameters StartOf(const FitContext& context, const Candidate& candidate) {
  const double background = LocalBackground(context, candidate);
  Shape shape{};
  std::array<double, 3> centre{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double sigma = std::max(0.5, candidate.half_width_px[i] * kSigmaPerHalfWidth);
    shape[i] = sigma * sigma;
    centre[i] = candidate.voxel[i];
  }
  const double top = candidate.height_adu + context.background.level_adu - background;
  return MakeParameters(centre, shape, std::max(0.9 * top, 1e-6), background, candidate.voxel);
}

/// Window about the present state of a fit.
std::optional<Window> WindowOf(const Stack& stack, const Parameters& theta,
                               const std::array<int, 3>& origin, double radius) {
  const Eigen::Vector3d c = Centre(theta);
  // A centre that runs out of the stack ends as an empty window, not as an overflow.
  if (!c.allFinite() || c.cwiseAbs().maxCoeff() > 1e4) {
    return std::nullopt;
  }
  return EllipsoidWindow(stack, {origin[0] + c[0], origin[1] + c[1], origin[2] + c[2]},
                         ToShape(Precision(theta).inverse()), radius);
}

/// Place of the worst voxel whose lateral neighbours are quiet, if it is bad enough.
std::optional<std::pair<int, int>> HotColumn(const FitContext& context, const FittedBead& bead) {
  const std::vector<double> model = ModelValues(bead.window, bead.fit.theta, context.box);
  const auto deviation = [&](int x, int y, int z) {
    const auto& o = bead.window.origin;
    const cv::Mat& plane = context.stack.planes.front();
    const int px = std::clamp(x + o[0], 0, plane.cols - 1);
    const int py = std::clamp(y + o[1], 0, plane.rows - 1);
    const double mean = ModelAt(bead.fit.theta, context.box, px - o[0], py - o[1], z);
    return (static_cast<double>(VoxelAt(context.stack, px, py, z + o[2])) - mean) /
           std::sqrt(VarianceAt(context.noise, mean));
  };
  double worst = kHotResidual;
  std::array<int, 3> at{};
  for (const WindowRow& row : bead.window.rows) {
    for (int i = 0; i < row.count; ++i) {
      const std::size_t k = row.offset + static_cast<std::size_t>(i);
      const double d = (static_cast<double>(bead.window.values[k]) - model[k]) /
                       std::sqrt(VarianceAt(context.noise, model[k]));
      if (d > worst) {
        worst = d;
        at = {row.x + i, row.y, row.z};
      }
    }
  }
  if (worst <= kHotResidual) {
    return std::nullopt;
  }
  const double around =
      0.25 * (deviation(at[0] - 1, at[1], at[2]) + deviation(at[0] + 1, at[1], at[2]) +
              deviation(at[0], at[1] - 1, at[2]) + deviation(at[0], at[1] + 1, at[2]));
  if (around > kQuietNeighbour || around > 0.2 * worst) {
    return std::nullopt;
  }
  return std::pair{at[0], at[1]};
}

}  // namespace

PixelBox BoxOf(const PsfSettings& settings) {
  const auto modality = settings.optics.modality;
  if (modality == Modality::kConfocal || modality == Modality::kTwoPhoton) {
    return settings.scan_axis == ScanAxis::kX ? PixelBox{1.0, 0.0} : PixelBox{0.0, 1.0};
  }
  return {1.0, 1.0};
}

std::optional<FittedBead> FitBead(const FitContext& context, const Candidate& candidate) {
  const std::array<int, 3>& origin = candidate.voxel;
  Parameters theta = StartOf(context, candidate);
  for (const FitLimits& limits : {FitLimits{5, 0.5}, FitLimits{5, 0.1}}) {
    const auto window = WindowOf(context.stack, theta, origin, kCoreRadius);
    if (!window || window->voxels < 11) {
      return std::nullopt;
    }
    theta = MoveOrigin(theta, origin, window->origin);
    const GaussianFit core =
        FitGaussian(*window, theta, context.noise, context.box, Free::kLightOnly, limits);
    if (core.steps == 0 && !core.converged) {
      return std::nullopt;
    }
    theta = MoveOrigin(core.theta, window->origin, origin);
  }
  const auto window = WindowOf(context.stack, theta, origin, kFullRadius);
  if (!window) {
    return std::nullopt;
  }
  FittedBead bead{*window, {}, theta, origin, {}};
  bead.fit.theta = MoveOrigin(theta, origin, window->origin);
  Refit(context, bead);
  for (int i = 0; i < kMaxHotColumns && bead.fit.converged; ++i) {
    const auto hot = HotColumn(context, bead);
    if (!hot) {
      break;
    }
    RemoveColumn(bead.window, hot->first, hot->second);
    bead.hot_columns.push_back(
        {hot->first + bead.window.origin[0], hot->second + bead.window.origin[1]});
    Refit(context, bead);
  }
  return bead.fit.converged ? std::optional(std::move(bead)) : std::nullopt;
}

void Refit(const FitContext& context, FittedBead& bead) {
  const Parameters start = bead.fit.theta;
  bead.fit = FitGaussian(bead.window, start, context.noise, context.box, Free::kLightAndBackground,
                         FitLimits{30, 1e-5});
}

}  // namespace qc_metrics
