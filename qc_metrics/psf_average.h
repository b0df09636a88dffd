#pragma once

#include <optional>

#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// The mean of the field's beads, each moved so that its fitted centre lies on the middle voxel.
struct AveragedPsf {
  Stack stack;  ///< CV_32F, voxels of the input, adu; odd sizes, the centre is the middle voxel
  std::array<int, 3> middle{};  ///< x, y, z of it
  int beads = 0;
  std::optional<GaussianBead> gaussian;  ///< etalon.gauss3d/1 of the mean; centre about 0, 0, 0
};

/// Averages kept beads, the brightest 64 of them.
///
/// Input     the stack that `field` was measured on.
/// Method    a cut of 2.5 median full widths to each side of the bead, shifted by its sub-pixel
///           place with the polynomial through eight voxels on each axis (it keeps moments up to
///           the seventh, so that no width is added), and added up bead by bead; memory holds one
///           cut and the sum, however many beads. Beads whose cut leaves the stack are not used; in
///           z the cut shrinks to what half of the beads have, but not below 1.25 full widths.
///           Brighter beads weigh more, as their light does.
/// Errors    nothing where no bead can be cut; no `gaussian` where the fit is not a bead's.
/// Accuracy  width within 0.3 % of the beads' at 3.3 voxels a full width (test);
///           undersampled light is broadened by its own aliases.
/// Uncertainty  fit covariance, with the noise of the mean.
/// Threads   reentrant, keeps no state.
[[nodiscard]] std::optional<AveragedPsf> AveragePsf(const Stack& stack, const PsfSettings& settings,
                                                    const PsfField& field);

/// Adds `etalon.averaged_psf/1` to psf.fwhm.x .y .z .lateral and psf.asymmetry, behind the other
/// definitions of each id: a picture for people with numbers to it, not what judges a field (it
/// hides how beads differ).
void AddAveraged(const AveragedPsf& average, int channel, Report& report);

}  // namespace qc_metrics
