#include "qc_metrics/psf_average.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "qc_metrics/psf_bead_fit.h"
#include "qc_metrics/psf_lanes.h"
#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kMostBeads = 64;
constexpr double kCutFwhm = 2.5;
constexpr double kShortestCutFwhm = 1.25;
constexpr int kTaps = 8;
constexpr int kBefore = 3;  // of them below the place
constexpr int kAfter = 4;
constexpr int kLargestHalf = 96;  // of a cut: 33 MB of sums
constexpr const char* kAveraged = "etalon.averaged_psf/1";

using Taps = std::array<float, kTaps>;

std::array<int, 3> SizeOf(const Stack& stack) {
  return {stack.planes.front().cols, stack.planes.front().rows,
          static_cast<int>(stack.planes.size())};
}

double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

/// Weights of the voxels floor - 3 .. floor + 4 for a place `fraction` above floor: the polynomial
/// through eight voxels.
Taps TapsFor(double fraction) {
  Taps out{};
  for (int i = 0; i < kTaps; ++i) {
    double weight = 1.0;
    for (int j = 0; j < kTaps; ++j) {
      if (j != i) weight *= (fraction + kBefore - j) / (i - j);
    }
    out[static_cast<std::size_t>(i)] = static_cast<float>(weight);
  }
  return out;
}

/// Where the cut of one bead begins in the stack, with what its taps reach, and its weights.
struct Cut {
  std::array<int, 3> begin{};
  std::array<Taps, 3> taps{};
};

Cut CutOf(const PsfBead& bead, const std::array<int, 3>& half) {
  Cut cut;
  for (std::size_t i = 0; i < 3; ++i) {
    const double floor = std::floor(bead.position_px[i]);
    cut.taps[i] = TapsFor(bead.position_px[i] - floor);
    cut.begin[i] = static_cast<int>(floor) - half[i] - kBefore;
  }
  return cut;
}

bool Fits(const PsfBead& bead, const std::array<int, 3>& half, const std::array<int, 3>& size) {
  for (std::size_t i = 0; i < 3; ++i) {
    const int floor = static_cast<int>(std::floor(bead.position_px[i]));
    if (floor - half[i] - kBefore < 0 || floor + half[i] + kAfter >= size[i]) return false;
  }
  return true;
}

/// Kept beads with a fit, brightest first as the field has them.
std::vector<const PsfBead*> KeptBeads(const PsfField& field) {
  std::vector<const PsfBead*> out;
  for (const PsfBead& bead : field.beads) {
    if (!bead.rejected && bead.gaussian) out.push_back(&bead);
  }
  return out;
}

/// Half sizes of the cut in voxels, and the beads that have it.
std::optional<std::array<int, 3>> HalfSizes(const std::vector<const PsfBead*>& beads,
                                            const PsfSettings& settings,
                                            const std::array<int, 3>& size) {
  const std::array<double, 3> voxel = {settings.pixel_size_x_um, settings.pixel_size_y_um,
                                       settings.z_step_um};
  std::array<int, 3> half{};
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> widths;
    std::vector<double> room;
    for (const PsfBead* bead : beads) {
      widths.push_back(bead->gaussian->fwhm_um[i].value / voxel[i]);
      const double floor = std::floor(bead->position_px[i]);
      room.push_back(std::min(floor - kBefore, size[i] - 1 - kAfter - floor));
    }
    const double width = MedianOf(widths);
    const double wanted = std::max(3.0, std::ceil(kCutFwhm * width));
    const double least = std::max(3.0, std::ceil(kShortestCutFwhm * width));
    const double there = i == 2 ? std::max(least, MedianOf(room)) : wanted;
    if (!(std::min(wanted, there) <= kLargestHalf)) return std::nullopt;
    half[i] = static_cast<int>(std::min(wanted, there));
  }
  return half;
}

using Sources = std::array<const float*, kTaps>;

/// Adds to each number eight others, weighted.
ETALON_HOT void AddTaps(const float* taps, const float* const* from, std::size_t count, float* to) {
  for (std::size_t first = 0; first < count; first += kLanes) {
    float sum[kLanes];
    for (std::size_t k = 0; k < kLanes; ++k) sum[k] = to[first + k];
    for (std::size_t i = 0; i < kTaps; ++i) {
      for (std::size_t k = 0; k < kLanes; ++k) sum[k] += taps[i] * from[i][first + k];
    }
    for (std::size_t k = 0; k < kLanes; ++k) to[first + k] = sum[k];
  }
}

/// Eight places `step` apart.
Sources Apart(const float* from, std::size_t step) {
  Sources out{};
  for (std::size_t i = 0; i < kTaps; ++i) out[i] = from + i * step;
  return out;
}

/// Adds shifted beads to a sum; buffers of one cut are kept between beads. Rows are filled up to
/// whole lanes, whose last numbers nobody reads.
class Adder {
 public:
  Adder(const Stack& stack, const std::array<int, 3>& half)
      : stack_(stack),
        nx_(2 * half[0] + 1),
        ny_(2 * half[1] + 1),
        nz_(2 * half[2] + 1),
        width_(static_cast<std::size_t>((nx_ + kLanes - 1) / kLanes * kLanes)),
        plane_(width_ * static_cast<std::size_t>(ny_)),
        row_(width_ + kTaps),
        lines_(width_ * static_cast<std::size_t>(ny_ + kTaps - 1)),
        moved_(plane_ * kTaps),
        sum_(plane_ * static_cast<std::size_t>(nz_)) {}

  void Add(const Cut& cut) {
    for (int z = 0; z < nz_ + kTaps - 1; ++z) {
      float* newest = moved_.data() + plane_ * static_cast<std::size_t>(z % kTaps);
      ShiftPlane(cut, z, newest);
      const int out = z - (kTaps - 1);
      if (out < 0) continue;
      Sources last{};
      for (int i = 0; i < kTaps; ++i) {
        last[static_cast<std::size_t>(i)] =
            moved_.data() + plane_ * static_cast<std::size_t>((out + i) % kTaps);
      }
      AddTaps(cut.taps[2].data(), last.data(), plane_,
              sum_.data() + plane_ * static_cast<std::size_t>(out));
    }
  }

  [[nodiscard]] Stack Mean(int beads) const {
    Stack out;
    const float* from = sum_.data();
    for (int z = 0; z < nz_; ++z) {
      cv::Mat plane(ny_, nx_, CV_32F);
      for (int y = 0; y < ny_; ++y, from += width_) {
        std::transform(from, from + nx_, plane.ptr<float>(y),
                       [&](float v) { return v / static_cast<float>(beads); });
      }
      out.planes.push_back(std::move(plane));
    }
    return out;
  }

 private:
  /// One input slice, shifted in x and y.
  void ShiftPlane(const Cut& cut, int z, float* to) {
    std::fill(lines_.begin(), lines_.end(), 0.0F);
    std::fill(to, to + plane_, 0.0F);
    for (int y = 0; y < ny_ + kTaps - 1; ++y) {
      ReadRow(stack_, cut.begin[0], cut.begin[1] + y, cut.begin[2] + z, nx_ + kTaps - 1,
              row_.data());
      AddTaps(cut.taps[0].data(), Apart(row_.data(), 1).data(), width_,
              lines_.data() + width_ * static_cast<std::size_t>(y));
    }
    for (int y = 0; y < ny_; ++y) {
      const std::size_t at = width_ * static_cast<std::size_t>(y);
      AddTaps(cut.taps[1].data(), Apart(lines_.data() + at, width_).data(), width_, to + at);
    }
  }

  const Stack& stack_;
  int nx_, ny_, nz_;
  std::size_t width_, plane_;                     ///< numbers of a row, of a slice
  std::vector<float> row_, lines_, moved_, sum_;  ///< moved_: eight slices, shifted in x and y
};

NoiseLine NoiseOfMean(const NoiseLine& noise, int beads) {
  NoiseLine out = noise;
  out.at_zero /= beads;
  out.per_adu /= beads;
  out.floor /= beads;
  return out;
}

/// The mean is one bead more: fitted as any other.
std::optional<GaussianBead> FitMean(const AveragedPsf& average, const PsfSettings& settings,
                                    const PsfField& field, const GaussianBead& typical) {
  Background background{field.background_adu, field.background_sd_adu / std::sqrt(average.beads)};
  const FitContext context{average.stack,
                           BoxOf(settings),
                           NoiseOfMean(field.noise, average.beads),
                           {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um},
                           background};
  Candidate candidate;
  candidate.voxel = average.middle;
  const auto& m = average.middle;
  candidate.height_adu =
      static_cast<double>(VoxelAt(average.stack, m[0], m[1], m[2])) - field.background_adu;
  for (std::size_t i = 0; i < 3; ++i) {
    candidate.half_width_px[i] = 0.5 * typical.fwhm_um[i].value / context.voxel_um[i];
  }
  const auto fitted = FitBead(context, candidate);
  if (!fitted) return std::nullopt;
  auto out = DescribeFit(fitted->fit, fitted->window, context.noise, context.box, context.voxel_um);
  for (std::size_t i = 0; out && i < 3; ++i) out->centre_px[i].value -= m[i];
  return out;
}

void InsertLast(Quantity quantity, std::vector<Quantity>& list) {
  const auto last = std::find_if(list.rbegin(), list.rend(),
                                 [&](const Quantity& q) { return q.id == quantity.id; });
  list.insert(last == list.rend() ? list.end() : last.base(), std::move(quantity));
}

}  // namespace

std::optional<AveragedPsf> AveragePsf(const Stack& stack, const PsfSettings& settings,
                                      const PsfField& field) {
  const std::vector<const PsfBead*> kept = KeptBeads(field);
  if (kept.empty()) return std::nullopt;
  const auto size = SizeOf(stack);
  const auto half = HalfSizes(kept, settings, size);
  if (!half) return std::nullopt;
  AveragedPsf out;
  out.middle = *half;
  Adder adder(stack, *half);
  for (const PsfBead* bead : kept) {
    if (out.beads < static_cast<int>(kMostBeads) && Fits(*bead, *half, size)) {
      adder.Add(CutOf(*bead, *half));
      ++out.beads;
    }
  }
  if (out.beads == 0) return std::nullopt;
  out.stack = adder.Mean(out.beads);
  out.gaussian = FitMean(out, settings, field, *kept[kept.size() / 2]->gaussian);
  return out;
}

void AddAveraged(const AveragedPsf& average, int channel, Report& report) {
  if (!average.gaussian) return;
  const GaussianBead& g = *average.gaussian;
  const auto add = [&](const char* id, const char* unit, const Estimate& e) {
    Quantity q;
    q.id = id;
    q.definition = kAveraged;
    q.unit = unit;
    q.value = e.value;
    q.n = average.beads;
    q.channel = channel;
    if (e.u > 0.0) {
      q.u = e.u;
      q.u_method = "fit_covariance";
    }
    InsertLast(std::move(q), report.quantities);
  };
  add("psf.fwhm.x", "um", g.fwhm_um[0]);
  add("psf.fwhm.y", "um", g.fwhm_um[1]);
  add("psf.fwhm.z", "um", g.fwhm_um[2]);
  add("psf.fwhm.lateral", "um", g.lateral_um);
  add("psf.asymmetry", "1", g.asymmetry);
}

}  // namespace qc_metrics
