#include <cmath>
#include <cstdio>
#include <string>

#include "qc_metrics/report_writer.h"
#include "qc_metrics/sectioning.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kGauss = "etalon.gauss1d/1";
constexpr double kLeastR2 = 0.95;  // MetroloJ_QC
constexpr double kSteepTiltDeg = 5.0;
constexpr double kShapeDiffers = 0.1;  // of the width

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string FaultText(Fault fault) {
  switch (fault) {
    case Fault::kUnsupportedFormat:
      return "The image is not one channel of 8-, 16- or 32-bit planes of one size: export it so.";
    case Fault::kTooSmall:
      return "An axial response needs at least 7 planes (or rows of an xz image) and 16 x 16 "
             "pixels: record more.";
    case Fault::kNotFinite:
      return "The image holds NaN or infinite values: export it again without them.";
    case Fault::kSaturated:
      return "More than 1 % of the voxels are saturated: lower the light or the gain.";
    case Fault::kNoSignal:
      return "All planes are equally bright: no plane or mirror is in the stack.";
    case Fault::kTooFew:
    case Fault::kFitFailed:
      return "No peak along z could be fitted: the plane must lie inside of the range, with dark "
             "on both sides.";
  }
  return "The axial response could not be measured.";
}

using Writer = ReportWriter<AxialValue>;

void WriteFindings(const Sectioning& found, Writer& writer) {
  if (found.saturated > 0.0) {
    writer.Find("saturated", Severity::kWarning,
                NumberText(100.0 * found.saturated) +
                    " % of the voxels are saturated: the response reads too wide.");
  }
  if (found.r2.value < kLeastR2) {
    writer.Find("model_mismatch", Severity::kWarning,
                "R2 is " + NumberText(found.r2.value) +
                    ", below .95: the response is noisy or not Gaussian; compare the half-maximum "
                    "width.");
  } else if (found.half_maximum_um &&
             std::abs(found.half_maximum_um->value / found.region_fwhm_um.value - 1.0) >
                 kShapeDiffers) {
    writer.Find("model_mismatch", Severity::kInfo,
                "The width at half maximum and that of the Gaussian differ by more than 10 %: the "
                "response is not Gaussian.");
  }
  if (found.tilt_deg && found.tilt_deg->value > kSteepTiltDeg) {
    writer.Find("tilted", Severity::kInfo,
                "The plane is tilted by " + NumberText(found.tilt_deg->value) +
                    " degrees: level the sample or the insert.");
  }
}

}  // namespace

Report SectioningReport(const Measured<Sectioning>& result, std::optional<int> channel) {
  Report report;
  Writer writer(report, channel);
  if (const auto* fault = std::get_if<Fault>(&result)) {
    writer.Find(Name(*fault), Severity::kFault, FaultText(*fault));
    return report;
  }
  const auto& found = std::get<Sectioning>(result);
  const bool one_profile = !found.r2.u.has_value();
  writer
      .Add("sectioning.fwhm.z", kGauss, "um", found.fwhm_um,
           one_profile ? "fit_covariance" : "replicate_tiles")
      .n = one_profile ? 1 : static_cast<std::int64_t>(found.tiles.size());
  writer.Add("sectioning.fwhm.z", "metroloj.axial1d/1", "um", found.region_fwhm_um,
             "fit_covariance");
  if (found.half_maximum_um) {
    writer.Add("sectioning.fwhm.z", "etalon.halfmax1d/2", "um", *found.half_maximum_um,
               "fit_covariance");
  }
  writer.Add("sectioning.r2", kGauss, "1", found.r2, "replicate_tiles");
  writer.Add("sectioning.r2", "metroloj.axial1d/1", "1", {found.region_r2, std::nullopt}, "");
  if (found.tilt_deg) {
    writer.Add("sectioning.tilt", "etalon.tile_plane/1", "deg", *found.tilt_deg, "fit_covariance")
        .n = static_cast<std::int64_t>(found.tiles.size());
  }
  WriteFindings(found, writer);
  return report;
}

}  // namespace qc_metrics
