#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_halfmax_report.h"
#include "qc_metrics/psf_summary.h"

namespace qc_metrics {
namespace {

constexpr const char* kGauss = "etalon.gauss3d/1";
constexpr const char* kCorrected = "etalon.gauss3d.bead_corrected/1";
constexpr const char* kLine = "metroloj_qc.fwhm1d/1";
constexpr const char* kSbr = "metroloj_qc.sbr/1";
constexpr const char* kNyquist = "etalon.nyquist/1";
constexpr const char* kGates = "etalon.psf_gates/1";
constexpr double kSphereShare = 0.2772588722239781;  // 8 ln 2 / 20: a ball's variance is D^2/20

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

auto OfLine(std::size_t axis) {
  return [axis](const PsfBead& bead) -> std::optional<Estimate> {
    return bead.lines ? std::optional<Estimate>((*bead.lines)[axis].fwhm_um) : std::nullopt;
  };
}

double RelativeU(const Estimate& e) { return e.value > 0.0 ? e.u / e.value : 0.0; }

/// sqrt(x y) and min/max of the two lateral lines.
std::optional<Estimate> LineLateral(const PsfBead& bead) {
  if (!bead.lines) return std::nullopt;
  const Estimate& x = (*bead.lines)[0].fwhm_um;
  const Estimate& y = (*bead.lines)[1].fwhm_um;
  const double value = std::sqrt(x.value * y.value);
  return Estimate{value, 0.5 * value * std::hypot(RelativeU(x), RelativeU(y))};
}

std::optional<Estimate> LineAsymmetry(const PsfBead& bead) {
  if (!bead.lines) return std::nullopt;
  const Estimate& x = (*bead.lines)[0].fwhm_um;
  const Estimate& y = (*bead.lines)[1].fwhm_um;
  const double value = std::min(x.value, y.value) / std::max(x.value, y.value);
  return Estimate{value, value * std::hypot(RelativeU(x), RelativeU(y))};
}

/// sqrt(FWHM^2 - k D^2); nothing when the bead is as large as the width.
auto Corrected(std::size_t axis, double diameter_um) {
  return [axis, diameter_um](const PsfBead& bead) -> std::optional<Estimate> {
    if (!bead.gaussian) return std::nullopt;
    const Estimate& raw = bead.gaussian->fwhm_um[axis];
    const double square = raw.value * raw.value - kSphereShare * diameter_um * diameter_um;
    if (square <= 0.25 * raw.value * raw.value) return std::nullopt;
    const double value = std::sqrt(square);
    return Estimate{value, raw.u * raw.value / value};
  };
}

void AddWidths(std::vector<BeadQuantity>& out, const PsfSettings& settings) {
  constexpr std::array<const char*, 3> kIds = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.push_back({kIds[axis], kGauss, "um",
                   OfGaussian([axis](const GaussianBead& g) { return g.fwhm_um[axis]; })});
    out.push_back({kIds[axis], kLine, "um", OfLine(axis)});
    if (settings.bead_diameter_um && *settings.bead_diameter_um > 0.0) {
      out.push_back({kIds[axis], kCorrected, "um", Corrected(axis, *settings.bead_diameter_um)});
    }
  }
}

std::vector<BeadQuantity> BeadQuantities(const PsfSettings& settings) {
  std::vector<BeadQuantity> out;
  AddWidths(out, settings);
  out.push_back({"psf.fwhm.minor", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.minor_um; })});
  out.push_back({"psf.fwhm.major", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.major_um; })});
  out.push_back({"psf.fwhm.lateral", kGauss, "um",
                 OfGaussian([](const GaussianBead& g) { return g.lateral_um; })});
  out.push_back({"psf.fwhm.lateral", kLine, "um", LineLateral});
  out.push_back(
      {"psf.tilt", kGauss, "deg", OfGaussian([](const GaussianBead& g) { return g.tilt_deg; })});
  out.push_back({"psf.asymmetry", kGauss, "1",
                 OfGaussian([](const GaussianBead& g) { return g.asymmetry; })});
  out.push_back({"psf.asymmetry", kLine, "1", LineAsymmetry});
  out.push_back({"psf.snr", kGauss, "1", [](const PsfBead& b) {
                   return std::optional(Estimate{b.snr, 0.0});
                 }});
  out.push_back({"psf.sbr", kSbr, "1", [](const PsfBead& b) { return NoUncertainty(b.sbr); }});
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
  const FieldValue summary = Summarise(values);
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
  const std::vector<BeadQuantity> rows = BeadQuantities(settings);
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
  return report;
}

}  // namespace qc_metrics
