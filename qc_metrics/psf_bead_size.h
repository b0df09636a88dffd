#pragma once

#include <optional>

#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// k of sqrt(FWHM^2 - k D^2), for a uniformly fluorescent ball of diameter D and the width of the
/// profile at half maximum (not the variance, whose k of 0.277 would take off 35 % too much).
struct BallFactor {
  double lateral = 0.0, axial = 0.0;
  double u_lateral = 0.0, u_axial = 0.0;  ///< how far aberrations and optics scatter about them
};

/// Largest ball, over the lateral width, whose part of the width is known well enough to remove.
inline constexpr double kLargestBall = 0.9;

/// The factors for a ball of D / FWHM_lateral = `share`.
///
/// Method    read off the widths of simulated light (scalar diffraction, ball by quadrature) for NA
///           0.5 to 1.4: at small D the lateral k is 0.199 for a camera and depends on the pinhole
///           for a confocal; it grows by 0.030 s + 0.025 s^2, s = share^2, alike for all optics.
///           The axial k is 0.30 + 0.12 s; the ball adds under 4 % there, so its scatter of 0.15 is
///           under 0.7 % of the width. Two photons: as a confocal with a closed pinhole.
/// Accuracy  corrected widths within 0.6 % lateral, 0.9 % axial for 0.10 and 0.17 um balls on
///           aberration-free light of NA 1.4 and with 0.05 waves rms of coma, astigmatism or
///           spherical aberration (test).
[[nodiscard]] BallFactor BallFactorOf(const Optics& optics, double share);

/// Adds `etalon.bead_corrected/1` (derived) to psf.fwhm.x .y .z .lateral of field and beads, from
/// etalon.halfmax/1, behind the other definitions of each id.
/// Errors    none of them, and the finding `bead_too_large`, where the ball exceeds 0.9 of the
///           median lateral width.
/// Uncertainty  of the width, and the factor's; the ball's diameter belongs to the reference part.
void AddBeadCorrected(const PsfField& field, const PsfSettings& settings, int channel,
                      Report& report);

}  // namespace qc_metrics
