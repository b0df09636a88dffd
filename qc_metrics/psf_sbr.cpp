#include "qc_metrics/psf_sbr.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kGapUm = 0.5;
constexpr double kThicknessUm = 1.0;
constexpr double kReachFwhm = 1.5;  // a voxel above half the height is within 0.5 of the centre
constexpr int kRounds = 50;
constexpr std::size_t kStrands = 4;  // sums that run side by side
constexpr int kMostPixels =
    512;  // of a gap and a ring: beyond, the pixel size is not a microscope's

/// Columns first..last of one row; empty when first > last.
struct Run {
  int first = 1 << 30;
  int last = -(1 << 30);

  [[nodiscard]] bool Empty() const { return first > last; }
  void Include(int low, int high) {
    first = std::min(first, low);
    last = std::max(last, high);
  }
};

/// The section of a bead in one slice: a run for each row from `top` on.
struct Section {
  int z = 0;
  int top = 0;
  std::vector<Run> runs;
};

int WholePixels(double length_um, double pixel_um) {
  return std::max(1,
                  static_cast<int>(std::min(std::floor(length_um / pixel_um), 1.0 * kMostPixels)));
}

/// Values of the bead's surroundings, read once.
class Cut {
 public:
  Cut(const Stack& stack, const PsfSettings& settings, const PsfBead& bead) : stack_(stack) {
    const std::array<int, 3> size = {stack.planes.front().cols, stack.planes.front().rows,
                                     static_cast<int>(stack.planes.size())};
    const std::array<double, 3> voxel = {settings.pixel_size_x_um, settings.pixel_size_y_um,
                                         settings.z_step_um};
    for (std::size_t i = 0; i < 3; ++i) {
      const double reach =
          std::clamp(kReachFwhm * bead.gaussian->fwhm_um[i].value / voxel[i], 1.0, 4096.0);
      begin_[i] = std::max(0, static_cast<int>(std::floor(bead.position_px[i] - reach)));
      end_[i] = std::min(size[i], static_cast<int>(std::ceil(bead.position_px[i] + reach)) + 1);
    }
    Read();
  }

  /// Mean of the voxels from a threshold on; 0 where there is none.
  [[nodiscard]] double MeanAbove(double threshold) const {
    std::array<double, kStrands> sums{};
    std::array<double, kStrands> counts{};
    for (std::size_t i = 0; i < values_.size(); i += kStrands) {
      for (std::size_t k = 0; k < kStrands; ++k) {
        const auto value = static_cast<double>(values_[i + k]);
        sums[k] += value >= threshold ? value : 0.0;
        counts[k] += value >= threshold ? 1.0 : 0.0;
      }
    }
    const double count = std::accumulate(counts.begin(), counts.end(), 0.0);
    return count > 0.0 ? std::accumulate(sums.begin(), sums.end(), 0.0) / count : 0.0;
  }

  /// Where they are, slice by slice.
  [[nodiscard]] std::vector<Section> SectionsAbove(double threshold) const {
    std::vector<Section> sections;
    std::size_t at = 0;
    for (int z = begin_[2]; z < end_[2]; ++z) {
      Section section{z, begin_[1], {}};
      bool any = false;
      for (int y = begin_[1]; y < end_[1]; ++y) {
        Run run;
        for (int x = begin_[0]; x < end_[0]; ++x, ++at) {
          if (static_cast<double>(values_[at]) >= threshold) run.Include(x, x);
        }
        any = any || !run.Empty();
        section.runs.push_back(run);
      }
      if (any) sections.push_back(std::move(section));
    }
    return sections;
  }

 private:
  void Read() {
    const int width = std::max(0, end_[0] - begin_[0]);
    std::size_t count = static_cast<std::size_t>(width);
    for (std::size_t i = 1; i < 3; ++i) {
      count *= static_cast<std::size_t>(std::max(0, end_[i] - begin_[i]));
    }
    // Filled up to whole strands with what no threshold reaches.
    values_.assign((count + kStrands - 1) / kStrands * kStrands, -INFINITY);
    float* to = values_.data();
    for (int z = begin_[2]; z < end_[2]; ++z) {
      for (int y = begin_[1]; y < end_[1]; ++y, to += width) {
        ReadRow(stack_, begin_[0], y, z, width, to);
      }
    }
  }

  const Stack& stack_;
  std::array<int, 3> begin_{}, end_{};
  std::vector<float> values_;
};

/// Columns of row y that lie within `radius` of a section.
Run Enlarged(const Section& section, int y, int radius) {
  Run out;
  const int rows = static_cast<int>(section.runs.size());
  const int first = std::max(0, y - radius - section.top);
  const int last = std::min(rows - 1, y + radius - section.top);
  for (int r = first; r <= last; ++r) {
    const Run& run = section.runs[static_cast<std::size_t>(r)];
    if (run.Empty()) continue;
    const int dy = y - section.top - r;
    const int dx = static_cast<int>(std::sqrt(radius * radius - dy * dy));
    out.Include(run.first - dx, run.last + dx);
  }
  return out;
}

/// Adds columns [first, last] of a row.
void AddRun(const Stack& stack, int first, int last, int y, int z, RowSum& sum) {
  first = std::max(first, 0);
  last = std::min(last, stack.planes.front().cols - 1);
  if (first > last) return;
  const RowSum run = SumFromOne(stack, first, y, z, last - first + 1);
  sum.total += run.total;
  sum.count += run.count;
}

double MeanOfRing(const Stack& stack, const std::vector<Section>& sections, int gap, int width) {
  RowSum sum;
  for (const Section& section : sections) {
    const int reach = gap + width;
    const int bottom = section.top + static_cast<int>(section.runs.size()) - 1;
    const int last = std::min(stack.planes.front().rows - 1, bottom + reach);
    for (int y = std::max(0, section.top - reach); y <= last; ++y) {
      const Run outer = Enlarged(section, y, reach);
      if (outer.Empty()) continue;
      const Run inner = Enlarged(section, y, gap);
      if (inner.Empty()) {
        AddRun(stack, outer.first, outer.last, y, section.z, sum);
      } else {
        AddRun(stack, outer.first, inner.first - 1, y, section.z, sum);
        AddRun(stack, inner.last + 1, outer.last, y, section.z, sum);
      }
    }
  }
  return sum.count > 0.0 ? sum.total / sum.count : 0.0;
}

}  // namespace

std::optional<SignalAndGround> MeasureSignalAndGround(const Stack& stack,
                                                      const PsfSettings& settings,
                                                      const PsfBead& bead) {
  const Cut cut(stack, settings, bead);
  const double background_adu = bead.gaussian->background_adu;
  double threshold = background_adu + 0.5 * bead.gaussian->amplitude_adu;
  for (int round = 0; round < kRounds; ++round) {
    const double mean = cut.MeanAbove(threshold);
    if (!(mean > threshold)) return std::nullopt;
    const double next = 0.5 * (mean + background_adu);
    const bool stands = std::abs(next - threshold) < 1e-6 * std::abs(threshold);
    threshold = next;
    if (stands) break;
  }
  SignalAndGround out;
  out.signal_adu = cut.MeanAbove(threshold);
  const double pixel = settings.pixel_size_x_um;
  out.ground_adu = MeanOfRing(stack, cut.SectionsAbove(threshold), WholePixels(kGapUm, pixel),
                              WholePixels(kThicknessUm, pixel));
  return out.ground_adu > 0.0 && out.signal_adu > 0.0 ? std::optional(out) : std::nullopt;
}

}  // namespace qc_metrics
