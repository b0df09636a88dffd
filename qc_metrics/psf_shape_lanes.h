#pragma once

#include "qc_metrics/psf_shape.h"

// One source, two builds of the hot loops where the compiler can choose at run time: plain x86-64
// and one with 256-bit registers. Elsewhere (ARM, sanitizers) the plain build is the only one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ETALON_HOT __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define ETALON_HOT
#endif
#define ETALON_INLINE [[gnu::always_inline]] inline

namespace qc_metrics {

/// Eight numbers side by side; the compiler maps them onto the registers that the machine has. The
/// alignment is said because without 256-bit registers a compiler would be content with less.
using Lanes = float __attribute__((vector_size(32), aligned(32)));
inline constexpr int kLanes = 8;

/// The same as an element of a vector, which drops the attributes of a plain type.
struct LaneSum {
  Lanes at{};
};

/// Sum of the eight numbers.
ETALON_INLINE double Total(const Lanes& lanes) {
  double sum = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) {
    sum += static_cast<double>(lanes[lane]);
  }
  return sum;
}

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
