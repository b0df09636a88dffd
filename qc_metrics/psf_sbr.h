#pragma once

#include <optional>

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// Means of one bead's section and of the ring around it, raw values.
struct SignalAndGround {
  double signal_adu = 0.0;
  double ground_adu = 0.0;
};

/// Mean signal of a bead and of its surroundings as MetroloJ_QC takes them.
///
/// Method    the bead is every voxel of the bead above a threshold, in all slices; the threshold is
///           half way between the mean above it and the fitted background (the two-class rule
///           of Ridler and Calvard, IEEE Trans. SMC 8, 630 (1978); ImageJ's Default follows it).
///           The ring holds, in each slice with such voxels, the pixels farther than a gap of 0.5
///           um from the section's nearest pixel and no farther than 1 um more, both rounded down
///           to whole pixels of the width, at least one; values below 1 are left out.
/// Deviation  the plugin lets its user choose the threshold, and takes everything above it in a
///           crop; here a neighbour is not the bead. Sections are taken as convex.
/// Errors    nothing when the ring lies outside the image or is dark.
/// Source    MetroloJ_QC 1.3.1, doCheck.computeRatios.
[[nodiscard]] std::optional<SignalAndGround> MeasureSignalAndGround(const Stack& stack,
                                                                    const PsfSettings& settings,
                                                                    const PsfBead& bead);

}  // namespace qc_metrics
