#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

#include "qc_metrics/psf_shape.h"
#include "qc_metrics/psf_shape_chunk.h"

namespace qc_metrics {

/// Products of modes, summed over the voxels of many beads, by way of their moments.
///
/// Method    the product of two Hermite functions of degrees i and j is a sum of Hermite functions
///           of sqrt(2) u of degrees i + j, i + j - 2 ..: the matrix of all products is a linear
///           map of the sums of those functions alone. 222 modes of degree 10 have 24,753 products
///           and 1771 such sums, and the map is made once for all beads.
/// Accuracy  1e-6 of the diagonal, as a plain sum in single precision: the functions are
///           orthonormal but for a factor, so that the map's coefficients stay of the order of one.
/// Source    products of Hermite functions: Abramowitz and Stegun 22.7, applied as a recurrence.
class ShapeMoments {
 public:
  explicit ShapeMoments(const std::vector<Mode>& modes);

  /// Adds the voxels of one chunk to the bead at hand.
  void Take(const VoxelChunk& chunk);
  /// Adds the bead at hand to the beads, or forgets it.
  void Keep();
  void Drop();

  /// Sums of scale^2 x mode x mode', symmetric, over the beads that were kept.
  [[nodiscard]] Eigen::MatrixXd Matrix() const;

  /// Eight moments: degree a in x, b and b + 2 in y, c, c + 2, c + 4 and c + 6 in z.
  struct Tile {
    int a, b, c;
  };

 private:
  static constexpr int kDegrees = 2 * kMaxShapeDegree + 1;
  [[nodiscard]] static std::size_t Index(int a, int b, int c) {
    return static_cast<std::size_t>((a * kDegrees + b) * kDegrees + c);
  }
  [[nodiscard]] Eigen::VectorXd AlongZ(const Mode& one, const Mode& other) const;

  std::vector<Mode> modes_;
  int degree_ = 0;  ///< highest of a moment
  std::vector<Tile> tiles_;
  std::vector<LaneSum> sums_;  ///< of the bead at hand, eight a tile
  std::vector<double> kept_;   ///< of all beads
};

}  // namespace qc_metrics
