#include "qc_metrics/psf_zones.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "qc_metrics/psf_values.h"

namespace qc_metrics {
namespace {

constexpr int kFewestZones = 2;  // one zone has nothing to be worse than

struct Row {
  PsfWidth width;
  const char* suffix;
};

constexpr std::array<Row, 4> kRows = {{{PsfWidth::kX, "x"},
                                       {PsfWidth::kY, "y"},
                                       {PsfWidth::kZ, "z"},
                                       {PsfWidth::kLateral, "lateral"}}};

using Zones = std::array<std::optional<FieldMedian>, 9>;

Zones ZoneMedians(const PsfField& field, PsfDefinition definition, PsfWidth width) {
  std::array<std::vector<BeadValue>, 9> members;
  for (const BeadValue& one : KeptValues(field, definition, width)) {
    const auto& at = field.beads[one.bead].position_px;
    members[ZoneOf(field, at[0], at[1])].push_back(one);
  }
  const double shared = SharedOf(field, definition, width);
  Zones out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!members[i].empty()) out[i] = SummariseShared(members[i], shared);
  }
  return out;
}

Quantity MakeQuantity(std::string id, PsfDefinition definition, const FieldMedian& value,
                      int channel) {
  Quantity q;
  q.id = std::move(id);
  q.definition = Name(definition);
  q.unit = "um";
  q.value = value.median;
  q.n = value.n;
  q.channel = channel;
  if (value.u > 0.0) {
    q.u = value.u;
    q.u_method = value.from_replicates ? "replicate_beads" : "fit_covariance";
  }
  return q;
}

std::optional<FieldMedian> Worst(const Zones& zones) {
  std::optional<FieldMedian> worst;
  for (const auto& zone : zones) {
    if (zone && (!worst || zone->median > worst->median)) worst = zone;
  }
  return worst;
}

/// The definition that stands first among the entries of an id.
std::optional<PsfDefinition> DefaultOf(const PsfField& field, PsfWidth width) {
  for (const PsfDefinition definition : kPsfDefinitions) {
    if (!KeptValues(field, definition, width).empty()) return definition;
  }
  return std::nullopt;
}

void AddWorst(const PsfField& field, const Row& row, int channel, std::vector<Quantity>& out) {
  for (const PsfDefinition definition : kPsfDefinitions) {
    if (const auto worst = Worst(ZoneMedians(field, definition, row.width))) {
      out.push_back(MakeQuantity(std::string("psf.fwhm.worst_zone.") + row.suffix, definition,
                                 *worst, channel));
    }
  }
}

/// The worst zone over theory, for the two widths that have a theory.
void AddRatios(const PsfSettings& settings, std::vector<Quantity>& out) {
  const std::vector<Quantity> widths = out;
  for (const auto& [id, source] :
       {std::pair{"psf.fwhm_ratio.worst_zone.lateral", "psf.fwhm.worst_zone.lateral"},
        std::pair{"psf.fwhm_ratio.worst_zone.axial", "psf.fwhm.worst_zone.z"}}) {
    for (const Quantity& width : widths) {
      if (width.id != source) continue;
      for (const Comparator& c : Comparators(settings.optics)) {
        const bool lateral = width.id == std::string("psf.fwhm.worst_zone.lateral");
        const double theory_um = lateral ? c.lateral_um : c.axial_um;
        Quantity q = width;
        q.id = id;
        q.unit = "1";
        q.value = width.value / theory_um;
        if (q.u) *q.u /= theory_um;
        q.of["comparator"] = std::string(c.id);
        out.push_back(std::move(q));
      }
    }
  }
}

}  // namespace

std::size_t ZoneOf(const PsfField& field, double x_px, double y_px) {
  const auto third = [](double at, int size) {
    return static_cast<std::size_t>(std::clamp(static_cast<int>(3.0 * (at + 0.5) / size), 0, 2));
  };
  return 3 * third(y_px, field.rows) + third(x_px, field.columns);
}

int ZonesCovered(const PsfField& field) {
  std::array<bool, 9> zones{};
  for (const PsfBead& bead : field.beads) {
    if (!bead.rejected) zones[ZoneOf(field, bead.position_px[0], bead.position_px[1])] = true;
  }
  return static_cast<int>(std::count(zones.begin(), zones.end(), true));
}

void AddZones(const PsfField& field, const PsfSettings& settings, int channel, Report& report) {
  if (settings.scope != PsfScope::kField || ZonesCovered(field) < kFewestZones) {
    return;
  }
  std::vector<Quantity> out;
  for (const Row& row : kRows) AddWorst(field, row, channel, out);
  AddRatios(settings, out);
  for (const Row& row : kRows) {
    const auto definition = DefaultOf(field, row.width);
    if (!definition) continue;
    const Zones zones = ZoneMedians(field, *definition, row.width);
    for (std::size_t i = 0; i < zones.size(); ++i) {
      if (!zones[i]) continue;
      Quantity q =
          MakeQuantity(std::string("psf.fwhm.zone.") + row.suffix, *definition, *zones[i], channel);
      q.of["zone"] = std::string(kZoneNames[i]);
      out.push_back(std::move(q));
    }
  }
  std::move(out.begin(), out.end(), std::back_inserter(report.quantities));
}

}  // namespace qc_metrics
