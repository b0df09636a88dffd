#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "qc_metrics/grid_spots.h"

namespace qc_metrics {

/// A spot with its place in the grid.
struct LatticePoint {
  std::size_t spot = 0;  ///< index of the spot
  int i = 0, j = 0;      ///< column and row of the grid, along x and along y
};

/// The grid that the spots form.
struct Lattice {
  std::vector<LatticePoint> points;
  std::array<double, 2> along_x_px{};  ///< mean step from one column to the next
  std::array<double, 2> along_y_px{};
  std::vector<std::size_t> strays;  ///< spots that are not of the grid
};

/// Finds the square grid in a set of spots.
///
/// Method    the step is the commonest difference between neighbours; from the spot whose
///           neighbours fit best the grid is followed from spot to spot, each step predicted from
///           the last one, so that distortion adds up without harm; spots behind gaps are then
///           reached by a quadratic model of all that is indexed. The axis nearer to the image's x
///           counts columns.
/// Errors    nothing when fewer than 4 spots follow each other.
[[nodiscard]] std::optional<Lattice> IndexLattice(std::span<const GridSpot> spots);

}  // namespace qc_metrics
