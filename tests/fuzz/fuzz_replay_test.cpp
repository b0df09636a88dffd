#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_targets.h"

namespace fuzz {
namespace {

namespace fs = std::filesystem;

// Seeds, and every input that once did harm: none does again.
TEST(FuzzReplay, EverySeedIsReadOrRefused) {
  for (const Target& target : Targets()) {
    const fs::path folder = fs::path(ETALON_SOURCE_DIR "/tests/fuzz/seeds") / target.name;
    std::size_t seeds = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      SCOPED_TRACE(entry.path().string());
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
      EXPECT_NO_THROW(target.feed(bytes));
      ++seeds;
    }
    EXPECT_GT(seeds, 0U) << folder;
  }
}

}  // namespace
}  // namespace fuzz
