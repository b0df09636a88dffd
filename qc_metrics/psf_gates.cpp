#include "qc_metrics/psf_gates.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kSigmaPerHalfWidth = 1.0 / 1.1774100225154747;
constexpr double kEdgeFwhm = 1.25;       // distance of a centre from the lateral border, in FWHM
constexpr double kZEdgeFwhm = 1.0;       // and from the first and last slice
constexpr double kCloseSigmas = 7.0;     // windows of 4 sigma, and 3 sigma of the neighbour's light
constexpr double kFaintFraction = 0.05;  // a neighbour fainter than this does not disturb
constexpr double kDoubletElongation = 1.10;
constexpr std::size_t kBeadsForKurtosis = 15;
constexpr std::size_t kFieldBeads = 3;  // fewer say nothing of what is usual
constexpr double kLargeFactor = 2.5;
constexpr double kLargeTheory = 6.0;

std::array<int, 3> SizeOf(const Stack& stack) {
  return {stack.planes.front().cols, stack.planes.front().rows,
          static_cast<int>(stack.planes.size())};
}

bool NearBorder(double at, int size, double distance) {
  return at < distance || at > size - 1 - distance;
}

/// A saturated voxel within a full width of the centre that is not alone in its plane.
bool IsSaturated(const Stack& stack, const Candidate& c, double level) {
  const auto size = SizeOf(stack);
  std::array<int, 3> low{};
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int reach = std::max(1, static_cast<int>(std::ceil(2.0 * c.half_width_px[i])));
    low[i] = std::max(0, c.voxel[i] - reach);
    high[i] = std::min(size[i] - 1, c.voxel[i] + reach);
  }
  const auto value = [&](int x, int y, int z) {
    const bool inside = x >= 0 && y >= 0 && x < size[0] && y < size[1];
    return inside ? static_cast<double>(VoxelAt(stack, x, y, z)) : 0.0;
  };
  for (int z = low[2]; z <= high[2]; ++z) {
    for (int y = low[1]; y <= high[1]; ++y) {
      for (int x = low[0]; x <= high[0]; ++x) {
        if (value(x, y, z) >= level &&
            std::max({value(x - 1, y, z), value(x + 1, y, z), value(x, y - 1, z),
                      value(x, y + 1, z)}) > 0.4 * level) {
          return true;
        }
      }
    }
  }
  return false;
}

std::optional<RejectReason> GateCandidate(const FitContext& context, const PsfSettings& settings,
                                          std::optional<double> saturation_adu,
                                          const Candidate& c) {
  const auto size = SizeOf(context.stack);
  const auto& h = c.half_width_px;
  const double sd = std::max(context.background.sd_adu, std::sqrt(context.noise.floor));
  if (c.hot_pixel) return RejectReason::kHotPixel;
  for (std::size_t i = 0; i < 2; ++i) {
    const double reach = h[i] > 0.0 ? 2.0 * kEdgeFwhm * h[i] : 3.0;
    if (NearBorder(c.voxel[i], size[i], reach)) return RejectReason::kEdge;
  }
  if (saturation_adu && IsSaturated(context.stack, c, *saturation_adu)) {
    return RejectReason::kSaturated;
  }
  if (c.height_adu < settings.min_snr * sd) return RejectReason::kLowSnr;
  if (h[0] <= 0.0 || h[1] <= 0.0) return RejectReason::kTooLarge;
  if (h[2] <= 0.0 || NearBorder(c.voxel[2], size[2], 2.0 * kZEdgeFwhm * h[2])) {
    return RejectReason::kZEdge;
  }
  return std::nullopt;
}

/// Distance in units of the mean of both beads' widths along each axis.
double Separation(const Candidate& a, const Candidate& b) {
  double square = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double wa = a.half_width_px[i] > 0.0 ? a.half_width_px[i] : b.half_width_px[i];
    const double wb = b.half_width_px[i] > 0.0 ? b.half_width_px[i] : a.half_width_px[i];
    const double sigma = std::max(0.5, 0.5 * (wa + wb)) * kSigmaPerHalfWidth;
    square += (a.voxel[i] - b.voxel[i]) * (a.voxel[i] - b.voxel[i]) / (sigma * sigma);
  }
  return std::sqrt(square);
}

void MarkClosePairs(std::vector<BeadWork>& work) {
  std::vector<bool> close(work.size(), false);
  for (std::size_t i = 0; i < work.size(); ++i) {
    for (std::size_t j = i + 1; j < work.size(); ++j) {
      const Candidate& a = work[i].candidate;
      const Candidate& b = work[j].candidate;
      if (a.hot_pixel || b.hot_pixel || Separation(a, b) > kCloseSigmas) {
        continue;
      }
      close[i] = close[i] || b.height_adu > kFaintFraction * a.height_adu;
      close[j] = close[j] || a.height_adu > kFaintFraction * b.height_adu;
    }
  }
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (close[i] && !work[i].bead.rejected) {
      work[i].bead.rejected = RejectReason::kTooClose;
    }
  }
}

double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

/// Widths of the beads that are still in, to compare one with the others.
struct FieldWidths {
  std::size_t beads = 0;
  double major_um = 0.0;
  double z_um = 0.0;
};

FieldWidths WidthsOf(const std::vector<BeadWork>& work) {
  std::vector<double> major;
  std::vector<double> z;
  for (const BeadWork& one : work) {
    if (!one.bead.rejected) {
      major.push_back(one.bead.gaussian->major_um.value);
      z.push_back(one.bead.gaussian->fwhm_um[2].value);
    }
  }
  return major.empty() ? FieldWidths{} : FieldWidths{major.size(), MedianOf(major), MedianOf(z)};
}

/// The long lateral axis in voxel units.
Eigen::Vector3d LongLateralAxis(const GaussianBead& bead) {
  const Eigen::Matrix2d lateral = ToMatrix(bead.shape_px2).topLeftCorner<2, 2>();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(lateral);
  return {solver.eigenvectors()(0, 1), solver.eigenvectors()(1, 1), 0.0};
}

/// The two directions along which a bead may be two.
std::array<Eigen::Vector3d, 2> Directions(const GaussianBead& bead) {
  return {LongLateralAxis(bead), Eigen::Vector3d(0.0, 0.0, 1.0)};
}

/// Median excess kurtosis of the field's beads: what its light has without being double.
std::array<double, 2> FieldKurtosis(const FitContext& context, const std::vector<BeadWork>& work) {
  std::array<std::vector<double>, 2> all;
  for (const BeadWork& one : work) {
    if (one.bead.rejected || all[0].size() >= kBeadsForKurtosis) continue;
    const auto directions = Directions(*one.bead.gaussian);
    for (std::size_t i = 0; i < 2; ++i) {
      all[i].push_back(
          ExcessKurtosis(*one.fitted, context.noise, context.box, directions[i]).value);
    }
  }
  return all[0].empty() ? std::array<double, 2>{}
                        : std::array<double, 2>{MedianOf(all[0]), MedianOf(all[1])};
}

/// Whether a bead is two along a direction, given how much longer it is there than its field.
bool IsDouble(const Estimate& kurtosis, double usual, double elongation) {
  const double own = kurtosis.value - usual;
  const double share = 1.0 - 1.0 / (elongation * elongation);
  return elongation > kDoubletElongation && own < 0.4 * -2.0 * share * share &&
         own < -2.5 * kurtosis.u;
}

}  // namespace

void GateCandidates(const FitContext& context, const PsfSettings& settings,
                    std::optional<double> saturation_adu, std::vector<BeadWork>& work) {
  for (BeadWork& one : work) {
    one.bead.rejected = GateCandidate(context, settings, saturation_adu, one.candidate);
  }
  MarkClosePairs(work);
}

void GateFit(const FitContext& context, const PsfSettings& settings, BeadWork& work) {
  PsfBead& bead = work.bead;
  bead.gaussian.reset();
  if (work.fitted) {
    bead.gaussian = DescribeFit(work.fitted->fit, work.fitted->window, context.noise, context.box,
                                context.voxel_um);
  }
  if (!bead.gaussian) {
    bead.rejected = RejectReason::kFitFailed;
    return;
  }
  const GaussianBead& g = *bead.gaussian;
  const auto size = SizeOf(context.stack);
  for (std::size_t i = 0; i < 3; ++i) {
    bead.position_px[i] = g.centre_px[i].value;
    const double fwhm_px = g.fwhm_um[i].value / context.voxel_um[i];
    const double reach = (i == 2 ? kZEdgeFwhm : kEdgeFwhm) * fwhm_px;
    if (NearBorder(bead.position_px[i], size[i], reach) && !bead.rejected) {
      bead.rejected = i == 2 ? RejectReason::kZEdge : RejectReason::kEdge;
    }
  }
  const double sd = std::max(context.background.sd_adu, std::sqrt(context.noise.floor));
  bead.snr = g.amplitude_adu / sd;
  if (bead.rejected) return;
  if (bead.snr < settings.min_snr) {
    bead.rejected = RejectReason::kLowSnr;
  } else if (g.structure_r2 < settings.min_r2) {
    bead.rejected = RejectReason::kLowR2;
  }
  for (const Comparator& c : Comparators(settings.optics)) {
    if (settings.optics.modality && g.lateral_um.value > kLargeTheory * c.lateral_um) {
      bead.rejected = RejectReason::kTooLarge;
    }
  }
}

void GateAgainstField(const FitContext& context, std::vector<BeadWork>& work) {
  const FieldWidths field = WidthsOf(work);
  if (field.beads < kFieldBeads) {
    return;
  }
  std::optional<std::array<double, 2>> usual;
  for (BeadWork& one : work) {
    if (one.bead.rejected) {
      continue;
    }
    const GaussianBead& g = *one.bead.gaussian;
    const std::array<double, 2> elongation = {g.major_um.value / field.major_um,
                                              g.fwhm_um[2].value / field.z_um};
    const auto directions = Directions(g);
    for (std::size_t i = 0; i < 2; ++i) {
      if (elongation[i] < kDoubletElongation) continue;
      if (!usual) usual = FieldKurtosis(context, work);
      const Estimate k = ExcessKurtosis(*one.fitted, context.noise, context.box, directions[i]);
      if (IsDouble(k, (*usual)[i], elongation[i])) {
        one.bead.rejected = RejectReason::kDoublet;
      }
    }
    if (!one.bead.rejected && elongation[0] > kLargeFactor) {
      one.bead.rejected = RejectReason::kTooLarge;
    }
  }
}

}  // namespace qc_metrics
