#include "qc_metrics/psf_bead_size.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "qc_metrics/psf_values.h"

namespace qc_metrics {
namespace {

constexpr const char* kCorrected = "etalon.bead_corrected/1";

struct Row {
  PsfWidth width;
  const char* id;
};

constexpr std::array<Row, 4> kRows = {{{PsfWidth::kX, "psf.fwhm.x"},
                                       {PsfWidth::kY, "psf.fwhm.y"},
                                       {PsfWidth::kZ, "psf.fwhm.z"},
                                       {PsfWidth::kLateral, "psf.fwhm.lateral"}}};

/// Lateral k at small D of a confocal, by the pinhole's diameter in Airy units.
struct PinholeRow {
  double pinhole_au, k;
};
constexpr std::array<PinholeRow, 8> kPinholes = {{{0.0, 0.238},
                                                  {0.5, 0.240},
                                                  {0.75, 0.2145},
                                                  {1.0, 0.164},
                                                  {1.25, 0.1745},
                                                  {1.5, 0.2085},
                                                  {2.0, 0.187},
                                                  {3.0, 0.193}}};

double ConfocalFactor(double pinhole_au) {
  for (std::size_t i = 1; i < kPinholes.size(); ++i) {
    const PinholeRow& a = kPinholes[i - 1];
    const PinholeRow& b = kPinholes[i];
    if (pinhole_au < b.pinhole_au) {
      const double share = (pinhole_au - a.pinhole_au) / (b.pinhole_au - a.pinhole_au);
      return a.k + share * (b.k - a.k);
    }
  }
  return kPinholes.back().k;
}

/// Lateral k at small D with its scatter.
Estimate LateralFactor(const Optics& optics) {
  if (optics.modality == Modality::kWidefield || optics.modality == Modality::kLightSheet) {
    return {0.199, 0.008};
  }
  if (optics.modality == Modality::kTwoPhoton) return {0.238, 0.015};
  if (optics.modality == Modality::kConfocal && optics.pinhole_au && *optics.pinhole_au >= 0.0) {
    return {ConfocalFactor(*optics.pinhole_au), 0.015};
  }
  return {0.200, 0.030};
}

std::optional<Estimate> Corrected(const PsfBead& bead, const Optics& optics, double diameter_um,
                                  PsfWidth width) {
  const auto raw = ValueOf(bead, PsfDefinition::kHalfmax, width);
  const auto lateral = ValueOf(bead, PsfDefinition::kHalfmax, PsfWidth::kLateral);
  if (!raw || !lateral || !(diameter_um <= kLargestBall * lateral->value)) return std::nullopt;
  const BallFactor k = BallFactorOf(optics, diameter_um / lateral->value);
  const bool axial = width == PsfWidth::kZ;
  const double square = diameter_um * diameter_um;
  const double rest = raw->value * raw->value - (axial ? k.axial : k.lateral) * square;
  if (!(rest > 0.0)) return std::nullopt;
  const double value = std::sqrt(rest);
  // The factor's share is common to all beads; it is added once, to the field's value.
  return Estimate{value, raw->u * raw->value / value};
}

/// Uncertainty that the factor gives to a corrected width; all beads share it.
double SharedByFactor(const Optics& optics, double diameter_um, double lateral_um, double width_um,
                      PsfWidth width) {
  const BallFactor k = BallFactorOf(optics, diameter_um / lateral_um);
  const double u = width == PsfWidth::kZ ? k.u_axial : k.u_lateral;
  return 0.5 * u * diameter_um * diameter_um / width_um;
}

Quantity MakeQuantity(const char* id, double value, double u, int channel) {
  Quantity q;
  q.id = id;
  q.definition = kCorrected;
  q.unit = "um";
  q.value = value;
  q.channel = channel;
  q.of["derived_from"] = std::string(Name(PsfDefinition::kHalfmax));
  if (u > 0.0) {
    q.u = u;
    q.u_method = "propagated";
  }
  return q;
}

/// Puts a quantity behind the other entries of its id, or at the end.
void InsertLast(Quantity quantity, std::vector<Quantity>& list) {
  const auto last = std::find_if(list.rbegin(), list.rend(),
                                 [&](const Quantity& q) { return q.id == quantity.id; });
  list.insert(last == list.rend() ? list.end() : last.base(), std::move(quantity));
}

double MedianLateral(const PsfField& field) {
  const auto values = KeptValues(field, PsfDefinition::kHalfmax, PsfWidth::kLateral);
  return values.empty() ? 0.0 : SummariseShared(values, 0.0).median;
}

void AddFieldValue(const PsfField& field, const PsfSettings& settings, const Row& row,
                   double lateral_um, int channel, Report& report) {
  const double diameter = *settings.bead_diameter_um;
  std::vector<BeadValue> values;
  const double shared = SharedOf(field, PsfDefinition::kHalfmax, row.width);
  double growth = 1.0;  // of relative uncertainties; nearly the same for all beads
  for (std::size_t i = 0; i < field.beads.size(); ++i) {
    if (field.beads[i].rejected) continue;
    auto value = Corrected(field.beads[i], settings.optics, diameter, row.width);
    if (!value) continue;
    const double raw = ValueOf(field.beads[i], PsfDefinition::kHalfmax, row.width)->value;
    growth = raw * raw / (value->value * value->value);
    const double common = shared * growth * value->value;
    value->u = std::sqrt(std::max(0.0, value->u * value->u - common * common));
    values.push_back({i, *value});
  }
  if (values.empty()) return;
  const FieldMedian summary = SummariseShared(values, shared * growth);
  const double factor =
      SharedByFactor(settings.optics, diameter, lateral_um, summary.median, row.width);
  Quantity q = MakeQuantity(row.id, summary.median, std::hypot(summary.u, factor), channel);
  q.n = summary.n;
  InsertLast(std::move(q), report.quantities);
}

void AddBeadValues(const PsfBead& bead, const PsfSettings& settings, int channel, Object& object) {
  const double diameter = *settings.bead_diameter_um;
  const auto lateral = ValueOf(bead, PsfDefinition::kHalfmax, PsfWidth::kLateral);
  for (const Row& row : kRows) {
    const auto value = Corrected(bead, settings.optics, diameter, row.width);
    if (!value) continue;
    const double factor =
        SharedByFactor(settings.optics, diameter, lateral->value, value->value, row.width);
    InsertLast(MakeQuantity(row.id, value->value, std::hypot(value->u, factor), channel),
               object.quantities);
  }
}

}  // namespace

BallFactor BallFactorOf(const Optics& optics, double share) {
  const Estimate lateral = LateralFactor(optics);
  const double s = share * share;
  return {lateral.value + 0.030 * s + 0.025 * s * s, 0.30 + 0.12 * s, lateral.u, 0.15};
}

void AddBeadCorrected(const PsfField& field, const PsfSettings& settings, int channel,
                      Report& report) {
  const double lateral = MedianLateral(field);
  if (!settings.bead_diameter_um || !(*settings.bead_diameter_um > 0.0) || !(lateral > 0.0)) {
    return;
  }
  if (*settings.bead_diameter_um > kLargestBall * lateral) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "Beads of %.3g um are too large to be taken off a lateral width of %.3g um: "
                  "the widths are the beads' as much as the lens's; use smaller beads.",
                  *settings.bead_diameter_um, lateral);
    report.findings.push_back({"bead_too_large", Severity::kWarning, text, channel});
    return;
  }
  for (const Row& row : kRows) AddFieldValue(field, settings, row, lateral, channel, report);
  for (std::size_t i = 0; i < field.beads.size() && i < report.objects.size(); ++i) {
    if (!field.beads[i].rejected) {
      AddBeadValues(field.beads[i], settings, channel, report.objects[i]);
    }
  }
}

}  // namespace qc_metrics
