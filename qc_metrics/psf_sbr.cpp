#include "qc_metrics/psf_sbr.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "qc_metrics/psf_projection.h"

namespace qc_metrics {
namespace {

constexpr double kGapUm = 0.5;
constexpr double kThicknessUm = 1.0;
constexpr double kReachFwhm = 1.5;  // a voxel above half the height is within 0.5 of the centre
constexpr int kRounds = 50;
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

  /// Mean of the voxels above a threshold and their sections.
  double MeanAbove(double threshold, std::vector<Section>* sections) const {
    double sum = 0.0;
    double count = 0.0;
    std::size_t at = 0;
    for (int z = begin_[2]; z < end_[2]; ++z) {
      Section section{z, begin_[1], {}};
      bool any = false;
      for (int y = begin_[1]; y < end_[1]; ++y) {
        Run run;
        for (int x = begin_[0]; x < end_[0]; ++x, ++at) {
          const auto value = static_cast<double>(values_[at]);
          if (value < threshold) continue;
          run.Include(x, x);
          sum += value;
          count += 1.0;
        }
        any = any || !run.Empty();
        section.runs.push_back(run);
      }
      if (any && sections != nullptr) sections->push_back(std::move(section));
    }
    return count > 0.0 ? sum / count : 0.0;
  }

  [[nodiscard]] bool Empty() const { return values_.empty(); }

 private:
  void Read() {
    const int width = std::max(0, end_[0] - begin_[0]);
    for (int z = begin_[2]; z < end_[2]; ++z) {
      for (int y = begin_[1]; y < end_[1]; ++y) {
        values_.resize(values_.size() + static_cast<std::size_t>(width));
        ReadRow(stack_, begin_[0], y, z, width, values_.data() + values_.size() - width);
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

struct Sum {
  double total = 0.0;
  double count = 0.0;
};

/// Adds columns [first, last] of a row; what is below 1 counts as painted out, as in the plugin.
void AddRun(const Stack& stack, int first, int last, int y, int z, std::vector<float>& row,
            Sum& sum) {
  first = std::max(first, 0);
  last = std::min(last, stack.planes.front().cols - 1);
  if (first > last) return;
  row.resize(static_cast<std::size_t>(last - first + 1));
  ReadRow(stack, first, y, z, last - first + 1, row.data());
  for (const float value : row) {
    if (value >= 1.0F) {
      sum.total += static_cast<double>(value);
      sum.count += 1.0;
    }
  }
}

double MeanOfRing(const Stack& stack, const std::vector<Section>& sections, int gap, int width) {
  Sum sum;
  std::vector<float> row;
  for (const Section& section : sections) {
    const int reach = gap + width;
    const int bottom = section.top + static_cast<int>(section.runs.size()) - 1;
    const int last = std::min(stack.planes.front().rows - 1, bottom + reach);
    for (int y = std::max(0, section.top - reach); y <= last; ++y) {
      const Run outer = Enlarged(section, y, reach);
      if (outer.Empty()) continue;
      const Run inner = Enlarged(section, y, gap);
      if (inner.Empty()) {
        AddRun(stack, outer.first, outer.last, y, section.z, row, sum);
      } else {
        AddRun(stack, outer.first, inner.first - 1, y, section.z, row, sum);
        AddRun(stack, inner.last + 1, outer.last, y, section.z, row, sum);
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
    const double mean = cut.MeanAbove(threshold, nullptr);
    if (!(mean > threshold)) return std::nullopt;
    const double next = 0.5 * (mean + background_adu);
    const bool stands = std::abs(next - threshold) < 1e-6 * std::abs(threshold);
    threshold = next;
    if (stands) break;
  }
  std::vector<Section> sections;
  SignalAndGround out;
  out.signal_adu = cut.MeanAbove(threshold, &sections);
  const double pixel = settings.pixel_size_x_um;
  out.ground_adu =
      MeanOfRing(stack, sections, WholePixels(kGapUm, pixel), WholePixels(kThicknessUm, pixel));
  return out.ground_adu > 0.0 && out.signal_adu > 0.0 ? std::optional(out) : std::nullopt;
}

}  // namespace qc_metrics
