#include "qc_metrics/psf_summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

#include "qc_metrics/psf_zones.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kRobustBeads = 5;
constexpr int kZonesNeeded = 7;
constexpr double kShareNeeded = 0.6;
constexpr double kFewestPixels = 1.5;  // a width below this many voxels is not measured, but read

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) {
    return *middle;
  }
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double Spread(const std::vector<double>& values, double median) {
  if (values.size() < kRobustBeads) {
    double mean = 0.0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    double squares = 0.0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    return values.size() < 2 ? 0.0 : std::sqrt(squares / static_cast<double>(values.size() - 1));
  }
  std::vector<double> deviations;
  for (const double v : values) deviations.push_back(std::abs(v - median));
  return 1.4826 * MedianOf(std::move(deviations));
}

/// Collects findings of one channel.
class Findings {
 public:
  explicit Findings(int channel) : channel_(channel) {}

  void Add(std::string code, Severity severity, std::string text) {
    list_.push_back({std::move(code), severity, std::move(text), channel_});
  }

  [[nodiscard]] std::vector<Finding> Take() { return std::move(list_); }

 private:
  int channel_;
  std::vector<Finding> list_;
};

std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

void AddSaturation(const PsfField& field, Findings& out) {
  if (field.saturated_voxels == 0) {
    return;
  }
  const auto beads = std::count_if(field.beads.begin(), field.beads.end(), [](const PsfBead& b) {
    return b.rejected == RejectReason::kSaturated;
  });
  std::string text = std::to_string(field.saturated_voxels) + " voxels are saturated (level " +
                     std::to_string(std::lround(field.saturation_adu.value_or(0.0))) + " adu" +
                     (field.saturation_inferred ? ", inferred from a flat top" : "") + "); " +
                     std::to_string(beads) +
                     " beads are left out for it: lower the excitation or the exposure.";
  const bool nothing_left = beads > 0 && field.Kept() == 0;
  out.Add("saturated", nothing_left ? Severity::kFault : Severity::kWarning, std::move(text));
}

void AddCount(const PsfField& field, Findings& out) {
  if (field.Kept() == 0) {
    out.Add("too_few", Severity::kFault,
            "None of " + std::to_string(field.beads.size()) +
                " candidates passed the gates; see the reason of each and take the stack again.");
  }
  if (field.candidates_left_out > 0) {
    out.Add("too_few", Severity::kWarning,
            std::to_string(field.candidates_left_out) +
                " fainter candidates beyond the limit of 5000 were not looked at; use a sparser "
                "slide.");
  }
}

/// Rejections that say nothing about the instrument: the bead does not lie alone in the field.
bool IsIsolated(const PsfBead& bead) {
  if (!bead.rejected) return true;
  switch (*bead.rejected) {
    case RejectReason::kEdge:
    case RejectReason::kZEdge:
    case RejectReason::kTooClose:
    case RejectReason::kDoublet:
    case RejectReason::kHotPixel:
      return false;
    default:
      return true;
  }
}

void AddRepresentative(const PsfField& field, const PsfSettings& settings, Findings& out) {
  const int kept = field.Kept();
  if (settings.scope != PsfScope::kField || kept == 0) {
    return;
  }
  const int covered = ZonesCovered(field);
  const auto isolated = std::count_if(field.beads.begin(), field.beads.end(), IsIsolated);
  const double share = static_cast<double>(kept) / static_cast<double>(isolated);
  if (covered < kZonesNeeded || share < kShareNeeded) {
    out.Add("not_representative", Severity::kWarning,
            "Kept beads lie in " + std::to_string(covered) + " of 9 zones and are " +
                Rounded(100.0 * share) +
                " % of the isolated ones; a field result needs 7 zones and 60 %: image more beads "
                "or state scope bead.");
  }
}

double MedianWidthVoxels(const PsfField& field, std::size_t axis, double voxel_um) {
  std::vector<double> widths;
  for (const PsfBead& bead : field.beads) {
    if (!bead.rejected) widths.push_back(bead.gaussian->fwhm_um[axis].value / voxel_um);
  }
  return widths.empty() ? 0.0 : MedianOf(std::move(widths));
}

void AddSampling(const PsfField& field, const PsfSettings& settings, Findings& out) {
  if (const auto nyquist = Nyquist(settings.optics)) {
    const double lateral =
        std::max(settings.pixel_size_x_um, settings.pixel_size_y_um) / nyquist->lateral_um;
    const double axial = settings.z_step_um / nyquist->axial_um;
    const bool open_pinhole =
        settings.optics.modality == Modality::kConfocal && settings.optics.pinhole_au > 0.6;
    const double limit = open_pinhole ? 1.6 : 1.0;
    if (std::max(lateral, axial) > 1.0) {
      out.Add("undersampled",
              std::max(lateral, axial) > limit ? Severity::kWarning : Severity::kInfo,
              "The pixel is " + Rounded(lateral) + " and the z step " + Rounded(axial) +
                  " of the Nyquist step; take smaller steps for a width that can be trusted.");
    }
  }
  constexpr std::array<const char*, 3> kAxes = {"x", "y", "z"};
  const std::array<double, 3> voxel = {settings.pixel_size_x_um, settings.pixel_size_y_um,
                                       settings.z_step_um};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double width = MedianWidthVoxels(field, axis, voxel[axis]);
    if (width > 0.0 && width < kFewestPixels) {
      out.Add("undersampled", Severity::kWarning,
              std::string("The width along ") + kAxes[axis] + " is only " + Rounded(width) +
                  " voxels; take smaller steps.");
    }
  }
}

/// A mode without a published theory is judged against the instrument's accepted values alone.
void AddNoComparator(const PsfSettings& settings, Findings& out) {
  const auto modality = settings.optics.modality;
  if (modality == Modality::kLightSheet || modality == Modality::kOther) {
    out.Add(
        "no_comparator", Severity::kInfo,
        std::string(modality == Modality::kLightSheet ? "Light sheets have" : "This modality has") +
            " no published theory of widths and sampling to compare with: no ratio is "
            "reported; judge the widths against the instrument's accepted values.");
  }
}

void AddMissing(const PsfField& field, const PsfSettings& settings, Findings& out) {
  for (const std::string_view key : MissingOptics(settings.optics)) {
    out.Add("metadata_missing:" + std::string(key), Severity::kInfo,
            "Without " + std::string(key) +
                " the ratios to theory that need it are left out; state it in the setup.");
  }
  if (field.noise.estimated) {
    out.Add(settings.gain_e_per_adu ? "metadata_missing:read_noise_e"
                                    : "metadata_missing:gain_e_per_adu",
            Severity::kInfo,
            "The noise is estimated from the stack itself (variance " +
                Rounded(field.background_sd_adu * field.background_sd_adu) +
                " adu^2 at the background, slope " + Rounded(field.noise.per_adu) +
                " adu); state camera_offset_adu, gain_e_per_adu and read_noise_e to use the "
                "camera's.");
  }
}

}  // namespace

FieldMedian Summarise(std::span<const Estimate> values) {
  FieldMedian out;
  out.n = std::ssize(values);
  if (values.empty()) {
    return out;
  }
  std::vector<double> numbers;
  double squares = 0.0;
  for (const Estimate& e : values) {
    numbers.push_back(e.value);
    squares += e.u * e.u;
  }
  out.median = MedianOf(numbers);
  out.robust_sd = Spread(numbers, out.median);
  const auto n = static_cast<double>(out.n);
  const double price = out.n < 3 ? 1.0 : std::sqrt(0.5 * std::numbers::pi);
  const double from_fits = price * std::sqrt(squares) / n;
  const double from_beads = price * out.robust_sd / std::sqrt(n);
  out.from_replicates = from_beads > from_fits;
  out.u = std::max(from_fits, from_beads);
  return out;
}

std::vector<Finding> PsfFindings(const PsfField& field, const PsfSettings& settings, int channel) {
  Findings out(channel);
  AddSaturation(field, out);
  AddCount(field, out);
  AddRepresentative(field, settings, out);
  AddSampling(field, settings, out);
  AddNoComparator(settings, out);
  AddMissing(field, settings, out);
  return out.Take();
}

}  // namespace qc_metrics
