#pragma once

#include "qc_metrics/psf_lanes.h"

namespace qc_metrics {

inline constexpr int kChunk = 16;
inline constexpr int kMostRows = 16;

/// Weighted voxels of one bead, up to 16 blocks of eight, ready for sums over modes.
struct VoxelChunk {
  int blocks = 0;
  Lanes u[3][kChunk];             ///< place in the bead's own coordinates
  Lanes scale[kChunk];            ///< root of the weight x light of psi_000
  Lanes rows[kMostRows][kChunk];  ///< root of the weight x own columns, then x residual; else 0
};

/// Adds the products of rows a, a + 1 .. a + 3 with columns b, b + 1, b + 2 to twelve sums.
ETALON_INLINE void AddTile(const Lanes (*a)[kChunk], const Lanes (*b)[kChunk], int blocks,
                           Lanes* sums) {
  Lanes s[12];
  for (int i = 0; i < 12; ++i) s[i] = sums[i];
  for (int n = 0; n < blocks; ++n) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 3; ++j) s[3 * i + j] += a[i][n] * b[j][n];
    }
  }
  for (int i = 0; i < 12; ++i) sums[i] = s[i];
}

}  // namespace qc_metrics
