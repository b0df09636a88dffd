#pragma once

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// Adds what etalon.halfmax/1 says of a channel to its report: field quantities and ratios to
/// theory, each before the other definitions of its id, the quantities of each kept bead, and the
/// finding `model_mismatch`.
///
/// Input     `report.objects` holds one object a bead, in the order of `field.beads`.
/// Uncertainty  the larger of what beads and fits say of the median, and the shape's own
///           uncertainty, which does not average down.
void AddHalfmax(const PsfField& field, const PsfSettings& settings, int channel, Report& report);

}  // namespace qc_metrics
