#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "tests/monitor/acquisition/real_file.h"
#include "tests/monitor/acquisition/tiff_writer.h"

namespace monitor::acquisition {
namespace {

constexpr int kPixels = 12;  // 4 x 3

void AppendField(std::uint32_t entry, std::uint32_t type, const std::string& value,
                 std::string& block) {
  Append(entry, block);
  Append(type, block);
  Append(static_cast<std::uint32_t>(value.size()), block);
  block += value;
}

void AppendDouble(std::uint32_t entry, double value, std::string& block) {
  std::string bytes;
  Append(value, bytes);
  AppendField(entry, 5, bytes, block);
}

void AppendLong(std::uint32_t entry, std::int32_t value, std::string& block) {
  std::string bytes;
  Append(value, bytes);
  AppendField(entry, 4, bytes, block);
}

void Begin(std::uint32_t entry, std::string& block) { AppendField(entry, 0, "", block); }
void End(std::string& block) { AppendField(0xFFFFFFFF, 0, "", block); }

// A track with one detection channel and the lines 488 and 561, of which `lines` are on.
void AppendTrack(bool on, double pinhole_um, int lines, std::string& block) {
  Begin(0x40000000, block);
  AppendLong(0x40000006, on ? 1 : 0, block);
  Begin(0x60000000, block);
  Begin(0x70000000, block);
  AppendLong(0x7000000B, 1, block);
  AppendDouble(0x70000009, pinhole_um, block);
  End(block);
  Begin(0x70000000, block);  // not recorded
  AppendDouble(0x70000009, 1000.0, block);
  End(block);
  End(block);
  Begin(0x80000000, block);
  for (int i = 0; i < 2; ++i) {
    Begin(0x90000000, block);
    AppendLong(0x90000004, i < lines ? 1 : 0, block);
    AppendDouble(0x90000003, i == 0 ? 488.0 : 561.0, block);
    End(block);
  }
  End(block);
  End(block);
}

std::string Recording(int lines) {
  std::string block;
  Begin(0x10000000, block);
  AppendField(0x10000004, 2, std::string("Plan 63x/1.4\0", 13), block);
  AppendDouble(0x10000016, 2.5, block);
  AppendDouble(0x10000036, 44197.5, block);  // 2021-01-01 12:00
  Begin(0x20000000, block);
  AppendTrack(false, 7.0, 1, block);
  AppendTrack(true, 80.0, lines, block);
  AppendTrack(true, 90.0, lines, block);
  End(block);
  Begin(0xC0000000, block);
  for (int i = 0; i < 2; ++i) {
    Begin(0xD0000000, block);
    AppendLong(0xD0000017, 1, block);
    AppendLong(0xD0000006, 12, block);
    End(block);
  }
  End(block);
  End(block);
  return block;
}

std::string Names() {
  std::string block;
  for (const std::uint32_t number : {60U, 2U, 2U, 24U, 32U, 0U}) Append(number, block);
  block.append(8, 'c');
  Append<std::uint32_t>(4, block);
  block += std::string("Ch1\0", 4);
  Append<std::uint32_t>(5, block);
  block += std::string("ChS2\0", 5);
  return block;
}

struct Written {
  int z = 3;
  int channels = 2;
  int times = 2;
  int positions = 0;
  std::uint16_t scan_type = 6;
  std::uint32_t magic = 0x0400494C;
  int lines = 1;
};

std::string Info(const Written& how, std::uint32_t names_at, std::uint32_t recording_at) {
  std::string info;
  Append(how.magic, info);
  for (const int number : {500, 4, 3, how.z, how.channels, how.times, 2, 128, 128}) {
    Append<std::int32_t>(number, info);
  }
  for (const double metres : {1e-7, 1.5e-7, 2.9999999999999999e-7, 0.0, 0.0, 0.0}) {
    Append(metres, info);
  }
  Append(how.scan_type, info);
  info.append(18, '\0');
  Append(names_at, info);
  Append(0.75, info);
  Append<std::uint32_t>(0, info);
  Append(recording_at, info);
  info.resize(264);
  Append<std::int32_t>(how.positions, info);
  Append<std::int32_t>(0, info);
  info.resize(400);
  return info;
}

// Blocks stand in front of the pixels of the first page, behind the header of 8 bytes.
std::string LsmBytes(const Written& how) {
  const std::string names = Names();
  const std::string recording = Recording(how.lines);
  std::vector<WrittenPage> pages;
  const int count = how.z * std::max(how.times, 1) * std::max(how.positions, 1);
  for (int page = 0; page < count; ++page) {
    const std::uint16_t colour = how.channels > 1 ? 2 : 1;
    WrittenPage image{4, 3, {}, "", "", false, colour};
    for (int c = 0; c < how.channels; ++c) {
      image.planes.push_back(Counting((page * how.channels + c) * kPixels, kPixels));
    }
    pages.push_back(image);
    pages.push_back({2, 1, {Counting(9999, 2)}, "", "", true, 1});  // its thumbnail
  }
  // The file is written twice: the blocks go to its end, whose place does not move.
  pages[0].lsm = Info(how, 0, 0);
  const auto end = static_cast<std::uint32_t>(TiffBytes(pages).size());
  pages[0].lsm = Info(how, end, end + static_cast<std::uint32_t>(names.size()));
  return TiffBytes(pages) + names + recording;
}

Image Read(const Written& how, std::optional<std::string> scene = std::nullopt) {
  return ReadImage(WrittenFile(LsmBytes(how)).Source(std::move(scene)));
}

TEST(LsmImage, ChannelsAreSamplesOfAPageAndThumbnailsAreLeftOut) {
  const Image image = Read({});
  EXPECT_EQ(image.format, "LSM");
  ASSERT_EQ(image.planes.size(), 12U);
  EXPECT_EQ(image.axes.size_z, 3);
  EXPECT_EQ(image.axes.size_c, 2);
  EXPECT_EQ(image.axes.size_t, 2);
  std::size_t index = 0;
  for (int t = 0; t < 2; ++t) {
    for (int c = 0; c < 2; ++c) {
      for (int z = 0; z < 3; ++z, ++index) {
        const int first = ((t * 3 + z) * 2 + c) * kPixels;
        EXPECT_EQ(image.planes[index].at<std::uint16_t>(0, 0), first) << index;
        EXPECT_EQ(image.planes[index].at<std::uint16_t>(2, 3), first + 11) << index;
      }
    }
  }
}

TEST(LsmImage, MetadataAreTakenWithTheirUnits) {
  const Image image = Read({});
  const Metadata expected = {
      {"pixel_size_x_um", 0.1},
      {"pixel_size_y_um", 0.15},
      {"z_step_um", 0.3},
      {"frame_interval_s", 0.75},
      {"channel_name", std::vector<std::string>{"Ch1", "ChS2"}},
      {"excitation_nm", std::vector<double>{488.0, 488.0}},
      {"pinhole_um", std::vector<double>{80.0, 90.0}},
      {"modality", std::string("confocal")},
      {"objective", std::string("Plan 63x/1.4")},
      {"zoom", 2.5},
      {"saturation_adu", 4095.0},
  };
  EXPECT_EQ(image.metadata, expected);
  EXPECT_EQ(image.acquired_at, "2021-01-01T12:00:00.000");
  EXPECT_FALSE(Read({.lines = 2}).metadata.contains("excitation_nm"));
}

TEST(LsmImage, OnePositionOfSeveralIsNumbered) {
  const Written how{.z = 1, .channels = 1, .times = 1, .positions = 3, .scan_type = 0};
  EXPECT_EQ(Read(how, "2").planes.at(0).at<std::uint16_t>(0, 0), 2 * kPixels);
  EXPECT_THROW((void)Read(how), ReadError);
}

TEST(LsmImage, OlderFilesAreReadPageByPage) {
  const Image image = Read({.z = 2, .channels = 1, .times = 1, .magic = 149836});
  EXPECT_EQ(image.planes.size(), 2U);
  EXPECT_FALSE(image.axes.stated);
  EXPECT_TRUE(image.metadata.empty());
}

TEST(LsmImage, WhatCannotBeIsRefused) {
  EXPECT_THROW((void)Read({.scan_type = 2}), ReadError);
  EXPECT_THROW((void)Read({.times = 0}), ReadError);
  std::string bytes = LsmBytes({});
  bytes.resize(bytes.size() - 300);  // the recording is cut off: the pixels are not
  EXPECT_EQ(ReadImage(WrittenFile(bytes).Source()).planes.size(), 12U);
}

TEST(LsmImage, TheRealFile) {
  const RealFile file("illumination/lsm5_field_488.tif");
  if (!file.found()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const Image image = ReadImage(file.Source());
  EXPECT_EQ(image.format, "LSM");
  ASSERT_EQ(image.planes.size(), 1U);
  EXPECT_EQ(image.planes[0].size(), cv::Size(512, 512));
  EXPECT_EQ(image.planes[0].at<std::uint8_t>(219, 305), 150);
}

}  // namespace
}  // namespace monitor::acquisition
