#pragma once

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

/// Four numbers in double precision.
using WideLanes = double __attribute__((vector_size(32), aligned(32)));
inline constexpr int kWideLanes = 4;

/// Sum of the numbers.
ETALON_INLINE double Total(const Lanes& lanes) {
  double sum = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) {
    sum += static_cast<double>(lanes[lane]);
  }
  return sum;
}
ETALON_INLINE double Total(const WideLanes& lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

}  // namespace qc_metrics
