#include "qc_metrics/psf.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "qc_metrics/psf_gates.h"
#include "qc_metrics/psf_halfmax.h"
#include "qc_metrics/psf_noise.h"
#include "qc_metrics/psf_profiles.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kBeadsForNoise = 64;
constexpr std::size_t kBeadsForMismatch = 16;
constexpr int kLargestMismatchWindow = 20000;
constexpr double kSaturatedShare = 0.01;
constexpr int kFlatTopVoxels = 8;  // so many equal to the stack's largest value are not chance

void CheckSettings(const PsfSettings& s) {
  const auto good = [](double value) { return std::isfinite(value) && value > 0.0; };
  if (!good(s.pixel_size_x_um) || !good(s.pixel_size_y_um) || !good(s.z_step_um)) {
    throw std::invalid_argument(
        "psf: pixel size and z step must be positive, finite lengths in um; state them for this "
        "channel");
  }
  if ((s.gain_e_per_adu && !good(*s.gain_e_per_adu)) ||
      (s.read_noise_e && !(*s.read_noise_e >= 0.0 && std::isfinite(*s.read_noise_e)))) {
    throw std::invalid_argument(
        "psf: the gain must be positive and the read noise not negative; correct or leave them "
        "out");
  }
}

/// The stated level, the type's largest value, or nothing.
std::optional<double> SaturationLevel(const Stack& stack, const PsfSettings& settings) {
  if (settings.saturation_adu) {
    return settings.saturation_adu;
  }
  switch (stack.planes.front().depth()) {
    case CV_8U:
      return 255.0;
    case CV_16U:
      return 65535.0;
    default:
      return std::nullopt;
  }
}

/// A detector of fewer bits than its file clips below the type's largest value: a flat top of many
/// columns in the projection that share the largest value of the whole stack.
std::optional<double> FlatTop(const cv::Mat& maximum) {
  double highest = 0.0;
  double lowest = 0.0;
  cv::minMaxLoc(maximum, &lowest, &highest);
  if (!(highest > lowest)) {
    return std::nullopt;
  }
  int same = 0;
  int near = 0;
  constexpr int kRowsAtOnce = 64;  // masks take memory
  for (int y = 0; y < maximum.rows; y += kRowsAtOnce) {
    const cv::Mat rows = maximum.rowRange(y, std::min(maximum.rows, y + kRowsAtOnce));
    same += cv::countNonZero(rows >= highest);
    near += cv::countNonZero(rows >= highest - 0.01 * (highest - lowest));
  }
  // Of the columns within 1 % of the top most hold exactly the top: clipped, not quantised.
  return same >= kFlatTopVoxels && 2 * same > near ? std::optional(highest) : std::nullopt;
}

std::vector<BeadWork> MakeWork(Detection& detection) {
  std::vector<BeadWork> work;
  work.reserve(detection.candidates.size());
  for (Candidate& candidate : detection.candidates) {
    BeadWork one;
    one.candidate = candidate;
    one.bead.brightest_voxel = candidate.voxel;
    for (std::size_t i = 0; i < 3; ++i) {
      one.bead.position_px[i] = candidate.voxel[i];
    }
    work.push_back(std::move(one));
  }
  return work;
}

/// Lowers the estimated slope of the noise to what the residuals say, and fits again.
void RefineNoise(FitContext& context, std::vector<BeadWork>& work) {
  // Differences bound the slope from above, and so do residuals: both count structure as noise.
  // That of one bead's differences scatters by a quarter.
  double bound = context.noise.per_adu;
  for (int round = 0; round < 2; ++round) {
    std::vector<double> slopes;
    for (const BeadWork& one : work) {
      if (one.fitted && slopes.size() < kBeadsForNoise) {
        slopes.push_back(SlopeFromResiduals(one.fitted->window, one.fitted->fit, context.noise,
                                            context.box, context.background));
      }
    }
    if (slopes.empty()) {
      return;
    }
    std::nth_element(slopes.begin(), slopes.begin() + std::ssize(slopes) / 2, slopes.end());
    if (round == 0) {
      bound *= 1.0 + 0.75 / std::sqrt(static_cast<double>(slopes.size()));
    }
    const double slope = std::min(bound, slopes[slopes.size() / 2]);
    if (std::abs(slope - context.noise.per_adu) < 0.01 * slope) {
      return;
    }
    context.noise = WithSlope(context.noise, slope, context.background);
    for (BeadWork& one : work) {
      if (one.fitted) {
        Refit(context, *one.fitted);
      }
    }
  }
}

ModelMismatch TestField(const FitContext& context, const std::vector<BeadWork>& work) {
  std::vector<const FittedBead*> beads;
  for (const BeadWork& one : work) {
    if (!one.bead.rejected && one.fitted && beads.size() < kBeadsForMismatch &&
        one.fitted->window.voxels <= kLargestMismatchWindow) {
      beads.push_back(&*one.fitted);
    }
  }
  return TestModel(beads, context.noise, context.box);
}

void MeasureBeads(FitContext& context, const PsfSettings& settings,
                  std::optional<double> saturation_adu, std::vector<BeadWork>& work) {
  GateCandidates(context, settings, saturation_adu, work);
  for (BeadWork& one : work) {
    if (!one.bead.rejected) {
      one.fitted = FitBead(context, one.candidate);
    }
  }
  if (!settings.gain_e_per_adu) {
    RefineNoise(context, work);
  }
  for (BeadWork& one : work) {
    if (!one.bead.rejected) {
      GateFit(context, settings, one);
    }
  }
  GateAgainstField(context, work);
}

/// A field whose candidates are gated and fitted; what is measured on them is still to come.
struct Located {
  PsfField field;
  FitContext context;
  std::vector<BeadWork> work;
};

/// What the stack says of its pixels before any bead is looked at.
PsfField Describe(const Stack& stack, const cv::Mat& maximum, const PsfSettings& settings) {
  PsfField field;
  field.columns = maximum.cols;
  field.rows = maximum.rows;
  field.planes = static_cast<int>(stack.planes.size());
  field.saturation_adu = SaturationLevel(stack, settings);
  if (!settings.saturation_adu) {
    if (const auto top = FlatTop(maximum)) {
      field.saturation_inferred = !field.saturation_adu || *top < *field.saturation_adu;
      field.saturation_adu = top;
    }
  }
  if (field.saturation_adu) {
    field.saturated_voxels = CountAtOrAbove(stack, maximum, *field.saturation_adu);
  }
  return field;
}

Measured<Located> Locate(const Stack& stack, const PsfSettings& settings) {
  CheckSettings(settings);
  const auto projected = ProjectMaximum(stack);
  if (const auto* fault = std::get_if<Fault>(&projected)) {
    return *fault;
  }
  const auto& maximum = std::get<cv::Mat>(projected);
  PsfField field = Describe(stack, maximum, settings);
  const double voxels = static_cast<double>(field.columns) * field.rows * field.planes;
  if (static_cast<double>(field.saturated_voxels) > kSaturatedShare * voxels) {
    return Fault::kSaturated;
  }
  Detection detection = DetectBeads(stack, maximum, settings);
  if (detection.candidates.empty()) {
    return Fault::kNoSignal;
  }
  field.candidates_left_out = detection.left_out;
  Located out{std::move(field),
              {stack,
               BoxOf(settings),
               StartNoise(stack, settings, detection),
               {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um},
               detection.background},
              MakeWork(detection)};
  // Where no voxel is saturated no bead is.
  MeasureBeads(out.context, settings,
               out.field.saturated_voxels > 0 ? out.field.saturation_adu : std::nullopt, out.work);
  return out;
}

/// The field with its beads as they stand.
PsfField FieldOf(Located& located) {
  PsfField field = std::move(located.field);
  field.background_adu = located.context.background.level_adu;
  field.background_sd_adu = located.context.background.sd_adu;
  field.noise = located.context.noise;
  for (BeadWork& one : located.work) {
    field.beads.push_back(std::move(one.bead));
  }
  return field;
}

}  // namespace

std::string_view Name(RejectReason reason) {
  switch (reason) {
    case RejectReason::kSaturated:
      return "saturated";
    case RejectReason::kEdge:
      return "edge";
    case RejectReason::kZEdge:
      return "z_edge";
    case RejectReason::kTooClose:
      return "too_close";
    case RejectReason::kDoublet:
      return "doublet";
    case RejectReason::kLowSnr:
      return "low_snr";
    case RejectReason::kLowR2:
      return "low_r2";
    case RejectReason::kFitFailed:
      return "fit_failed";
    case RejectReason::kHotPixel:
      return "hot_pixel";
    case RejectReason::kTooLarge:
      return "too_large";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

int PsfField::Kept() const {
  return static_cast<int>(
      std::count_if(beads.begin(), beads.end(), [](const PsfBead& b) { return !b.rejected; }));
}

Measured<PsfField> LocateBeads(const Stack& stack, const PsfSettings& settings) {
  auto located = Locate(stack, settings);
  if (const auto* fault = std::get_if<Fault>(&located)) {
    return *fault;
  }
  return FieldOf(std::get<Located>(located));
}

Measured<PsfField> MeasurePsf(const Stack& stack, const PsfSettings& settings) {
  auto measured = Locate(stack, settings);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    return *fault;
  }
  auto& located = std::get<Located>(measured);
  located.field.mismatch = TestField(located.context, located.work);
  located.field.light = MeasureHalfmax(located.context, located.field.mismatch, located.work);
  GateAgainstShape(located.context.noise, located.work);
  PsfField field = FieldOf(located);
  AddLineProfiles(stack, settings, field.beads);
  return field;
}

}  // namespace qc_metrics
