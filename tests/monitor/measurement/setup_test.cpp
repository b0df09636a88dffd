#include "monitor/measurement/setup.h"

#include <gtest/gtest.h>

namespace monitor::measurement {
namespace {

TEST(Setup, WhoIsNearerWins) {
  SetupLayers layers;
  PutAssignment("zoom=1", layers.option);
  PutAssignment("zoom=2", layers.setup);
  PutAssignment("exposure_s=2", layers.setup);
  PutAssignment("z_step_um=4", layers.configuration);
  PutAssignment("gain_e_per_adu=4", layers.configuration);
  measurement::Setup setup(layers, {{"zoom", 3.0}, {"exposure_s", 3.0}, {"z_step_um", 3.0}});
  setup.PutDefault("gain_e_per_adu", 5.0);
  setup.PutDefault("saturation_adu", 255.0);
  const nlohmann::json json = setup.ToJson();
  EXPECT_EQ(json["zoom"].dump(), R"({"source":"option","value":1.0})");
  EXPECT_EQ(json["exposure_s"].dump(), R"({"source":"setup","value":2.0})");
  EXPECT_EQ(json["z_step_um"].dump(), R"({"source":"file","value":3.0})");
  EXPECT_EQ(json["gain_e_per_adu"].dump(), R"({"source":"configuration","value":4.0})");
  EXPECT_EQ(json["saturation_adu"].dump(), R"({"source":"default","value":255.0})");
}

TEST(Setup, OnePixelSizeIsBothDirections) {
  SetupLayers layers;
  PutAssignment("pixel_size_um=0.1", layers.option);
  const measurement::Setup setup(layers, {{"pixel_size_x_um", 0.2}});
  EXPECT_EQ(setup.Number("pixel_size_x_um"), 0.1);
  EXPECT_EQ(setup.Number("pixel_size_y_um"), 0.1);
}

TEST(Setup, ListsAreByChannel) {
  SetupLayers layers;
  PutAssignment("emission_nm=525,600", layers.option);
  PutAssignment("channel_name=green,red", layers.option);
  const measurement::Setup setup(layers, {});
  EXPECT_EQ(setup.Number("emission_nm", 1), 600.0);
  EXPECT_EQ(setup.Text("channel_name", 0), "green");
  EXPECT_EQ(setup.Number("emission_nm", 2), std::nullopt);
}

TEST(Setup, MissingKeysAreNamedOnce) {
  measurement::Setup setup;
  (void)setup.Needed("z_step_um");
  (void)setup.Needed("z_step_um");
  (void)setup.Needed("pixel_size_x_um");
  EXPECT_EQ(setup.MissingKeys(), (std::vector<std::string>{"z_step_um", "pixel_size_x_um"}));
}

TEST(Setup, WhatCannotBeIsRefusedAndNotTakenFromAFile) {
  SetupLayer layer;
  const std::string long_name = "channel_name=" + std::string(201, 'x');
  for (const char* word : {"pixel_size_um=0", "pixel_size_um=20000", "z_step_um=0.00001",
                           "numerical_aperture=5", "refractive_index=0.9", "emission_nm=525,6000",
                           "line_nm=0.488", "channel_name=a\nb", long_name.c_str()}) {
    EXPECT_THROW(PutAssignment(word, layer), UsageError) << word;
  }
  EXPECT_TRUE(layer.empty());
  const measurement::Setup setup({}, {{"numerical_aperture", 14.0}, {"refractive_index", 1.5}});
  EXPECT_EQ(setup.Number("numerical_aperture"), std::nullopt);
  EXPECT_EQ(setup.Number("refractive_index"), 1.5);
  EXPECT_FALSE(measurement::Setup({}, {{"numerical_aperture", 1.4}, {"refractive_index", 1.0}})
                   .ApertureIsPossible());
}

TEST(Setup, AKeyIsStatedOnce) {
  SetupLayer layer;
  PutAssignment("pixel_size_um=0.1", layer);
  EXPECT_THROW(PutAssignment("pixel_size_um=0.2", layer), UsageError);
  EXPECT_THROW(PutAssignment("pixel_size_y_um=0.2", layer), UsageError);
}

TEST(Setup, WrongKeysAndValuesAreUsageErrors) {
  SetupLayer layer;
  for (const char* word : {"zoom", "zoom=", "zoom=-1", "zoom=inf", "zooom=1", "modality=wide",
                           "reference_channel=1.5", "channel_name=a,,b", "emission_nm=500,x"}) {
    EXPECT_THROW(PutAssignment(word, layer), UsageError) << word;
  }
  try {
    PutAssignment("camera_ofset_adu=1", layer);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("camera_offset_adu"), std::string::npos);
  }
  EXPECT_TRUE(layer.empty());
}

}  // namespace
}  // namespace monitor::measurement
