#pragma once

#include <span>

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// Adds the raw lines through the brightest voxel and the signal-to-background ratio to kept beads.
///
/// Method    a line reaches half way to the nearest other candidate (the whole stack when there is
///           none), at most 256 voxels a side: one bead per line, as in the published definition
///           where a crop holds one bead. Ratios as of psf_sbr.h.
void AddLineProfiles(const Stack& stack, const PsfSettings& settings, std::span<PsfBead> beads);

}  // namespace qc_metrics
