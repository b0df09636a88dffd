#pragma once

/// ETALON_WIDE_KERNEL marks a free function as a hot loop that is compiled twice: for processors
/// with AVX2 and FMA (x86-64-v3) and for all; the best one is chosen when the program starts.
/// ETALON_WIDEST_KERNEL adds a third build, for processors with AVX-512 (x86-64-v4). It is for
/// loops that give the same digits however many elements are taken at once: not for those that call
/// the C library's vector mathematics, whose last digits hang on the width.
///
/// "arch=haswell" must not be used here: its clone is chosen on that one family only. Not with
/// sanitizers, whose start comes after the choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ETALON_WIDE_KERNEL \
  __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#define ETALON_WIDEST_KERNEL \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
// Says of a declaration of the C library's mathematics that its vector version may stand for it.
#define ETALON_WIDE_CALL __attribute__((simd("notinbranch"), const))
#else
#define ETALON_WIDE_KERNEL
#define ETALON_WIDEST_KERNEL
#define ETALON_WIDE_CALL
#endif
