#include "monitor/acquisition/tiff_image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "monitor/acquisition/page_trimmer.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "tests/monitor/acquisition/real_file.h"
#include "tests/monitor/acquisition/tiff_writer.h"

namespace monitor::acquisition {
namespace {

namespace fs = std::filesystem;

constexpr int kPixels = 12;  // 4 x 3

WrittenPage Page(int number, std::string description = "") {
  return {4, 3, {Counting(number * kPixels, kPixels)}, std::move(description)};
}

void ExpectPlanes(const Image& image, const std::vector<int>& numbers) {
  ASSERT_EQ(image.planes.size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(image.planes[i].at<std::uint16_t>(0, 0), numbers[i] * kPixels) << i;
    EXPECT_EQ(image.planes[i].at<std::uint16_t>(2, 3), numbers[i] * kPixels + 11) << i;
  }
}

std::string TiffData(int c, const std::string& file, const std::string& uuid) {
  return "<TiffData FirstC=\"" + std::to_string(c) +
         "\" IFD=\"0\" PlaneCount=\"2\"><UUID FileName=\"" + file + "\">" + uuid +
         "</UUID></TiffData>";
}

std::string Ome(const std::string& uuid, const std::string& data) {
  return "<?xml version=\"1.0\"?><OME UUID=\"" + uuid +
         "\"><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"4\" SizeY=\"3\" SizeZ=\"2\" "
         "SizeC=\"2\" SizeT=\"1\">" +
         data + "</Pixels></Image></OME>";
}

class TiffSets : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "etalon-set-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  [[nodiscard]] Image Read(const std::string& name) const {
    const int fd = open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC);
    const std::unique_ptr<const int, void (*)(const int*)> closing(&fd,
                                                                   [](const int* f) { close(*f); });
    return ReadImage({fd, fs::file_size(folder_ / name), folder_.string(), {}});
  }

  fs::path folder_;
};

TEST_F(TiffSets, PlanesOfAllFilesMakeOneImage) {
  const std::string data = TiffData(0, "a.ome.tif", "urn:1") + TiffData(1, "b.ome.tif", "urn:2");
  Write("a.ome.tif", TiffBytes({Page(0, Ome("urn:1", data)), Page(1)}));
  Write("b.ome.tif", TiffBytes({Page(2, Ome("urn:2", data)), Page(3)}));
  for (const char* name : {"a.ome.tif", "b.ome.tif"}) {
    const Image image = Read(name);
    ExpectPlanes(image, {0, 1, 2, 3});
    EXPECT_EQ(image.format, "OME-TIFF");
    ASSERT_EQ(image.parts.size(), 1U);
  }
  fs::remove(folder_ / "b.ome.tif");
  EXPECT_THROW((void)Read("a.ome.tif"), ReadError);
}

TEST_F(TiffSets, ACompanionFileIsReadFromEitherSide) {
  const std::string data = TiffData(0, "a.tif", "urn:1") + TiffData(1, "b.tif", "urn:2");
  Write("set.companion.ome", Ome("urn:0", data));
  const auto only = [](const std::string& uuid) {
    return "<OME UUID=\"" + uuid +
           "\"><BinaryOnly MetadataFile=\"set.companion.ome\" UUID=\"urn:0\"/></OME>";
  };
  Write("a.tif", TiffBytes({Page(0, only("urn:1")), Page(1)}));
  Write("b.tif", TiffBytes({Page(2, only("urn:2")), Page(3)}));
  for (const char* name : {"set.companion.ome", "a.tif", "b.tif"}) {
    ExpectPlanes(Read(name), {0, 1, 2, 3});
  }
}

TEST_F(TiffSets, NoFileElsewhereCanBeNamed) {
  for (const char* name : {"../b.tif", "/etc/hostname", "..", "sub/b.tif"}) {
    const std::string data = TiffData(0, "a.tif", "urn:1") + TiffData(1, name, "urn:2");
    Write("a.tif", TiffBytes({Page(0, Ome("urn:1", data)), Page(1)}));
    try {
      (void)Read("a.tif");
      ADD_FAILURE() << name;
    } catch (const ReadError& error) {
      EXPECT_NE(std::string(error.what()).find("no plain file name"), std::string::npos);
    }
  }
}

TEST_F(TiffSets, AFolderOrAPipeIsNoFileOfASet) {
  const std::string data = TiffData(0, "a.tif", "urn:1") + TiffData(1, "b.tif", "urn:2");
  Write("a.tif", TiffBytes({Page(0, Ome("urn:1", data)), Page(1)}));
  fs::create_directory(folder_ / "b.tif");
  EXPECT_THROW((void)Read("a.tif"), ReadError);
  fs::remove(folder_ / "b.tif");
  ASSERT_EQ(mkfifo((folder_ / "b.tif").c_str(), 0600), 0);
  EXPECT_THROW((void)Read("a.tif"), ReadError);
}

TEST_F(TiffSets, WithoutUuidsANameThatIsNowhereIsTheFileItself) {
  const auto data = [](const std::string& second) {
    return TiffData(0, "old.tif", "urn:1") + TiffData(1, second, "urn:2");
  };
  const auto write = [&](const std::string& second) {
    std::string xml = Ome("", data(second));
    Write("a.tif", TiffBytes({Page(0, xml), Page(1)}));
  };
  write("old.tif");
  ExpectPlanes(Read("a.tif"), {0, 1, 0, 1});
  write("other.tif");
  EXPECT_THROW((void)Read("a.tif"), ReadError);
}

TEST(TiffImage, SidesThatTheMetadataContradictAreRefused) {
  std::string xml = Ome("", "");
  xml.replace(xml.find("SizeX=\"4\""), 9, "SizeX=\"5\"");
  const WrittenFile file(TiffBytes({Page(0, xml), Page(1), Page(2), Page(3)}));
  EXPECT_THROW((void)ReadImage(file.Source()), ReadError);
}

TEST(TiffImage, ThumbnailsAndSubResolutionsAreLeftOut) {
  WrittenPage thumbnail{2, 1, {Counting(7, 2)}};
  thumbnail.reduced = true;
  const WrittenFile file(TiffBytes({Page(0), thumbnail, Page(1)}));
  ExpectPlanes(ReadImage(file.Source()), {0, 1});
}

TEST(TiffImage, AnImageJHyperstackIsArranged) {
  const std::string text = "ImageJ=1.53\nimages=4\nchannels=2\nslices=2\n";
  const WrittenFile file(TiffBytes({Page(0, text), Page(1), Page(2), Page(3)}));
  ExpectPlanes(ReadImage(file.Source()), {0, 2, 1, 3});
}

TEST(TiffImage, ImageJsBigTiffHoldsAllPlanesBehindItsOnePage) {
  const WrittenPage page{4, 3, {Counting(0, 4 * kPixels)}, "ImageJ=1.53\nimages=4\nslices=4\n"};
  const WrittenFile file(TiffBytes({page}));
  ExpectPlanes(ReadImage(file.Source()), {0, 1, 2, 3});
}

std::uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

// A sparse file: its pages cost no disk, but they are resident when they are touched.
TEST_F(TiffSets, PagesThatWereReadAreGivenBack) {
  constexpr std::uint64_t kBytes = std::uint64_t{256} << 20;
  constexpr std::uint64_t kAllowed = std::uint64_t{32} << 20;
  Write("sparse", "");
  fs::resize_file(folder_ / "sparse", kBytes);
  const int fd = open((folder_ / "sparse").c_str(), O_RDONLY | O_CLOEXEC);
  const auto mapping = MappedMemory::MapFile(fd, kBytes);
  close(fd);
  const std::uint64_t before = ResidentBytes();
  const PageTrimmer trimmer({mapping}, before + kAllowed);
  std::uint64_t most = 0;
  for (std::uint64_t at = 0; at < kBytes; at += 4096) {
    ASSERT_EQ(mapping->bytes()[at], std::byte{0});
    if (at % (1 << 22) != 0) continue;
    most = std::max(most, ResidentBytes());
    // What a real analysis does between pages: a busy machine gives the trimmer its turn too.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(most, before + kBytes / 2);
}

TEST(TiffImage, APaletteIsLeftOutAndItsIndicesAreTheValues) {
  WrittenPage page = Page(5);
  page.photometric = 3;
  const WrittenFile file(TiffBytes({page}));
  ExpectPlanes(ReadImage(file.Source()), {5});
}

TEST(TiffImage, OnlyOneSceneCanBeNamedInAPlainFile) {
  const WrittenFile file(TiffBytes({Page(0)}));
  EXPECT_EQ(ReadImage(file.Source("0")).planes.size(), 1U);
  EXPECT_THROW((void)ReadImage(file.Source("left")), ReadError);
}

TEST(TiffImage, TheRealOmeTiff) {
  const RealFile file("formats/2010-06-18x24y5z1t2c8b-text.ome.tiff");
  if (!file.found()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const Image image = ReadImage(file.Source());
  EXPECT_EQ(image.format, "OME-TIFF");
  EXPECT_EQ(image.axes.size_z, 5);
  EXPECT_EQ(image.axes.size_c, 2);
  EXPECT_EQ(image.planes.size(), 10U);
  EXPECT_TRUE(image.parts.empty());
  // The plane's own numbers are burnt in, so no two planes are alike.
  for (std::size_t i = 1; i < 10; ++i) {
    EXPECT_GT(cv::norm(image.planes[0], image.planes[i], cv::NORM_INF), 0.0) << i;
  }
}

}  // namespace
}  // namespace monitor::acquisition
