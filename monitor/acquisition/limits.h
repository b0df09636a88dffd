#pragma once

#include <cstddef>
#include <cstdint>

namespace monitor::acquisition {

// What a file may ask of this machine. Each limit is far above what a microscope writes and far
// below what would hurt the acquisition PC; going over one is a ReadError.

// Fuzzers look for allocations beside the pixels: theirs are small.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr unsigned kPixelShift = 7;
#else
inline constexpr unsigned kPixelShift = 0;
#endif

inline constexpr std::uint32_t kMaxSidePx = 131072;
inline constexpr std::size_t kMaxPages = 200000;
inline constexpr std::uint64_t kMaxPlaneBytes = std::uint64_t{2} << (30 - kPixelShift);
inline constexpr std::uint64_t kMaxDecodedBytes = std::uint64_t{32}
                                                  << (30 - kPixelShift);  ///< of one image
inline constexpr std::uint64_t kMaxTileBytes = std::uint64_t{256} << (20 - kPixelShift);
inline constexpr std::uint64_t kMaxLibtiffAllocation = std::uint64_t{512} << (20 - kPixelShift / 2);
/// No lossless codec that we read packs tighter; more is a header that lies.
inline constexpr std::uint64_t kMaxCompressionRatio = 4096;
inline constexpr std::size_t kMaxDescriptionBytes = std::size_t{48}
                                                    << 20;  ///< of XML, whatever carries it
inline constexpr std::size_t kMaxLogBytes = std::size_t{256} << 20;
inline constexpr std::size_t kMaxLogRows = 4'000'000;
inline constexpr std::size_t kMaxLogLineBytes = 4096;

}  // namespace monitor::acquisition
