#include "monitor/acquisition/stage_positions.h"

#include <gtest/gtest.h>

#include <string>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

std::string Refusal(const std::string& text) {
  try {
    (void)ReadStagePositions(text);
  } catch (const ReadError& error) {
    return error.what();
  }
  return "";
}

TEST(StagePositionsTest, ColumnsInAnyOrder) {
  const StagePositions list = ReadStagePositions(
      "# stage 2\nround,direction,distance_um,x_um,y_um,z_um\n1,reference,0,1.5,2,3\n"
      "1,+x,300,1.25,-2.5,3e0\n");
  ASSERT_EQ(list.rows.size(), 2U);
  EXPECT_TRUE(list.has_places);
  EXPECT_EQ(list.rows[1].direction, "+x");
  EXPECT_EQ(list.rows[1].distance_um, 300.0);
  EXPECT_EQ(list.rows[1].position_um, (std::array<double, 3>{1.25, -2.5, 3.0}));
  EXPECT_TRUE(list.rows[1].has_z);
  const StagePositions other =
      ReadStagePositions("y_um;x_um;direction;distance_um\n1;2;left;3000\n");
  EXPECT_EQ(other.rows[0].position_um, (std::array<double, 3>{2.0, 1.0, 0.0}));
  EXPECT_FALSE(other.rows[0].has_z);
  EXPECT_FALSE(ReadStagePositions("direction,distance_um\n+x,300\n").has_places);
}

TEST(StagePositionsTest, WhatIsWrongIsNamed) {
  const std::string header = "direction,distance_um,x_um,y_um\n";
  EXPECT_NE(Refusal("").find("no rows"), std::string::npos);
  EXPECT_NE(Refusal(header).find("no rows"), std::string::npos);
  EXPECT_NE(Refusal("direction,x_um,y_um\n+x,1,2\n").find("distance_um"), std::string::npos);
  EXPECT_NE(Refusal("direction,distance_um,x_mm,y_um\n+x,1,2,3\n").find("x_mm"), std::string::npos);
  EXPECT_NE(Refusal("direction,distance_um,x_um,x_um\n+x,1,2,3\n").find("two columns"),
            std::string::npos);
  EXPECT_NE(Refusal("direction,distance_um,x_um\n+x,1,2\n").find("both x_um and y_um"),
            std::string::npos);
  EXPECT_NE(Refusal("direction,distance_um,z_um\n+x,1,2\n").find("both x_um and y_um"),
            std::string::npos);
  EXPECT_NE(Refusal(header + "+x,300,1\n").find("3 cells"), std::string::npos);
  EXPECT_NE(Refusal(header + "+x,300,1,2\n+x,300,nan,2\n").find("row 3"), std::string::npos);
  EXPECT_NE(Refusal(header + "+x,300,1,1e8\n").find("y_um"), std::string::npos);
  EXPECT_NE(Refusal(header + "+x,-300,1,2\n").find("below 0"), std::string::npos);
  EXPECT_NE(Refusal(header + ",300,1,2\n").find("no direction"), std::string::npos);
  EXPECT_EQ(Refusal(header + ",0,1,2\n"), "");
  EXPECT_NE(Refusal(header + std::string(33, 'x') + ",300,1,2\n").find("32"), std::string::npos);
  EXPECT_NE(Refusal("round,direction,distance_um,x_um,y_um\none,+x,300,1,2\n").find("round"),
            std::string::npos);
}

TEST(StagePositionsTest, ManyRowsAreRefused) {
  std::string text = "direction,distance_um,x_um,y_um\n";
  for (int i = 0; i < 100'000; ++i) text += "+x,300,1,2\n";
  EXPECT_EQ(Refusal(text), "");
  text += "+x,300,1,2\n";
  EXPECT_NE(Refusal(text).find("100000"), std::string::npos);
}

TEST(StagePositionsTest, ImagesAreNoLists) {
  EXPECT_TRUE(LooksLikePositions("round,direction,distance_um"));
  EXPECT_FALSE(LooksLikePositions("II*"));
  EXPECT_FALSE(LooksLikePositions(std::string_view("direction distance_um\0", 22)));
}

}  // namespace
}  // namespace monitor::acquisition
