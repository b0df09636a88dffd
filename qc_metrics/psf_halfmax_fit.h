#pragma once

#include <optional>
#include <vector>

#include "qc_metrics/psf_bead_fit.h"
#include "qc_metrics/psf_shape_kernels.h"

namespace qc_metrics {

/// One bead on its way through the shape: its voxels and where its own ten parameters stand.
struct ShapedBead {
  std::size_t index = 0;  ///< of the bead among those measured
  std::array<int, 3> origin{};
  std::vector<VoxelBlock> voxels;
  int count = 0;  ///< voxels used
  MappedBead light;
  Estimate background;
  std::vector<std::array<int, 2>> hot_columns;  ///< x, y in the stack, left out of every window
  BeadMatrix information = BeadMatrix::Zero();
  double chi2 = 0.0;

  [[nodiscard]] double ChiSquarePerDof() const;
};

/// Whether the map stays symmetric: it must while the shape is a Gaussian, which no turn of the
/// map changes.
enum class MapKind { kSymmetric, kFree };

/// A bead as its core was fitted, in a frozen window of 3 sigma, on its far background.
/// Errors    nothing when the window has fewer than 60 voxels.
[[nodiscard]] std::optional<ShapedBead> StartShaped(const FitContext& context,
                                                    const FittedBead& fitted);

/// Freezes a new window of 3.5 in units of the widths (um) that were found.
/// Errors    false when it has fewer than 60 voxels.
[[nodiscard]] bool Rewindow(const FitContext& context, const std::array<double, 3>& fwhm_um,
                            ShapedBead& bead);

/// Fisher scoring of the ten parameters against a frozen shape, until half the squared length of a
/// step falls below 5e-5 or `steps` are done.
/// Errors    false when the information is singular or the bead runs away.
[[nodiscard]] bool FitShaped(const ShapeTable& shape, const NoiseLine& noise, MapKind kind,
                             int steps, ShapedBead& bead);

}  // namespace qc_metrics
