#include "monitor/acquisition/page_trimmer.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace monitor::acquisition {
namespace {

constexpr std::chrono::milliseconds kPause{20};

std::uint64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long all = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &all, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

PageTrimmer::PageTrimmer(std::vector<std::shared_ptr<const MappedMemory>> memory,
                         std::uint64_t most_bytes)
    : memory_(std::move(memory)), most_bytes_(most_bytes), thread_([this](std::stop_token stop) {
        while (!stop.stop_requested()) {
          if (ResidentBytes() > most_bytes_) {
            for (const auto& mapping : memory_) mapping->Release(0, mapping->bytes().size());
          }
          std::this_thread::sleep_for(kPause);
        }
      }) {}

}  // namespace monitor::acquisition
