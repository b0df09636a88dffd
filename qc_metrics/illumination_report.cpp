#include <cmath>
#include <cstdio>
#include <string>

#include "qc_metrics/illumination.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kUniformity = "illumination.uniformity";
constexpr std::string_view kCentring = "illumination.centring";
constexpr std::string_view kPhotonNoise = "image_noise";

std::string Percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * fraction);
  return text;
}

Finding FaultFinding(Fault fault, const IlluminationResult& result) {
  Finding finding{
      .code = std::string(Name(fault)), .severity = Severity::kFault, .text = {}, .channel = {}};
  switch (fault) {
    case Fault::kUnsupportedFormat:
      finding.text =
          "The image is not one channel of 8-, 16- or 32-bit values: export one grey channel.";
      break;
    case Fault::kTooSmall:
      finding.text = "The image is smaller than 32 x 32 pixels: record the full field.";
      break;
    case Fault::kNotFinite:
      finding.text = "The image holds NaN or infinite values: export it again without them.";
      break;
    case Fault::kSaturated:
      finding.text = Percent(result.saturated.value_or(0.0)) +
                     " of the pixels are saturated, more than the 1 % allowed: lower exposure, "
                     "gain or light and record again.";
      break;
    case Fault::kNoSignal:
      finding.text =
          "No light is left above the camera offset: check the shutter, the sample and the "
          "offset.";
      break;
    case Fault::kTooFew:
    case Fault::kFitFailed:
      finding.text = "No smooth surface could be fitted to the field: look at the image.";
      break;
  }
  return finding;
}

class Writer {
 public:
  Writer(Report& report, std::optional<int> channel) : report_(report), channel_(channel) {}

  void Add(std::string_view id, std::string_view definition, const FieldValue& estimate,
           std::string_view unit = "1", std::map<std::string, Qualifier> of = {}) {
    if (!std::isfinite(estimate.value)) return;
    Quantity quantity{.id = std::string(id),
                      .definition = std::string(definition),
                      .value = estimate.value,
                      .unit = std::string(unit),
                      .u = std::nullopt,
                      .u_method = {},
                      .n = std::nullopt,
                      .channel = channel_,
                      .of = std::move(of)};
    if (estimate.u && std::isfinite(*estimate.u)) {
      quantity.u = estimate.u;
      quantity.u_method = kPhotonNoise;
    }
    report_.quantities.push_back(std::move(quantity));
  }

  void Add(std::string_view id, std::string_view definition, double value,
           std::map<std::string, Qualifier> of = {}) {
    Add(id, definition, FieldValue{.value = value, .u = std::nullopt}, "1", std::move(of));
  }

  void Find(Finding finding) {
    finding.channel = channel_;
    report_.findings.push_back(std::move(finding));
  }

 private:
  Report& report_;
  std::optional<int> channel_;
};

void WriteField(const Illumination& field, Writer& writer) {
  writer.Add(kUniformity, "etalon.tiles/1", field.uniformity);
  writer.Add(kUniformity, "metroloj_qc.minmax/1", field.minmax_smoothed);
  if (field.imagej) writer.Add(kUniformity, "metroloj_qc.minmax/2", field.imagej->minmax);
  writer.Add(kUniformity, "metroloj.minmax/1", field.minmax_raw);
  writer.Add(kUniformity, "metroloj_qc.azimuth8/1", field.azimuth8);
  if (field.imagej) writer.Add(kUniformity, "metroloj_qc.azimuth8/2", field.imagej->azimuth8);
  writer.Add(kUniformity, "etalon.percentiles/1", field.p5_over_p95);
  writer.Add(kUniformity, "etalon.one_minus_cv/1",
             FieldValue{.value = 1.0 - field.cv.value, .u = field.cv.u});
  writer.Add(kUniformity, "qc_scope.five_percent/1", field.five_percent);
  for (std::size_t i = 0; i < kFieldRegions.size(); ++i) {
    writer.Add(kUniformity, "microscope_metrics.nine_regions/1", field.region_ratio[i],
               {{"region", std::string(kFieldRegions[i])}});
  }
  writer.Add(kCentring, "etalon.surface/2", field.centring);
  writer.Add(kCentring, "metroloj_qc.centring/1", field.metroloj_centring);
  writer.Add("illumination.peak.x", "etalon.surface/2", field.peak_x_px, "{px}");
  writer.Add("illumination.peak.y", "etalon.surface/2", field.peak_y_px, "{px}");
  writer.Add("illumination.cv", "etalon.pixel_cv/1", field.cv);
  writer.Add("illumination.tilt.x", "etalon.surface/2", field.tilt_x);
  writer.Add("illumination.tilt.y", "etalon.surface/2", field.tilt_y);
  if (!field.vignetting_per_um2) return;
  writer.Add("illumination.gradient.x", "etalon.paraboloid/1", *field.gradient_x_per_um, "1/um");
  writer.Add("illumination.gradient.y", "etalon.paraboloid/1", *field.gradient_y_per_um, "1/um");
  writer.Add("illumination.vignetting", "etalon.paraboloid/1", *field.vignetting_per_um2, "1/um2");
}

void WriteFindings(const IlluminationResult& result, const Illumination& field, Writer& writer) {
  if (result.saturated.value_or(0.0) > 0.0) {
    writer.Find({.code = "saturated",
                 .severity = Severity::kWarning,
                 .text = Percent(*result.saturated) +
                         " of the pixels are saturated: lower exposure or gain; the brightest "
                         "places may be understated.",
                 .channel = {}});
  }
  if (field.dust.count > 0) {
    writer.Find({.code = "dust",
                 .severity = Severity::kWarning,
                 .text = std::to_string(field.dust.count) + " spot(s) on " +
                         Percent(field.dust.area_fraction) + " of the field, up to " +
                         Percent(std::abs(field.dust.deepest)) +
                         (field.dust.deepest < 0.0 ? " darker" : " brighter") +
                         " than the smooth field, were left out of it: clean the optics or the "
                         "sample if they stay.",
                 .channel = {}});
  }
  if (field.peak_on_border) {
    writer.Find({.code = "model_mismatch",
                 .severity = Severity::kInfo,
                 .text = "The light is brightest at the border of the image, so that the true "
                         "peak lies outside of it: align the illumination.",
                 .channel = {}});
  }
}

}  // namespace

Report IlluminationReport(const IlluminationResult& result, const IlluminationSettings& settings,
                          std::optional<int> channel) {
  Report report;
  Writer writer(report, channel);
  const auto* field = std::get_if<Illumination>(&result.field);
  if (field != nullptr) WriteField(*field, writer);
  if (result.saturated) writer.Add("illumination.saturated", "etalon.count/1", *result.saturated);
  if (field == nullptr) {
    writer.Find(FaultFinding(std::get<Fault>(result.field), result));
    return report;
  }
  WriteFindings(result, *field, writer);
  if (!settings.saturation_adu) {
    writer.Find({.code = "settings_not_stated",
                 .severity = Severity::kInfo,
                 .text = result.saturated
                             ? "No saturation level was given, so the largest value of the pixel "
                               "type was used: give saturation_adu for a 12- or 14-bit camera."
                             : "No saturation level was given and the pixel type has none: give "
                               "saturation_adu.",
                 .channel = {}});
  }
  return report;
}

}  // namespace qc_metrics
