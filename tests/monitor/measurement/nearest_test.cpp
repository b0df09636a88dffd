#include "monitor/measurement/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace monitor::measurement {
namespace {

constexpr std::array<std::string_view, 3> kKnown = {"pixel_size_um", "zoom", "camera_offset_adu"};

TEST(NearestWord, MisspeltAndUnfinished) {
  EXPECT_EQ(NearestWord("pixel_size", kKnown), "pixel_size_um");
  EXPECT_EQ(NearestWord("zom", kKnown), "zoom");
  EXPECT_EQ(NearestWord("camera_ofset", kKnown), "camera_offset_adu");
}

TEST(NearestWord, NothingNear) {
  EXPECT_EQ(NearestWord("wavelength", kKnown), "");
  EXPECT_EQ(NearestWord(std::string(1000, 'z'), kKnown), "");
}

}  // namespace
}  // namespace monitor::measurement
