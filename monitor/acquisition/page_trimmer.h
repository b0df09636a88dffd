#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "monitor/acquisition/mapped_memory.h"

namespace monitor::acquisition {

/// Keeps the resident memory flat while planes of a file larger than the memory are read: whenever
/// this process holds more than `most_bytes`, pages of `memory` are given back; the kernel brings
/// them again from the file when they are touched. One thread beside the reader, a look every 20
/// ms.
class PageTrimmer {
 public:
  PageTrimmer(std::vector<std::shared_ptr<const MappedMemory>> memory, std::uint64_t most_bytes);

 private:
  std::vector<std::shared_ptr<const MappedMemory>> memory_;
  std::uint64_t most_bytes_;
  std::jthread thread_;
};

}  // namespace monitor::acquisition
