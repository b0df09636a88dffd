#include "monitor/acquisition/lif_image.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "tests/monitor/acquisition/lif_writer.h"
#include "tests/monitor/acquisition/real_file.h"

namespace monitor::acquisition {
namespace {

std::string Dimension(int id, int count, double length, long long stride, const char* unit = "m") {
  return "<DimensionDescription DimID=\"" + std::to_string(id) + "\" NumberOfElements=\"" +
         std::to_string(count) + "\" Length=\"" + std::to_string(length) + "\" Unit=\"" + unit +
         "\" BytesInc=\"" + std::to_string(stride) + "\"/>";
}

std::string Channel(int bits, long long first) {
  return "<ChannelDescription DataType=\"0\" Resolution=\"" + std::to_string(bits) +
         "\" BytesInc=\"" + std::to_string(first) + "\"/>";
}

std::string Series(const std::string& name, const std::string& channels,
                   const std::string& dimensions, const std::string& block,
                   const std::string& more = "") {
  return "<Element Name=\"" + name + "\"><Data><Image><ImageDescription><Channels>" + channels +
         "</Channels><Dimensions>" + dimensions + "</Dimensions></ImageDescription>" + more +
         "</Image></Data><Memory Size=\"1\" MemoryBlockID=\"" + block + "\"/><Children/></Element>";
}

std::string Container(int version, const std::string& series) {
  return "<LMSDataContainerHeader Version=\"" + std::to_string(version) +
         "\"><Element Name=\"all\"><Children>" + series +
         "</Children></Element></LMSDataContainerHeader>";
}

// Values 0, 1, 2 ... so that a place in memory is a value.
std::string Counted(std::size_t count) {
  std::string values;
  for (std::size_t i = 0; i < count; ++i) Append(static_cast<std::uint16_t>(i), values);
  return values;
}

Image Read(const std::string& bytes, std::optional<std::string> scene = std::nullopt) {
  return ReadImage(WrittenFile(bytes).Source(std::move(scene)));
}

std::string Refusal(const std::string& bytes, ReadFault fault,
                    std::optional<std::string> scene = std::nullopt) {
  try {
    (void)Read(bytes, std::move(scene));
  } catch (const ReadError& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was read";
  return "";
}

constexpr int kWidth = 5;
constexpr int kHeight = 4;
constexpr int kPlane = kWidth * kHeight;

// Channel fastest, then z, then time, as LAS X stores them.
std::string Plain(int version) {
  return LifBytes(version,
                  Container(version, Series("one", Channel(12, 0) + Channel(12, 2 * kPlane),
                                            Dimension(1, kWidth, 0.000004, 2) +
                                                Dimension(2, kHeight, -0.000006, 2 * kWidth) +
                                                Dimension(3, 3, -0.000001, 4 * kPlane) +
                                                Dimension(4, 2, 1.5, 12 * kPlane, "s"),
                                            "Block_1")),
                  {{"Block_0", "xyz"}, {"Block_1", Counted(12 * kPlane)}});
}

TEST(LifImage, PlanesStandByTimeChannelAndZ) {
  for (const int version : {1, 2}) {
    const Image image = Read(Plain(version));
    EXPECT_EQ(image.format, "LIF");
    ASSERT_EQ(image.axes.size_z, 3);
    ASSERT_EQ(image.axes.size_c, 2);
    ASSERT_EQ(image.axes.size_t, 2);
    std::size_t index = 0;
    for (int t = 0; t < 2; ++t) {
      for (int c = 0; c < 2; ++c) {
        for (int z = 0; z < 3; ++z, ++index) {
          const int first = ((t * 3 + z) * 2 + c) * kPlane;
          ASSERT_EQ(image.planes[index].at<std::uint16_t>(0, 0), first);
          ASSERT_EQ(image.planes[index].at<std::uint16_t>(3, 2), first + 3 * kWidth + 2);
        }
      }
    }
    EXPECT_EQ(image.metadata.at("saturation_adu"), MetadataValue(4095.0));
    EXPECT_EQ(image.metadata.at("pixel_size_x_um"), MetadataValue(1.0));
    EXPECT_EQ(image.metadata.at("pixel_size_y_um"), MetadataValue(2.0));
    EXPECT_EQ(image.metadata.at("z_step_um"), MetadataValue(0.5));
    EXPECT_EQ(image.metadata.at("frame_interval_s"), MetadataValue(1.5));
  }
}

TEST(LifImage, InterleavedChannelsAreGathered) {
  const Image image = Read(LifBytes(
      2,
      Container(2, Series("rgb", Channel(16, 0) + Channel(16, 2) + Channel(16, 4),
                          Dimension(1, kWidth, 0, 6) + Dimension(2, kHeight, 0, 6 * kWidth), "B")),
      {{"B", Counted(3 * kPlane)}}));
  ASSERT_EQ(image.planes.size(), 3U);
  EXPECT_EQ(image.planes[1].at<std::uint16_t>(0, 0), 1);
  EXPECT_EQ(image.planes[2].at<std::uint16_t>(2, 3), 3 * (2 * kWidth + 3) + 2);
  EXPECT_FALSE(image.metadata.contains("pixel_size_x_um"));
}

TEST(LifImage, AStackOfSectionsBecomesAStackOfPlanes) {
  // x fastest, then z, then y.
  const Image image = Read(LifBytes(2,
                                    Container(2, Series("xzy", Channel(16, 0),
                                                        Dimension(1, kWidth, 0.000004, 2) +
                                                            Dimension(3, 6, 0.000010, 2 * kWidth) +
                                                            Dimension(2, kHeight, 0.000006, 60),
                                                        "B")),
                                    {{"B", Counted(6 * kPlane)}}));
  ASSERT_EQ(image.axes.size_z, 6);
  ASSERT_EQ(image.planes.size(), 6U);
  EXPECT_EQ(image.planes[0].size(), cv::Size(kWidth, kHeight));
  EXPECT_EQ(image.planes[5].at<std::uint16_t>(3, 4), 3 * 30 + 5 * kWidth + 4);
  EXPECT_EQ(image.metadata.at("z_step_um"), MetadataValue(2.0));
  EXPECT_TRUE(image.notes.empty());
}

TEST(LifImage, ASectionKeepsItsPlaneAndSaysSo) {
  const Image image = Read(LifBytes(
      2,
      Container(2,
                Series("xz", Channel(8, 0),
                       Dimension(1, kWidth, 0.000004, 1) + Dimension(3, 3, 0.000001, kWidth), "B")),
      {{"B", std::string(15, 'a')}}));
  ASSERT_EQ(image.planes.size(), 1U);
  EXPECT_EQ(image.planes[0].size(), cv::Size(kWidth, 3));
  EXPECT_EQ(image.metadata.at("pixel_size_y_um"), MetadataValue(0.5));
  EXPECT_FALSE(image.metadata.contains("z_step_um"));
  ASSERT_EQ(image.notes.size(), 1U);
  EXPECT_EQ(image.notes[0].code, "axial_section");
}

TEST(LifImage, SeriesAreChosenByNameOrNumber) {
  const auto series = [](const std::string& name, const std::string& block) {
    return Series(name, Channel(8, 0), Dimension(1, 2, 0, 1) + Dimension(2, 2, 0, 2), block);
  };
  const std::string bytes = LifBytes(
      2,
      Container(2, series("beads", "B0") + "<Element Name=\"folder\"><Children>" +
                       series("beads", "B1") + "</Children></Element>" + series("slide", "B2")),
      {{"B0", "aaaa"}, {"B1", "bbbb"}, {"B2", "cccc"}});
  EXPECT_EQ(Read(bytes, "beads").planes[0].at<char>(0, 0), 'a');
  EXPECT_EQ(Read(bytes, "folder/beads").planes[0].at<char>(1, 1), 'b');
  EXPECT_EQ(Read(bytes, "2").planes[0].at<char>(1, 1), 'c');
  const std::string said = Refusal(bytes, ReadFault::kSceneNeeded);
  EXPECT_NE(said.find("1 = 'folder/beads' (2 x x 2 y)"), said.npos) << said;
  Refusal(bytes, ReadFault::kSceneNeeded, "3");
}

TEST(LifImage, SettingsAreTakenWithTheirUnits) {
  const std::string settings = R"(<TimeStampList>1d71114eb8b44f0 1d71114ebdc2410 </TimeStampList>
    <Attachment Name="HardwareSetting" SystemTypeName="TCS SP8"><ATLConfocalSettingDefinition
    NumericalAperture="1.3" RefractionIndex="1.46" Immersion="GLYC" ObjectiveName="HC PL 63x "
    Magnification="63" Zoom="2.5" PinholeAiry="0.8" SystemSerialNumber="81"><AotfList><Aotf>
    <LaserLineSetting LaserLine="488" IntensityDev="5"/>
    <LaserLineSetting LaserLine="552" IntensityDev="0"/></Aotf></AotfList>
    </ATLConfocalSettingDefinition></Attachment>)";
  const auto read = [](const std::string& more) {
    return Read(
        LifBytes(2,
                 Container(2, Series("s", Channel(8, 0),
                                     Dimension(1, 2, 0, 1) + Dimension(2, 2, 0, 2), "B", more)),
                 {{"B", "aaaa"}}));
  };
  const Image image = read(settings);
  const Metadata expected = {
      {"numerical_aperture", 1.3},
      {"refractive_index", 1.46},
      {"immersion", std::string("GLYC")},
      {"objective", std::string("HC PL 63x")},
      {"objective_magnification", 63.0},
      {"zoom", 2.5},
      {"pinhole_au", 0.8},
      {"instrument_serial", std::string("81")},
      {"microscope", std::string("TCS SP8")},
      {"modality", std::string("confocal")},
      {"excitation_nm", 488.0},
      {"saturation_adu", 255.0},
  };
  EXPECT_EQ(image.metadata, expected);
  EXPECT_EQ(image.acquired_at, "2021-03-04T16:39:17.951Z");
  std::string two_lines = settings;
  two_lines.replace(two_lines.find("IntensityDev=\"0\""), 16, "IntensityDev=\"1\"");
  EXPECT_FALSE(read(two_lines).metadata.contains("excitation_nm"));
  std::string infrared = settings;
  infrared.replace(infrared.find("\"488\""), 5, "\"880\"");
  EXPECT_FALSE(read(infrared).metadata.contains("modality"));
}

TEST(LifImage, WhatCannotBeIsRefusedInOneSentence) {
  const auto series = [](const std::string& channels, const std::string& dimensions) {
    return LifBytes(2, Container(2, Series("s", channels, dimensions, "B")), {{"B", "aaaa"}});
  };
  const std::string sides = Dimension(1, 2, 0, 1) + Dimension(2, 2, 0, 2);
  const auto says = [](const std::string& said, const std::string& word) {
    EXPECT_NE(said.find(word), said.npos) << said;
  };
  says(Refusal(series(Channel(8, 0), sides + Dimension(5, 9, 0, 4)), ReadFault::kUnsupported),
       "spectral");
  says(Refusal(series(Channel(32, 0), sides), ReadFault::kUnsupported), "32 bits");
  says(Refusal(series(Channel(8, 0) + Channel(16, 0), sides), ReadFault::kUnsupported), "differ");
  says(Refusal(series("", sides), ReadFault::kUnreadable), "no channel");
  says(Refusal(series(Channel(8, 1), sides), ReadFault::kUnreadable), "5 bytes");
  says(Refusal(series(Channel(8, -1), sides), ReadFault::kUnreadable), "BytesInc");
  says(Refusal(series(Channel(8, 0), Dimension(1, 2000000, 0, 1)), ReadFault::kUnreadable),
       "NumberOfElements");
  says(Refusal(series(Channel(8, 0), Dimension(1, 0, 0, 1)), ReadFault::kUnreadable), "of 0");
  says(Refusal(series(Channel(8, 0), Dimension(1, 199999, 0, 1)), ReadFault::kUnreadable), "limit");
  says(Refusal(series(Channel(8, 0), sides + Dimension(3, 190000, 0, 0) + Dimension(4, 9, 0, 0)),
               ReadFault::kUnsupported),
       "more planes");
  says(
      Refusal(series(Channel(8, 0), sides + Dimension(3, 3, 0, 1LL << 47)), ReadFault::kUnreadable),
      "bytes of pixels");
  says(Refusal(LifBytes(2, Container(2, ""), {}), ReadFault::kUnreadable), "no image");
  says(Refusal(LifBytes(2, Container(2, Series("s", Channel(8, 0), sides, "X")), {{"B", "aaaa"}}),
               ReadFault::kUnreadable),
       "not in the LIF");
  says(Refusal(LifBytes(2, "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", {}), ReadFault::kUnreadable),
       "entities");
}

TEST(LifImage, EveryCutAndEveryFlippedByteEndsInASentenceOrAnImage) {
  const std::string whole = Plain(2);
  for (std::size_t length = 9; length < whole.size(); length += 7) {
    const WrittenFile file(std::string_view(whole).substr(0, length));
    EXPECT_THROW((void)ReadImage(file.Source()), ReadError) << length;
  }
  for (std::size_t at = 9; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ '\x1F');
    const WrittenFile file(broken);
    try {
      (void)ReadImage(file.Source());
    } catch (const ReadError&) {
    }
  }
}

TEST(LifImage, TheRealFileHoldsThePlaneThatOthersRead) {
  const RealFile lif("formats/testdata_2channel_xz.lif");
  const RealFile expected("formats/readlif_xz_c0_t0.tif");
  if (!lif.found()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  EXPECT_THROW((void)ReadImage(lif.Source()), ReadError);
  const Image image = ReadImage(lif.Source("xzt"));
  EXPECT_EQ(image.axes.size_z, 1);
  EXPECT_EQ(image.axes.size_c, 2);
  EXPECT_EQ(image.axes.size_t, 20);
  const Image plane = ReadImage(expected.Source());
  EXPECT_EQ(cv::norm(image.planes[0], plane.planes[0], cv::NORM_INF), 0.0);
  EXPECT_GT(cv::norm(image.planes[0], image.planes[1], cv::NORM_INF), 0.0);
  // The other reader writes 7.128607 pixels a micrometre; ours is rounded to seven digits.
  EXPECT_NEAR(1.0 / std::get<double>(image.metadata.at("pixel_size_x_um")), 7.128607, 4e-6);
  EXPECT_NEAR(std::get<double>(image.metadata.at("numerical_aperture")), 1.3, 1e-12);
  EXPECT_EQ(std::get<std::string>(image.metadata.at("objective")),
            "HC PL APO CS2    63x/1.30 GLYC");
  EXPECT_EQ(image.acquired_at, "2021-03-04T16:39:17.951Z");
  const Image stack = ReadImage(lif.Source("xzy"));
  EXPECT_EQ(stack.axes.size_z, 128);
  EXPECT_EQ(stack.planes[0].size(), cv::Size(128, 23));
}

}  // namespace
}  // namespace monitor::acquisition
