#include "monitor/measurement/merge_setups.h"

#include <gtest/gtest.h>

#include <vector>

namespace monitor::measurement {
namespace {

InputSetup Input(const std::vector<std::string>& assignments, int channels = 1) {
  SetupLayers layers;
  for (const std::string& assignment : assignments) PutAssignment(assignment, layers.option);
  return {Setup(layers, {}), channels};
}

TEST(MergeSetups, WhatHoldsForAllStaysAsItIs) {
  const std::vector<InputSetup> inputs = {Input({"camera_offset_adu=5", "channel_name=A,B"}),
                                          Input({"camera_offset_adu=5", "channel_name=A,B"})};
  const nlohmann::json json = MergeSetups(inputs).ToJson();
  EXPECT_EQ(json["camera_offset_adu"].dump(), R"({"source":"option","value":5.0})");
  EXPECT_EQ(json["channel_name"].dump(), R"({"source":"option","value":["A","B"]})");
  EXPECT_EQ(ChannelNameOf(inputs, 0, 0), "A");
  EXPECT_EQ(ChannelNameOf(inputs, 1, 0), "B");
}

TEST(MergeSetups, WhatDiffersIsWrittenByChannel) {
  const std::vector<InputSetup> inputs = {
      Input({"camera_offset_adu=5", "channel_name=green", "zoom=2", "roi=0,0,20,20"}),
      Input({"camera_offset_adu=7.5", "channel_name=red,far red"}, 2)};
  const measurement::Setup merged = MergeSetups(inputs);
  EXPECT_EQ(merged.Text("camera_offset_adu"), "5,7.5,7.5");
  EXPECT_EQ(merged.Text("channel_name"), "green,red,far red");
  EXPECT_EQ(merged.Text("zoom"), "2,,");
  EXPECT_EQ(merged.Text("roi"), "\"0,0,20,20\",,");
  EXPECT_EQ(ChannelNameOf(inputs, 1, 1), "far red");
}

TEST(MergeSetups, OneInputIsLeftAlone) {
  const std::vector<InputSetup> inputs = {Input({"emission_nm=525,600"}, 2)};
  EXPECT_EQ(MergeSetups(inputs).ToJson()["emission_nm"]["value"].dump(), "[525.0,600.0]");
  EXPECT_EQ(ChannelNameOf(inputs, 0, 0), std::nullopt);
}

}  // namespace
}  // namespace monitor::measurement
