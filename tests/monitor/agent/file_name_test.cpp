#include "monitor/agent/file_name.h"

#include <gtest/gtest.h>

#include <string>

namespace monitor::agent {
namespace {

TEST(FileName, EncodesReversibly) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& name : {std::string("plain.tif"), std::string("µ-Slide.tif"), all,
                                  std::string("50%41.tif"), std::string("\xE2\x82")}) {
    EXPECT_TRUE(IsUtf8(EncodeName(name)));
    EXPECT_EQ(DecodeName(EncodeName(name)), name);
  }
  EXPECT_EQ(EncodeName("µ.tif"), "µ.tif");
  EXPECT_EQ(EncodeName("a\xff.tif"), "a%FF.tif");
}

TEST(FileName, KnowsWhatIsNotUtf8) {
  EXPECT_TRUE(IsUtf8("\xF0\x9F\x94\xAC"));
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(IsUtf8("\xE2\x82"));          // cut
}

}  // namespace
}  // namespace monitor::agent
