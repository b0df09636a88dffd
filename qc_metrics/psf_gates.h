#pragma once

#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/psf_bead_fit.h"

namespace qc_metrics {

/// A candidate on its way through the gates.
struct BeadWork {
  Candidate candidate;
  std::optional<FittedBead> fitted;
  PsfBead bead;
};

/// Gates that need no fit, in this order: hot_pixel, edge, saturated, low_snr, too_large, z_edge,
/// too_close. Both members of a pair are too_close.
void GateCandidates(const FitContext& context, const PsfSettings& settings,
                    std::optional<double> saturation_adu, std::vector<BeadWork>& work);

/// Gates of one fit: fit_failed, low_snr, edge, z_edge, too_large, low_r2.
void GateFit(const FitContext& context, const PsfSettings& settings, BeadWork& work);

/// Gates that compare beads with each other, from 3 on: doublet (stretched against the median bead
/// along any direction, with the cumulants that two beads leave), low_r2 (misses the fit by far
/// more than the others: dirt, a pair in depth), too_large (2.5 times the median). The first two
/// are taken back where three or two of the four nearest beads are alike: there the field is so.
void GateAgainstField(const FitContext& context, std::vector<BeadWork>& work);

/// The same low_r2 against the shape that the beads of a channel share, once it is known.
void GateAgainstShape(const NoiseLine& noise, std::vector<BeadWork>& work);

}  // namespace qc_metrics
