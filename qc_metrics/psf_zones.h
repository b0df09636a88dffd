#pragma once

#include <array>
#include <string_view>

#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// The nine zones of a field: thirds of its width and height, row by row from the top left.
inline constexpr std::array<std::string_view, 9> kZoneNames = {
    "top_left", "top",         "top_right", "left",        "centre",
    "right",    "bottom_left", "bottom",    "bottom_right"};

/// Zone of a place. A pixel reaches half its side to both sides of its centre, so that the border
/// between two zones of a field of 512 px is at 170.17.
[[nodiscard]] std::size_t ZoneOf(const PsfField& field, double x_px, double y_px);

/// How many zones hold a kept bead.
[[nodiscard]] int ZonesCovered(const PsfField& field);

/// Adds what limits on the worst place of the field need, where at least two zones hold a bead and
/// the result speaks for the field.
///
/// Method    psf.fwhm.zone.x .y .z .lateral: median of the kept beads of one zone (`of.zone`),
///           default definition. psf.fwhm.worst_zone.x .y .z .lateral and
///           psf.fwhm_ratio.worst_zone.lateral .axial: the largest of the zones' medians, for each
///           definition; `n` counts the beads of that zone.
/// Uncertainty  of the median of the zone. The largest of nine reads high: by 1.5 of that u (the
///           mean of the largest of nine normal numbers) where the field has no worst zone.
void AddZones(const PsfField& field, const PsfSettings& settings, int channel, Report& report);

}  // namespace qc_metrics
