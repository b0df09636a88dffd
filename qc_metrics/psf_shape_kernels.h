#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_shape_sums.h"
#include "qc_metrics/psf_window.h"

namespace qc_metrics {

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

/// Adds one bead's voxels to sums over modes: its own columns are the ten parameters, the modes in
/// adu like them. The bead is not ended.
void TakeBead(const std::vector<VoxelBlock>& voxels, const ShapeTable& shape,
              const MappedBead& bead, const NoiseLine& noise, ShapeSums& sums);

/// Values of a shape at places u; accuracy 1e-6 of the peak.
void EvaluateShape(const ShapeTable& shape, std::span<const Eigen::Vector3d> u, double* out);

}  // namespace qc_metrics
