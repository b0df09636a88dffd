// One libFuzzer program a target; ETALON_FUZZ_TARGET is its name.

#include <cstdlib>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Target& target = []() -> const fuzz::Target& {
    for (const fuzz::Target& one : fuzz::Targets()) {
      if (one.name == ETALON_FUZZ_TARGET) return one;
    }
    std::abort();
  }();
  target.feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
