#include "monitor/acquisition/imagej_metadata.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

TiffWords Words(const std::string& description) {
  TiffWords words;
  words.description = description;
  words.x_resolution = 10.0;
  words.y_resolution = 5.0;
  return words;
}

TEST(ImageJ, ChannelsAreFastest) {
  const PlanePlan plan =
      ReadImageJ(Words("ImageJ=1.53\nimages=6\nchannels=2\nslices=3\nunit=micron\n"), 6);
  EXPECT_EQ(plan.axes.size_c, 2);
  EXPECT_EQ(plan.axes.size_z, 3);
  EXPECT_EQ(plan.page_of_plane, (std::vector<std::size_t>{0, 2, 4, 1, 3, 5}));
}

TEST(ImageJ, ScaleIsPixelsPerUnit) {
  const PlanePlan plan = ReadImageJ(
      Words("ImageJ=1.53\nimages=2\nslices=2\nunit=\\u00B5m\nspacing=0.125\nfinterval=NaN\n"), 2);
  EXPECT_EQ(std::get<double>(plan.metadata.at("pixel_size_x_um")), 0.1);
  EXPECT_EQ(std::get<double>(plan.metadata.at("pixel_size_y_um")), 0.2);
  EXPECT_EQ(std::get<double>(plan.metadata.at("z_step_um")), 0.125);
  EXPECT_FALSE(plan.metadata.contains("frame_interval_s"));
}

TEST(ImageJ, PixelsAreNoUnit) {
  EXPECT_TRUE(ReadImageJ(Words("ImageJ=1.53\nunit=pixel\nspacing=1\n"), 1).metadata.empty());
}

TEST(ImageJ, OnePageWithManyImagesIsItsBigTiff) {
  EXPECT_TRUE(ReadImageJ(Words("ImageJ=1.53\nimages=40\nslices=40\n"), 1).one_directory);
}

TEST(ImageJ, CountsThatContradictAreRefused) {
  EXPECT_THROW((void)ReadImageJ(Words("ImageJ=1.53\nimages=6\nslices=5\n"), 6), ReadError);
  EXPECT_THROW((void)ReadImageJ(Words("ImageJ=1.53\nimages=6\nslices=6\n"), 5), ReadError);
  EXPECT_THROW((void)ReadImageJ(Words("ImageJ=1.53\nimages=-6\n"), 6), ReadError);
}

}  // namespace
}  // namespace monitor::acquisition
