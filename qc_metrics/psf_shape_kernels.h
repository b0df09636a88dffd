#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_shape.h"
#include "qc_metrics/psf_window.h"

namespace qc_metrics {

/// Eight numbers side by side; the compiler maps them onto the registers that the machine has. The
/// alignment is said because without 256-bit registers a compiler would be content with less.
using Lanes = float __attribute__((vector_size(32), aligned(32)));
inline constexpr int kLanes = 8;

/// Eight voxels: place relative to the window's origin, value in adu, 1 or 0 where none is.
struct VoxelBlock {
  Lanes x, y, z, value, use;
};

/// Voxels of a window, packed; of a window of more than `most` voxels an even selection.
[[nodiscard]] std::vector<VoxelBlock> PackWindow(const Window& window, int most);

/// Ten parameters of a bead under a shape: ln A, x0, y0, z0, and the symmetric E of
/// map <- exp(E) map in the order xx yy zz xy xz yz.
inline constexpr int kBeadParameters = 10;
using BeadVector = Eigen::Matrix<double, kBeadParameters, 1>;
using BeadMatrix = Eigen::Matrix<double, kBeadParameters, kBeadParameters>;

/// A bead as one shape seen through an affine map: light = background + amplitude g(map (x - c)).
struct MappedBead {
  Eigen::Vector3d centre_px = Eigen::Vector3d::Zero();  ///< relative to the window's origin
  Eigen::Matrix3d map = Eigen::Matrix3d::Identity();    ///< from voxels to u
  double amplitude_adu = 1.0;
  double background_adu = 0.0;
};

/// Sums of one pass over a bead's voxels.
struct ScoringSums {
  BeadMatrix information = BeadMatrix::Zero();
  BeadVector score = BeadVector::Zero();
  double chi2 = 0.0;
};

/// Information and score of the ten parameters; weights are of the model, never of the data.
[[nodiscard]] ScoringSums SumScores(const std::vector<VoxelBlock>& voxels, const ShapeTable& shape,
                                    const MappedBead& bead, const NoiseLine& noise);

/// Products of the columns [ten parameters | modes | residual], weighted and summed over voxels:
/// the lower triangle of X' W X, X of 10 + modes + 1 columns; `modes` in adu like the parameters.
[[nodiscard]] Eigen::MatrixXd SumProducts(const std::vector<VoxelBlock>& voxels,
                                          const ShapeTable& shape, const std::vector<Mode>& modes,
                                          const MappedBead& bead, const NoiseLine& noise);

/// Values of a shape at places u; accuracy 1e-6 of the peak.
void EvaluateShape(const ShapeTable& shape, std::span<const Eigen::Vector3d> u, double* out);

}  // namespace qc_metrics
