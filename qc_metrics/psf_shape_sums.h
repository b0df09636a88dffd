#pragma once

#include <Eigen/Core>
#include <vector>

#include "qc_metrics/psf_shape_moments.h"

namespace qc_metrics {

/// Normal equations of a shape's coefficients with every bead's own parameters projected out.
struct ShapeEquations {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd score;  ///< gradient of the log likelihood at the present coefficients
};

/// Weighted products of one bead's own columns, summed over its voxels.
struct OwnSums {
  Eigen::MatrixXd own;        ///< with each other
  Eigen::VectorXd own_score;  ///< with the residual
  Eigen::MatrixXd cross;      ///< own columns x modes
  Eigen::VectorXd score;      ///< modes with the residual
};

/// Gathers the equations of a shape bead by bead, chunk by chunk.
///
/// Method    H - C' I^-1 C of each bead, H by its moments, the own part (I, C) by plain sums.
/// Accuracy  1e-6 of the diagonal (single precision along the voxels).
class ShapeSums {
 public:
  /// `own` columns of each bead are its own, 15 at most.
  ShapeSums(const std::vector<Mode>& modes, int own);

  /// Adds a chunk of the bead at hand; its rows are the own columns, then the residual.
  void Take(const VoxelChunk& chunk);
  /// Sums of the bead at hand.
  [[nodiscard]] OwnSums Own() const;
  /// Ends the bead at hand and adds it.
  /// Errors    false, and nothing added, when its own parameters are not determined.
  [[nodiscard]] bool EndBead();

  /// No bead, or no mode: nothing to solve.
  [[nodiscard]] bool Empty() const { return beads_ == 0 || modes_ == 0; }
  [[nodiscard]] ShapeEquations Equations() const;

 private:
  [[nodiscard]] Eigen::MatrixXd Projected() const;

  std::vector<Mode> columns_;  ///< the modes, filled up to whole tiles
  Eigen::Index modes_, own_;
  int groups_ = 0;  ///< of four rows
  ShapeMoments moments_;
  std::vector<LaneSum> rows_, cross_;  ///< rows with rows and with modes, tiles of twelve
  int beads_ = 0;
  std::vector<Eigen::MatrixXf> halves_;  ///< of each bead: root of I^-1 x C
  Eigen::VectorXd score_;
};

}  // namespace qc_metrics
