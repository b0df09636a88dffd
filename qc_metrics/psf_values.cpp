#include "qc_metrics/psf_values.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

double RelativeU(const Estimate& e) { return e.value > 0.0 ? e.u / e.value : 0.0; }

std::optional<Estimate> OfLines(const std::array<LineBead, 3>& lines, PsfWidth width) {
  const Estimate& x = lines[0].fwhm_um;
  const Estimate& y = lines[1].fwhm_um;
  const double relative = std::hypot(RelativeU(x), RelativeU(y));
  if (width == PsfWidth::kLateral) {
    const double value = std::sqrt(x.value * y.value);
    return Estimate{value, 0.5 * value * relative};
  }
  if (width == PsfWidth::kAsymmetry) {
    const double value = std::min(x.value, y.value) / std::max(x.value, y.value);
    return Estimate{value, value * relative};
  }
  return lines[static_cast<std::size_t>(width)].fwhm_um;
}

/// GaussianBead and HalfmaxBead name their members alike.
template <typename Bead>
std::optional<Estimate> OfShape(const Bead& bead, PsfWidth width) {
  switch (width) {
    case PsfWidth::kLateral:
      return bead.lateral_um;
    case PsfWidth::kAsymmetry:
      return bead.asymmetry;
    default:
      return bead.fwhm_um[static_cast<std::size_t>(width)];
  }
}

}  // namespace

std::string_view Name(PsfDefinition definition) {
  switch (definition) {
    case PsfDefinition::kHalfmax:
      return "etalon.halfmax/1";
    case PsfDefinition::kGauss:
      return "etalon.gauss3d/1";
    case PsfDefinition::kLine:
      return "metroloj_qc.fwhm1d/1";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

std::optional<Estimate> ValueOf(const PsfBead& bead, PsfDefinition definition, PsfWidth width) {
  std::optional<Estimate> out;
  if (definition == PsfDefinition::kHalfmax && bead.halfmax) out = OfShape(*bead.halfmax, width);
  if (definition == PsfDefinition::kGauss && bead.gaussian) out = OfShape(*bead.gaussian, width);
  if (definition == PsfDefinition::kLine && bead.lines) out = OfLines(*bead.lines, width);
  return out && std::isfinite(out->value) && std::isfinite(out->u) ? out : std::nullopt;
}

double SharedOf(const PsfField& field, PsfDefinition definition, PsfWidth width) {
  if (definition != PsfDefinition::kHalfmax) return 0.0;
  const SharedUncertainty& shared = field.light.shared;
  switch (width) {
    case PsfWidth::kLateral:
      return shared.lateral;
    case PsfWidth::kAsymmetry:
      return shared.asymmetry;
    default:
      return shared.fwhm[static_cast<std::size_t>(width)];
  }
}

std::vector<BeadValue> KeptValues(const PsfField& field, PsfDefinition definition, PsfWidth width) {
  std::vector<BeadValue> out;
  const double shared = SharedOf(field, definition, width);
  for (std::size_t i = 0; i < field.beads.size(); ++i) {
    if (field.beads[i].rejected) continue;
    if (auto value = ValueOf(field.beads[i], definition, width)) {
      const double common = shared * value->value;
      value->u = std::sqrt(std::max(0.0, value->u * value->u - common * common));
      out.push_back({i, *value});
    }
  }
  return out;
}

FieldMedian SummariseShared(const std::vector<BeadValue>& values, double shared) {
  std::vector<Estimate> estimates;
  estimates.reserve(values.size());
  for (const BeadValue& one : values) estimates.push_back(one.value);
  FieldMedian out = Summarise(estimates);
  out.u = std::hypot(out.u, shared * out.median);
  return out;
}

}  // namespace qc_metrics
