#include "qc_metrics/psf_gates.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kSigmaPerHalfWidth = 1.0 / 1.1774100225154747;
constexpr double kEdgeFwhm = 1.25;       // distance of a centre from the lateral border, in FWHM
constexpr double kZEdgeFwhm = 1.0;       // and from the first and last slice
constexpr double kCloseSigmas = 7.0;     // windows of 4 sigma, and 3 sigma of the neighbour's light
constexpr double kFaintFraction = 0.05;  // a neighbour fainter than this does not disturb
constexpr double kDoubletElongation = 1.08;
constexpr double kPartOfPair = 0.4;  // of a pair's cumulants, to pass for one
constexpr double kThirdDeviations = 4.0;
constexpr double kFourthDeviations = 3.0;
constexpr double kUnlike = 1.5;       // chi2 per degree of freedom
constexpr double kUnlikeUsual = 5.0;  // times the usual bead's excess over 1, at its brightness
constexpr double kUnlikeElectron = 2.5e-4;  // misfit that moves widths by less than 1 %
constexpr std::ptrdiff_t kNeighbours = 4;
constexpr std::ptrdiff_t kDoubleNeighbours = 3;
constexpr std::ptrdiff_t kUnlikeNeighbours = 2;
constexpr std::size_t kBeadsForCumulants = 7;
constexpr double kVarianceOfMedian = 1.57;  // over a mean's
constexpr std::size_t kFieldBeads = 3;      // fewer say nothing of what is usual
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

/// Sweeps over the field along x: only beads within the reach of the widest can be close.
void MarkClosePairs(std::vector<BeadWork>& work) {
  std::vector<std::size_t> order(work.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto x_of = [&](std::size_t i) { return work[i].candidate.voxel[0]; };
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return x_of(i) < x_of(j); });
  double widest = 0.5;
  for (const BeadWork& one : work) widest = std::max(widest, one.candidate.half_width_px[0]);
  const double reach = 1.0 + kCloseSigmas * widest * kSigmaPerHalfWidth;
  std::vector<bool> close(work.size(), false);
  for (auto i = order.begin(); i != order.end(); ++i) {
    for (auto j = i + 1; j != order.end() && x_of(*j) - x_of(*i) <= reach; ++j) {
      const Candidate& a = work[*i].candidate;
      const Candidate& b = work[*j].candidate;
      if (a.hot_pixel || b.hot_pixel || Separation(a, b) > kCloseSigmas) {
        continue;
      }
      close[*i] = close[*i] || b.height_adu > kFaintFraction * a.height_adu;
      close[*j] = close[*j] || a.height_adu > kFaintFraction * b.height_adu;
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

/// What the beads that are still in have in common, to compare one with the others.
struct UsualBead {
  std::size_t beads = 0;
  double major_um = 0.0;
  Eigen::Matrix3d root;     ///< of the median covariance, voxels
  Eigen::Matrix3d inverse;  ///< of that root
  double excess = 0.0;      ///< median of (chi2 per degree of freedom - 1) / amplitude
};

UsualBead UsualOf(const std::vector<BeadWork>& work) {
  std::vector<double> major;
  std::vector<double> excess;
  std::array<std::vector<double>, 6> shape;
  for (const BeadWork& one : work) {
    if (one.bead.rejected) continue;
    const GaussianBead& g = *one.bead.gaussian;
    major.push_back(g.major_um.value);
    excess.push_back((g.chi2_per_dof - 1.0) / g.amplitude_adu);
    for (std::size_t i = 0; i < 6; ++i) shape[i].push_back(g.shape_px2[i]);
  }
  UsualBead out;
  out.beads = major.size();
  if (out.beads < kFieldBeads) return out;
  Shape median{};
  for (std::size_t i = 0; i < 6; ++i) median[i] = MedianOf(shape[i]);
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(ToMatrix(median));
  out.root = solver.operatorSqrt();
  out.inverse = solver.operatorInverseSqrt();
  out.major_um = MedianOf(major);
  out.excess = std::max(0.0, MedianOf(std::move(excess)));
  return out;
}

/// How a bead's light is stretched against the usual bead: along which direction, in voxels, most,
/// and by which factor of the width.
struct Stretch {
  Eigen::Vector3d direction = Eigen::Vector3d::Zero();
  double factor = 1.0;
};

Stretch StretchOf(const GaussianBead& bead, const UsualBead& usual) {
  const Eigen::Matrix3d relative = usual.inverse * ToMatrix(bead.shape_px2) * usual.inverse;
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(relative);
  return {usual.root * solver.eigenvectors().col(2), std::sqrt(solver.eigenvalues()[2])};
}

/// Median cumulants along a direction of beads that are not stretched: what the field's light has
/// without being two.
struct UsualCumulants {
  double third = 0.0, fourth = 0.0;
  double wider = 1.0;  ///< by which a difference from them scatters more than one bead does
};

UsualCumulants UsualAlong(const FitContext& context, const std::vector<BeadWork>& work,
                          const std::vector<Stretch>& stretches, const Eigen::Vector3d& direction) {
  std::vector<double> third;
  std::vector<double> fourth;
  for (std::size_t i = 0; i < work.size() && third.size() < kBeadsForCumulants; ++i) {
    if (work[i].bead.rejected || stretches[i].factor > kDoubletElongation) continue;
    const Cumulants c = LeftOver(*work[i].fitted, context.noise, context.box, direction);
    third.push_back(c.third.value);
    fourth.push_back(c.fourth.value);
  }
  if (third.empty()) return {};
  const double wider = std::sqrt(1.0 + kVarianceOfMedian / static_cast<double>(third.size()));
  return {MedianOf(std::move(third)), MedianOf(std::move(fourth)), wider};
}

/// Whether a bead that is longer than its field along a direction is two: equal ones leave a
/// negative fourth cumulant, unequal ones a third, without the long tail that makes coma's.
bool IsDouble(const Cumulants& found, const UsualCumulants& usual, double factor) {
  const double third = std::abs(found.third.value - usual.third);
  const double fourth = found.fourth.value - usual.fourth;
  const double third_noise = kThirdDeviations * usual.wider * found.third.u;
  const double fourth_noise = kFourthDeviations * usual.wider * found.fourth.u;
  const double share = 1.0 - 1.0 / (factor * factor);
  const bool equals = fourth < kPartOfPair * -2.0 * share * share && fourth < -fourth_noise;
  const bool unequals = third > kPartOfPair * std::pow(share, 1.5) && third > third_noise &&
                        fourth < share * share + fourth_noise;
  return equals || unequals;
}

/// Chi squared per degree of freedom beyond which a bead is unlike the others. What any model
/// misses of a bead, and of all of them, grows with the light.
double LimitOfChiSquare(const NoiseLine& noise, const GaussianBead& bead, double usual_excess) {
  const double electrons = noise.per_adu > 0.0 ? bead.amplitude_adu / noise.per_adu : 0.0;
  return kUnlike + kUnlikeElectron * electrons + kUnlikeUsual * usual_excess * bead.amplitude_adu;
}

/// Takes a verdict back that so many of a bead's four nearest beads share: there the field is so,
/// and a bad corner must not vanish.
void ForgiveNeighbourhoods(const std::vector<BeadWork>& work, std::ptrdiff_t so_many,
                           std::vector<bool>& verdict) {
  const std::vector<bool> all = verdict;
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (!all[i]) continue;
    std::vector<std::pair<double, bool>> others;
    for (std::size_t j = 0; j < work.size(); ++j) {
      if (j == i || work[j].bead.rejected) continue;
      const auto& a = work[i].bead.position_px;
      const auto& b = work[j].bead.position_px;
      others.emplace_back(std::hypot(a[0] - b[0], a[1] - b[1]), all[j]);
    }
    if (std::ssize(others) < kNeighbours) continue;
    std::nth_element(others.begin(), others.begin() + kNeighbours - 1, others.end());
    const auto alike = std::count_if(others.begin(), others.begin() + kNeighbours,
                                     [](const auto& other) { return other.second; });
    verdict[i] = alike < so_many;
  }
}

void Reject(const std::vector<bool>& verdict, RejectReason reason, std::vector<BeadWork>& work) {
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (verdict[i] && !work[i].bead.rejected) work[i].bead.rejected = reason;
  }
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
  const UsualBead usual = UsualOf(work);
  if (usual.beads < kFieldBeads) {
    return;
  }
  std::vector<Stretch> stretches(work.size());
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (!work[i].bead.rejected) stretches[i] = StretchOf(*work[i].bead.gaussian, usual);
  }
  std::vector<bool> doubles(work.size(), false);
  std::vector<bool> unlike(work.size(), false);
  std::vector<bool> large(work.size(), false);
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (work[i].bead.rejected) continue;
    const auto& [direction, factor] = stretches[i];
    const GaussianBead& g = *work[i].bead.gaussian;
    unlike[i] = g.chi2_per_dof > LimitOfChiSquare(context.noise, g, usual.excess);
    large[i] = g.major_um.value > kLargeFactor * usual.major_um;
    if (factor < kDoubletElongation) continue;
    const Cumulants found = LeftOver(*work[i].fitted, context.noise, context.box, direction);
    doubles[i] = IsDouble(found, UsualAlong(context, work, stretches, direction), factor);
  }
  ForgiveNeighbourhoods(work, kDoubleNeighbours, doubles);
  ForgiveNeighbourhoods(work, kUnlikeNeighbours, unlike);
  Reject(doubles, RejectReason::kDoublet, work);
  Reject(unlike, RejectReason::kLowR2, work);
  Reject(large, RejectReason::kTooLarge, work);
}

void GateAgainstShape(const NoiseLine& noise, std::vector<BeadWork>& work) {
  const auto is_shaped = [](const PsfBead& bead) {
    return !bead.rejected && bead.halfmax && bead.halfmax->source == HalfmaxSource::kPooledShape;
  };
  std::vector<double> excess;
  for (const BeadWork& one : work) {
    if (!is_shaped(one.bead)) continue;
    excess.push_back((one.bead.halfmax->chi2_per_dof - 1.0) / one.bead.gaussian->amplitude_adu);
  }
  if (excess.size() < kFieldBeads) {
    return;
  }
  const double usual = std::max(0.0, MedianOf(std::move(excess)));
  std::vector<bool> unlike(work.size(), false);
  for (std::size_t i = 0; i < work.size(); ++i) {
    const PsfBead& bead = work[i].bead;
    unlike[i] = is_shaped(bead) &&
                bead.halfmax->chi2_per_dof > LimitOfChiSquare(noise, *bead.gaussian, usual);
  }
  ForgiveNeighbourhoods(work, kUnlikeNeighbours, unlike);
  Reject(unlike, RejectReason::kLowR2, work);
  for (BeadWork& one : work) {
    if (one.bead.rejected) one.bead.halfmax.reset();
  }
}

}  // namespace qc_metrics
