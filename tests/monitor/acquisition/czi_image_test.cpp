#include "monitor/acquisition/czi_image.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <functional>

#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "tests/monitor/acquisition/czi_writer.h"
#include "tests/monitor/acquisition/real_file.h"

namespace monitor::acquisition {
namespace {

using At = std::vector<std::pair<char, int>>;

// A value that tells each pixel of each plane apart from all others.
std::uint16_t ValueAt(int plane, int x, int y) {
  return static_cast<std::uint16_t>(1000 * plane + 16 * y + x + 300);
}

std::string Values(int plane, int left, int top, int width, int height) {
  std::string values;
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) Append(ValueAt(plane, x, y), values);
  }
  return values;
}

std::string Zstd(const std::string& values) {
  std::string packed(ZSTD_compressBound(values.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), values.data(), values.size(), 3));
  return packed;
}

std::string Apart(const std::string& values) {
  std::string low;
  std::string high;
  for (std::size_t i = 0; i < values.size(); i += 2) {
    low += values[i];
    high += values[i + 1];
  }
  return low + high;
}

WrittenTile Whole(int plane, At at, std::string values) {
  (void)plane;
  WrittenTile tile{0, 0, 12, 10, std::move(at), 1, 0, std::move(values)};
  return tile;
}

void ExpectPlane(const cv::Mat& plane, int number, int width = 12, int height = 10) {
  ASSERT_EQ(plane.type(), CV_16UC1);
  ASSERT_EQ(plane.cols, width);
  ASSERT_EQ(plane.rows, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      ASSERT_EQ(plane.at<std::uint16_t>(y, x), ValueAt(number, x, y)) << x << " " << y;
    }
  }
}

Image Read(const CziWriter& writer, std::optional<std::string> scene = std::nullopt) {
  return ReadImage(WrittenFile(writer.Bytes()).Source(std::move(scene)));
}

std::string Refusal(const std::function<void()>& read, ReadFault fault) {
  try {
    read();
  } catch (const ReadError& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was read";
  return "";
}

TEST(CziImage, PlanesStandByTimeChannelAndZWhateverTheirOrderInTheFile) {
  CziWriter writer;
  for (int plane : {7, 2, 5, 0, 3, 6, 1, 4}) {
    // Counting from anything: the subset of a longer acquisition keeps its numbers.
    writer.Tile(Whole(plane, {{'Z', 5 + plane % 2}, {'C', plane / 2 % 2}, {'T', 3 + plane / 4}},
                      Values(plane, 0, 0, 12, 10)));
  }
  const Image image = Read(writer);
  EXPECT_EQ(image.format, "CZI");
  EXPECT_EQ(image.axes.size_z, 2);
  EXPECT_EQ(image.axes.size_c, 2);
  EXPECT_EQ(image.axes.size_t, 2);
  EXPECT_TRUE(image.axes.stated);
  EXPECT_EQ(image.container_bits, 16);
  EXPECT_TRUE(image.integer);
  ASSERT_EQ(image.planes.size(), 8U);
  for (int plane = 0; plane < 8; ++plane) {
    ExpectPlane(image.planes[static_cast<std::size_t>(plane)], plane);
  }
}

TEST(CziImage, ZstandardAndItsBytesApart) {
  const std::string first = Values(0, 0, 0, 12, 10);
  const std::string second = Values(1, 0, 0, 12, 10);
  const std::string third = Values(2, 0, 0, 12, 10);
  WrittenTile plain = Whole(0, {{'Z', 0}}, Zstd(first));
  plain.compression = 5;
  WrittenTile headed = Whole(1, {{'Z', 1}}, std::string("\x01", 1) + Zstd(second));
  headed.compression = 6;
  WrittenTile apart = Whole(2, {{'Z', 2}}, std::string("\x03\x01\x01", 3) + Zstd(Apart(third)));
  apart.compression = 6;
  const Image image = Read(CziWriter().Tile(plain).Tile(headed).Tile(apart));
  ASSERT_EQ(image.planes.size(), 3U);
  for (int z = 0; z < 3; ++z) ExpectPlane(image.planes[static_cast<std::size_t>(z)], z);
}

TEST(CziImage, AHeaderWithoutTheFlagLeavesTheBytesTogether) {
  WrittenTile tile = Whole(0, {}, std::string("\x03\x01\x00", 3) + Zstd(Values(4, 0, 0, 12, 10)));
  tile.compression = 6;
  ExpectPlane(Read(CziWriter().Tile(tile)).planes.at(0), 4);
}

TEST(CziImage, TilesMakeOnePlaneAndLaterOnesLieOnTop) {
  CziWriter writer;
  // Overlap of two columns; the second tile's mosaic index is higher, so its pixels show.
  writer.Tile({-4, 7, 7, 10, {{'M', 0}}, 1, 0, Values(9, 0, 0, 7, 10)});
  writer.Tile({1, 7, 7, 10, {{'M', 1}}, 1, 0, Values(0, 5, 0, 7, 10)});
  const Image image = Read(writer);
  ASSERT_EQ(image.planes.size(), 1U);
  const cv::Mat& plane = image.planes[0];
  ASSERT_EQ(plane.cols, 12);
  EXPECT_EQ(plane.at<std::uint16_t>(3, 4), ValueAt(9, 4, 3));
  EXPECT_EQ(plane.at<std::uint16_t>(3, 5), ValueAt(0, 5, 3));
  EXPECT_EQ(plane.at<std::uint16_t>(9, 11), ValueAt(0, 11, 9));
}

TEST(CziImage, AnOddLengthOfMetadataMovesThePixelsAndTheyAreCopied) {
  WrittenTile tile = Whole(0, {}, Values(3, 0, 0, 12, 10));
  tile.metadata = "<METADATA/>";
  ExpectPlane(Read(CziWriter().Tile(tile)).planes.at(0), 3);
}

TEST(CziImage, SubResolutionsAreLeftOut) {
  CziWriter writer;
  WrittenTile reduced{0, 0, 12, 10, {{'Z', 0}}, 1, 0, Values(0, 0, 0, 6, 5)};
  reduced.stored_width = 6;
  writer.Tile(reduced).Tile(Whole(0, {{'Z', 0}}, Values(0, 0, 0, 12, 10)));
  const Image image = Read(writer);
  ASSERT_EQ(image.planes.size(), 1U);
  ExpectPlane(image.planes[0], 0);
}

CziWriter TwoScenes() {
  CziWriter writer;
  writer.Tile(Whole(1, {{'S', 0}}, Values(1, 0, 0, 12, 10)));
  writer.Tile(Whole(2, {{'S', 1}}, Values(2, 0, 0, 12, 10)));
  writer.Xml(
      "<ImageDocument><Metadata><Information><Image><Dimensions><S><Scenes>"
      "<Scene Index=\"0\" Name=\"left\"/><Scene Index=\"1\" Name=\"0\"/>"
      "</Scenes></S></Dimensions></Image></Information></Metadata></ImageDocument>");
  return writer;
}

TEST(CziImage, OneOfSeveralScenesIsNamed) {
  ExpectPlane(Read(TwoScenes(), "left").planes.at(0), 1);
  ExpectPlane(Read(TwoScenes(), "1").planes.at(0), 2);
  // A name wins over a number.
  ExpectPlane(Read(TwoScenes(), "0").planes.at(0), 2);
}

TEST(CziImage, SeveralScenesAndNoneNamedListsThem) {
  const std::string said = Refusal([] { (void)Read(TwoScenes()); }, ReadFault::kSceneNeeded);
  EXPECT_NE(said.find("0 = 'left' (12 x 10 px"), said.npos) << said;
  EXPECT_NE(said.find("1 = '0'"), said.npos) << said;
  EXPECT_NE(said.find("--set scene="), said.npos) << said;
  Refusal([] { (void)Read(TwoScenes(), "2"); }, ReadFault::kSceneNeeded);
  Refusal([] { (void)Read(TwoScenes(), "right"); }, ReadFault::kSceneNeeded);
}

TEST(CziImage, MetadataAreTakenWithTheirUnits) {
  CziWriter writer;
  for (int c = 0; c < 2; ++c) {
    writer.Tile(Whole(c, {{'C', c}, {'Z', 0}}, Values(c, 0, 0, 12, 10)));
  }
  writer.Xml(R"(<ImageDocument><Metadata><Information><Document>
      <CreationDate>2020-01-01T00:00:00</CreationDate></Document><Image>
      <AcquisitionDateAndTime>2021-02-03T04:05:06.7Z</AcquisitionDateAndTime>
      <ComponentBitCount>12</ComponentBitCount>
      <MicroscopeRef Id="Microscope:0"/>
      <ObjectiveSettings><ObjectiveRef Id="Objective:2"/><Medium>Glycerol</Medium>
      <RefractiveIndex>1.47</RefractiveIndex></ObjectiveSettings>
      <Dimensions><Channels>
      <Channel Name="A"><ExcitationWavelength>488</ExcitationWavelength>
        <EmissionWavelength>525.1234567</EmissionWavelength><PinholeSizeAiry>1</PinholeSizeAiry>
        <ExposureTime>20000000</ExposureTime><AcquisitionMode>WideField</AcquisitionMode></Channel>
      <Channel Name="B"><EmissionWavelength>600</EmissionWavelength>
        <PinholeSizeAiry>1.5</PinholeSizeAiry><ExposureTime>20000000</ExposureTime>
        <AcquisitionMode>WideField</AcquisitionMode></Channel></Channels>
      <T><Positions><Interval><Increment>2.5</Increment></Interval></Positions></T></Dimensions>
      </Image><Instrument><Microscopes><Microscope Id="Microscope:0" Name="Axio">
      <Manufacturer><SerialNumber>351</SerialNumber></Manufacturer></Microscope></Microscopes>
      <Objectives><Objective Id="Objective:1"><LensNA>0.5</LensNA></Objective>
      <Objective Id="Objective:2"><LensNA>1.3</LensNA><NominalMagnification>63</NominalMagnification>
      <Manufacturer><Model>LD</Model><SerialNumber>77</SerialNumber></Manufacturer></Objective>
      </Objectives></Instrument></Information><Scaling><Items>
      <Distance Id="X"><Value>1.0e-007</Value></Distance>
      <Distance Id="Y"><Value>1.1e-007</Value></Distance>
      <Distance Id="Z"><Value>2.9999999999999999e-007</Value></Distance></Items></Scaling>
      </Metadata></ImageDocument>)");
  const Image image = Read(writer);
  const Metadata expected = {
      {"pixel_size_x_um", 0.1},
      {"pixel_size_y_um", 0.11},
      {"z_step_um", 0.3},
      {"frame_interval_s", 2.5},
      {"saturation_adu", 4095.0},
      {"channel_name", std::vector<std::string>{"A", "B"}},
      {"emission_nm", std::vector<double>{525.123, 600.0}},  // excitation: of one channel only
      {"pinhole_au", std::vector<double>{1.0, 1.5}},
      {"exposure_s", 20000000 * 1e-9},
      {"modality", std::string("widefield")},
      {"numerical_aperture", 1.3},
      {"refractive_index", 1.47},
      {"immersion", std::string("Glycerol")},
      {"objective", std::string("LD")},
      {"objective_magnification", 63.0},
      {"objective_serial", std::string("77")},
      {"microscope", std::string("Axio")},
      {"instrument_serial", std::string("351")},
  };
  EXPECT_EQ(image.metadata, expected);
  EXPECT_EQ(image.acquired_at, "2021-02-03T04:05:06.7Z");
}

TEST(CziImage, WhatCannotBeIsRefusedInOneSentence) {
  const auto unsupported = [](const CziWriter& writer, const std::string& word) {
    const std::string said = Refusal([&] { (void)Read(writer); }, ReadFault::kUnsupported);
    EXPECT_NE(said.find(word), said.npos) << said;
  };
  const auto unreadable = [](const CziWriter& writer, const std::string& word) {
    const std::string said = Refusal([&] { (void)Read(writer); }, ReadFault::kUnreadable);
    EXPECT_NE(said.find(word), said.npos) << said;
  };
  const std::string values = Values(0, 0, 0, 12, 10);
  WrittenTile tile = Whole(0, {}, values);
  tile.compression = 4;
  unsupported(CziWriter().Tile(tile), "JPEG XR");
  tile.compression = 1;
  unsupported(CziWriter().Tile(tile), "with loss");
  tile.compression = 0;
  tile.pixel_type = 3;
  unsupported(CziWriter().Tile(tile), "colour");
  unsupported(CziWriter().Tile(Whole(0, {{'H', 3}}, values)), "phases");
  unsupported(
      CziWriter().Tile(Whole(0, {}, values)).Tile({20, 0, 12, 10, {{'M', 1}}, 1, 0, values}),
      "gaps");
  unreadable(CziWriter()
                 .Tile(Whole(0, {{'Z', 0}, {'C', 0}}, values))
                 .Tile(Whole(0, {{'Z', 1}, {'C', 1}}, values)),
             "missing");
  unreadable(CziWriter(), "no pixels");
  tile = Whole(0, {}, Zstd(values).substr(0, 40));
  tile.compression = 5;
  unreadable(CziWriter().Tile(tile), "unpack");
  tile = Whole(0, {}, std::string("\x03\x02\x01", 3) + Zstd(values));
  tile.compression = 6;
  unreadable(CziWriter().Tile(tile), "unpack");
  tile = Whole(0, {}, values.substr(2));
  unreadable(CziWriter().Tile(tile), "unpack");
  tile = Whole(0, {}, values);
  tile.width = 2000000;
  unreadable(CziWriter().Tile(tile), "side");
  tile.width = -1;
  unreadable(CziWriter().Tile(tile), "side");
  CziWriter many;
  for (int i = 0; i < 6; ++i) many.Tile(Whole(0, {{'M', i}}, values));
  unreadable(many, "overlap");
  unreadable(CziWriter()
                 .Tile(Whole(0, {}, values))
                 .Tile({2000000000, 0, 12, 10, {{'M', 1}}, 1, 0, values}),
             "apart");
}

TEST(CziImage, EveryCutAndEveryFlippedByteEndsInASentenceOrAnImage) {
  const std::string whole = TwoScenes().Bytes();
  for (std::size_t length = 16; length < whole.size(); length += 13) {
    const WrittenFile file(std::string_view(whole).substr(0, length));
    try {
      (void)ReadImage(file.Source("1"));
    } catch (const ReadError&) {
    }
  }
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ '\xFF');
    const WrittenFile file(broken);
    try {
      (void)ReadImage(file.Source("1"));
    } catch (const ReadError&) {
    }
  }
}

TEST(CziImage, TheRealFile) {
  const RealFile file("formats/neubias_xyz_multiple_images.czi");
  if (!file.found()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  Refusal([&] { (void)ReadImage(file.Source()); }, ReadFault::kSceneNeeded);
  const Image image = ReadImage(file.Source("1"));
  ASSERT_EQ(image.planes.size(), 2U);
  ASSERT_EQ(image.axes.size_z, 2);
  EXPECT_EQ(image.planes[0].size(), cv::Size(251, 251));
  // Offsets of the last two subblocks, found by hand.
  for (std::size_t z = 0; z < 2; ++z) {
    std::vector<std::uint16_t> stored(251 * 251);
    const off_t at = z == 0 ? 317856 + 32 + 256 : 444160 + 32 + 256;
    ASSERT_EQ(pread(file.Source().fd, stored.data(), stored.size() * 2, at), 126002);
    const cv::Mat expected(251, 251, CV_16UC1, stored.data());
    EXPECT_EQ(cv::norm(image.planes[z], expected, cv::NORM_INF), 0.0);
  }
  EXPECT_NEAR(std::get<double>(image.metadata.at("pixel_size_x_um")), 0.1956, 5e-5);
  EXPECT_NEAR(std::get<double>(image.metadata.at("z_step_um")), 0.3, 1e-12);
  EXPECT_NEAR(std::get<double>(image.metadata.at("numerical_aperture")), 1.4, 1e-12);
  EXPECT_EQ(std::get<std::vector<double>>(image.metadata.at("excitation_nm")),
            std::vector<double>{561.0});
  EXPECT_EQ(std::get<std::vector<double>>(image.metadata.at("emission_nm")),
            std::vector<double>{578.618});
  EXPECT_EQ(std::get<std::string>(image.metadata.at("immersion")), "Oil");
}

}  // namespace
}  // namespace monitor::acquisition
