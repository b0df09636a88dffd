#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_bead_size.h"
#include "qc_metrics/psf_field_map.h"
#include "qc_metrics/psf_halfmax_report.h"
#include "qc_metrics/psf_outliers.h"
#include "qc_metrics/psf_summary.h"
#include "qc_metrics/psf_values.h"
#include "qc_metrics/psf_zones.h"

namespace qc_metrics {
namespace {

constexpr const char* kGauss = "etalon.gauss3d/1";
constexpr const char* kLine = "metroloj_qc.fwhm1d/1";
constexpr const char* kSbr = "metroloj_qc.sbr/2";
constexpr const char* kSbrAboveOffset = "etalon.sbr/1";
constexpr const char* kNyquist = "etalon.nyquist/1";
constexpr const char* kGates = "etalon.psf_gates/1";

/// One number that every bead has, and the quantity that it becomes.
struct BeadQuantity {
  const char* id;
  const char* definition;
  const char* unit;
  std::function<std::optional<Estimate>(const PsfBead&)> of;
};

std::optional<Estimate> NoUncertainty(const std::optional<double>& value) {
  return value ? std::optional(Estimate{*value, 0.0}) : std::nullopt;
}

/// A member of the Gaussian fit; nothing for a bead without one.
template <typename Getter>
auto OfGaussian(Getter get) {
  return [get](const PsfBead& bead) -> std::optional<Estimate> {
    return bead.gaussian ? std::optional<Estimate>(get(*bead.gaussian)) : std::nullopt;
  };
}

auto OfLine(PsfWidth width) {
  return [width](const PsfBead& bead) { return ValueOf(bead, PsfDefinition::kLine, width); };
}

void AddWidths(std::vector<BeadQuantity>& out) {
  constexpr std::array<const char*, 3> kIds = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.push_back({kIds[axis], kGauss, "um",
                   OfGaussian([axis](const GaussianBead& g) { return g.fwhm_um[axis]; })});
    out.push_back({kIds[axis], kLine, "um", OfLine(static_cast<PsfWidth>(axis))});
  }
}

std::vector<BeadQuantity> BeadQuantities() {
  std::vector<BeadQuantity> out;
  AddWidths(out);
  out.push_back({"psf.fwhm.minor", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.minor_um; })});
  out.push_back({"psf.fwhm.major", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.major_um; })});
  out.push_back({"psf.fwhm.lateral", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.lateral_um; })});
  out.push_back({"psf.fwhm.lateral", kLine, "um", OfLine(PsfWidth::kLateral)});
  out.push_back(
      {"psf.tilt", kGauss, "deg", OfGaussian([](const GaussianBead& g) { return g.tilt_deg; })});
  out.push_back({"psf.asymmetry", kGauss, "1",
                 OfGaussian([](const GaussianBead& g) { return g.asymmetry; })});
  out.push_back({"psf.asymmetry", kLine, "1", OfLine(PsfWidth::kAsymmetry)});
  out.push_back({"psf.snr", kGauss, "1", [](const PsfBead& b) {
                   return std::optional(Estimate{b.snr, 0.0});
                 }});
  out.push_back({"psf.sbr", kSbr, "1", [](const PsfBead& b) { return NoUncertainty(b.sbr); }});
  out.push_back({"psf.sbr", kSbrAboveOffset, "1",
                 [](const PsfBead& b) { return NoUncertainty(b.sbr_above_offset); }});
  out.push_back({"psf.r2", kGauss, "1", OfGaussian([](const GaussianBead& g) {
                   return Estimate{g.r2, 0.0};
                 })});
  return out;
}

Quantity MakeQuantity(const BeadQuantity& row, double value, int channel) {
  Quantity q;
  q.id = row.id;
  q.definition = row.definition;
  q.unit = row.unit;
  q.value = value;
  q.channel = channel;
  return q;
}

/// Quantities of one bead.
std::vector<Quantity> OfBead(const PsfBead& bead, const std::vector<BeadQuantity>& rows,
                             int channel) {
  std::vector<Quantity> out;
  for (const BeadQuantity& row : rows) {
    const auto estimate = row.of(bead);
    if (!estimate || !std::isfinite(estimate->value)) {
      continue;
    }
    Quantity q = MakeQuantity(row, estimate->value, channel);
    if (estimate->u > 0.0 && std::isfinite(estimate->u)) {
      q.u = estimate->u;
      q.u_method = "fit_covariance";
    }
    out.push_back(std::move(q));
  }
  return out;
}

/// The median over kept beads of one quantity; nothing when no bead has it.
std::optional<Quantity> OfField(const PsfField& field, const BeadQuantity& row, int channel) {
  std::vector<Estimate> values;
  for (const PsfBead& bead : field.beads) {
    const auto estimate = bead.rejected ? std::nullopt : row.of(bead);
    if (estimate && std::isfinite(estimate->value)) {
      values.push_back(*estimate);
    }
  }
  if (values.empty()) {
    return std::nullopt;
  }
  const FieldMedian summary = Summarise(values);
  Quantity q = MakeQuantity(row, summary.median, channel);
  q.n = summary.n;
  if (summary.u > 0.0) {
    q.u = summary.u;
    q.u_method = summary.from_replicates ? "replicate_beads" : "fit_covariance";
  }
  return q;
}

/// Value over theory with the comparator's id; the formula itself carries no uncertainty.
void AddRatio(std::vector<Quantity>& out, const char* id, const Quantity& width, double theory_um,
              const Comparator& comparator) {
  Quantity q = width;
  q.id = id;
  q.unit = "1";
  q.value = width.value / theory_um;
  if (q.u) *q.u /= theory_um;
  q.of["comparator"] = std::string(comparator.id);
  out.push_back(std::move(q));
}

void AddRatios(std::vector<Quantity>& out, const PsfSettings& settings) {
  const std::vector<Quantity> widths = out;
  const auto comparators = Comparators(settings.optics);
  for (const auto& [id, source] : {std::pair{"psf.fwhm_ratio.lateral", "psf.fwhm.lateral"},
                                   std::pair{"psf.fwhm_ratio.axial", "psf.fwhm.z"}}) {
    for (const char* definition : {kGauss, kLine}) {
      for (const Quantity& width : widths) {
        if (width.id != source || width.definition != definition) continue;
        for (const Comparator& c : comparators) {
          const bool lateral = width.id == std::string("psf.fwhm.lateral");
          AddRatio(out, id, width, lateral ? c.lateral_um : c.axial_um, c);
        }
      }
    }
  }
}

void AddPlain(std::vector<Quantity>& out, const char* id, const char* definition, double value,
              int channel) {
  Quantity q;
  q.id = id;
  q.definition = definition;
  q.unit = "1";
  q.value = value;
  q.channel = channel;
  out.push_back(std::move(q));
}

void AddCounts(const PsfField& field, std::vector<Quantity>& out, int channel) {
  const int kept = field.Kept();
  AddPlain(out, "psf.beads.kept", kGates, kept, channel);
  AddPlain(out, "psf.beads.rejected", kGates, static_cast<int>(field.beads.size()) - kept, channel);
}

void AddSampling(const PsfSettings& settings, std::vector<Quantity>& out, int channel) {
  if (const auto nyquist = Nyquist(settings.optics)) {
    const double pixel = std::max(settings.pixel_size_x_um, settings.pixel_size_y_um);
    AddPlain(out, "psf.sampling_ratio.lateral", kNyquist, pixel / nyquist->lateral_um, channel);
    AddPlain(out, "psf.sampling_ratio.axial", kNyquist, settings.z_step_um / nyquist->axial_um,
             channel);
  }
}

void AddObjects(const PsfField& field, const PsfSettings& settings,
                const std::vector<BeadQuantity>& rows, int channel, Report& report) {
  for (const PsfBead& bead : field.beads) {
    Object object;
    object.channel = channel;
    object.state = bead.rejected ? ObjectState::kRejected : ObjectState::kKept;
    object.reason = bead.rejected ? std::string(Name(*bead.rejected)) : std::string();
    object.position_um = {bead.position_px[0] * settings.pixel_size_x_um,
                          bead.position_px[1] * settings.pixel_size_y_um,
                          bead.position_px[2] * settings.z_step_um};
    if (!bead.rejected) {
      object.quantities = OfBead(bead, rows, channel);
    }
    report.objects.push_back(std::move(object));
  }
}

}  // namespace

Report PsfReport(const PsfField& field, const PsfSettings& settings, int channel) {
  Report report;
  const std::vector<BeadQuantity> rows = BeadQuantities();
  for (const BeadQuantity& row : rows) {
    if (auto quantity = OfField(field, row, channel)) {
      report.quantities.push_back(std::move(*quantity));
    }
  }
  AddRatios(report.quantities, settings);
  AddSampling(settings, report.quantities, channel);
  AddCounts(field, report.quantities, channel);
  AddObjects(field, settings, rows, channel, report);
  report.findings = PsfFindings(field, settings, channel);
  AddHalfmax(field, settings, channel, report);
  AddBeadCorrected(field, settings, channel, report);
  AddZones(field, settings, channel, report);
  AddFieldMaps(field, settings, channel, report);
  AddOutliers(field, channel, report);
  return report;
}

}  // namespace qc_metrics
