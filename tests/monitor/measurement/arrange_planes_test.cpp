#include "monitor/measurement/arrange_planes.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/setup_keys.h"

namespace monitor::measurement {
namespace {

// Six planes whose pixels carry their page number.
acquisition::Image SixPages() {
  acquisition::Image image;
  for (int page = 0; page < 6; ++page) {
    image.planes.emplace_back(8, 10, CV_8UC1, cv::Scalar(page));
  }
  image.axes = {6, 1, 1, false};
  return image;
}

int PageOf(const cv::Mat& plane) { return plane.at<std::uint8_t>(0, 0); }

TEST(ArrangePlanes, UnstatedAxesFollowTheAnalysis) {
  acquisition::Image image = SixPages();
  ArrangePlanes(std::nullopt, NaturalAxis::kChannel, image);
  EXPECT_EQ(image.axes.size_c, 6);
  EXPECT_EQ(image.axes.size_z, 1);
}

TEST(ArrangePlanes, SlowestFirst) {
  acquisition::Image image = SixPages();
  ArrangePlanes("z3c2", NaturalAxis::kZ, image);
  const qc_metrics::Stack second = acquisition::ChannelStack(image, 1, 0);
  ASSERT_EQ(second.planes.size(), 3U);
  EXPECT_EQ(PageOf(second.planes[0]), 1);
  EXPECT_EQ(PageOf(second.planes[2]), 5);
}

TEST(ArrangePlanes, TheOpenAxisTakesTheRest) {
  acquisition::Image image = SixPages();
  ArrangePlanes("c2zyx", NaturalAxis::kZ, image);
  EXPECT_EQ(image.axes.size_z, 3);
  EXPECT_EQ(PageOf(acquisition::ChannelStack(image, 1, 0).planes[0]), 3);
}

TEST(ArrangePlanes, WrongWordsAndLengths) {
  acquisition::Image image = SixPages();
  for (const char* word : {"q", "zz", "zc", "z3c2z", "", "3z"}) {
    EXPECT_THROW(ArrangePlanes(word, NaturalAxis::kZ, image), UsageError) << word;
  }
  EXPECT_THROW(ArrangePlanes("c4z", NaturalAxis::kZ, image), acquisition::ReadError);
  EXPECT_THROW(ArrangePlanes("c7z", NaturalAxis::kZ, image), acquisition::ReadError);
}

TEST(CropPlanes, KeepsToTheImage) {
  acquisition::Image image = SixPages();
  EXPECT_EQ(CropPlanes("1,2,4,5", image), cv::Rect(1, 2, 4, 5));
  EXPECT_EQ(image.planes[3].size(), cv::Size(4, 5));
  for (const char* word : {"0,0,9,9", "0,0,0,1", "1,2,3", "1,2,3,4,5", "-1,0,2,2", "a,b,c,d"}) {
    EXPECT_THROW((void)CropPlanes(word, image), UsageError) << word;
  }
}

}  // namespace
}  // namespace monitor::measurement
