// Writes the seeds of the image containers: write_seeds FOLDER. Hand-written texts lie beside them.

#include <filesystem>
#include <fstream>

#include "tests/monitor/acquisition/czi_writer.h"
#include "tests/monitor/acquisition/lif_writer.h"
#include "tests/monitor/acquisition/tiff_writer.h"

namespace {

namespace fs = std::filesystem;
using monitor::acquisition::Append;
using monitor::acquisition::Counting;

void Write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

constexpr const char* kCziXml =
    "<ImageDocument><Metadata><Information><Image><ComponentBitCount>12</ComponentBitCount>"
    "<ObjectiveSettings><ObjectiveRef Id=\"O\"/><RefractiveIndex>1.5</RefractiveIndex>"
    "</ObjectiveSettings><Dimensions><Channels><Channel Name=\"A\"><ExcitationWavelength>488"
    "</ExcitationWavelength></Channel></Channels><S><Scenes><Scene Index=\"0\" Name=\"a\"/>"
    "</Scenes></S></Dimensions></Image></Information><Scaling><Items><Distance Id=\"X\"><Value>1e-7"
    "</Value></Distance></Items></Scaling></Metadata></ImageDocument>";

void WriteCzi(const fs::path& folder) {
  monitor::acquisition::CziWriter stack;
  stack.Xml(kCziXml);
  for (int z = 0; z < 2; ++z) {
    stack.Tile({0, 0, 4, 3, {{'Z', z}, {'C', 0}, {'S', 0}}, 1, 0, Counting(z, 12)});
  }
  Write(folder / "czi/stack.czi", stack.Bytes());
  monitor::acquisition::CziWriter tiles;
  tiles.Tile({0, 0, 4, 3, {{'M', 0}}, 1, 0, Counting(0, 12)});
  tiles.Tile({3, 0, 4, 3, {{'M', 1}}, 1, 0, Counting(50, 12)});
  Write(folder / "czi/tiles.czi", tiles.Bytes());
  // A Zstandard frame by hand: one raw block of 24 bytes, its size stated in one byte.
  std::string frame("\x28\xB5\x2F\xFD\x20\x18\xC1\x00\x00", 9);
  frame += Counting(0, 12);
  monitor::acquisition::CziWriter packed;
  packed.Tile({0, 0, 4, 3, {{'Z', 0}}, 1, 5, frame});
  packed.Tile({0, 0, 4, 3, {{'Z', 1}}, 1, 6, std::string("\x03\x01\x01", 3) + frame});
  Write(folder / "czi/zstd.czi", packed.Bytes());
}

void WriteLif(const fs::path& folder) {
  const std::string dimensions =
      "<DimensionDescription DimID=\"1\" NumberOfElements=\"4\" Length=\"4e-6\" Unit=\"m\" "
      "BytesInc=\"1\"/><DimensionDescription DimID=\"2\" NumberOfElements=\"3\" Length=\"3e-6\" "
      "Unit=\"m\" BytesInc=\"4\"/><DimensionDescription DimID=\"3\" NumberOfElements=\"2\" "
      "Length=\"1e-6\" Unit=\"m\" BytesInc=\"12\"/>";
  const std::string xml =
      "<LMSDataContainerHeader Version=\"2\"><Element Name=\"a\"><Children><Element "
      "Name=\"b\"><Data>"
      "<Image><ImageDescription><Channels><ChannelDescription DataType=\"0\" Resolution=\"8\" "
      "BytesInc=\"0\"/></Channels><Dimensions>" +
      dimensions +
      "</Dimensions></ImageDescription><TimeStampList>1d71114eb8b44f0 </TimeStampList><Attachment "
      "Name=\"HardwareSetting\"><ATLConfocalSettingDefinition NumericalAperture=\"1.3\" "
      "Zoom=\"2\"/>"
      "</Attachment></Image></Data><Memory MemoryBlockID=\"M\"/></Element></Children></Element>"
      "</LMSDataContainerHeader>";
  Write(folder / "lif/stack.lif",
        monitor::acquisition::LifBytes(2, xml, {{"M", std::string(24, 'v')}}));
  std::string older = xml;
  older.replace(older.find("Version=\"2\""), 11, "Version=\"1\"");
  Write(folder / "lif/older.lif",
        monitor::acquisition::LifBytes(1, older, {{"M", std::string(24, 'v')}}));
}

void WriteTiff(const fs::path& folder) {
  using monitor::acquisition::TiffBytes;
  using monitor::acquisition::WrittenPage;
  const WrittenPage plain{4, 3, {Counting(0, 12)}};
  Write(folder / "tiff/two_pages.tif", TiffBytes({plain, plain}));
  WrittenPage imagej = plain;
  imagej.description = "ImageJ=1.53\nimages=2\nslices=2\nunit=micron\nspacing=0.2\n";
  Write(folder / "tiff/imagej.tif", TiffBytes({imagej, plain}));
  WrittenPage ome = plain;
  ome.description =
      "<?xml version=\"1.0\"?><OME><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"4\" SizeY=\"3\" "
      "SizeZ=\"2\" SizeC=\"1\" SizeT=\"1\"><TiffData IFD=\"0\" PlaneCount=\"2\"/></Pixels></Image>"
      "</OME>";
  Write(folder / "tiff/ome.tif", TiffBytes({ome, plain}));
}

void WriteLsm(const fs::path& folder) {
  std::string info;
  Append<std::uint32_t>(0x0400494C, info);
  for (const int number : {500, 4, 3, 1, 2, 1, 2, 128, 128}) Append<std::int32_t>(number, info);
  for (const double metres : {1e-7, 1e-7, 3e-7, 0.0, 0.0, 0.0}) Append(metres, info);
  info.append(20, '\0');
  Append<std::uint32_t>(200, info);  // names: somewhere in this tag
  Append(0.5, info);
  Append<std::uint32_t>(0, info);
  Append<std::uint32_t>(8, info);  // the recording: somewhere else
  info.resize(300);
  monitor::acquisition::WrittenPage page{4, 3, {Counting(0, 12), Counting(12, 12)}, "", info};
  page.photometric = 2;
  Write(folder / "lsm/two_channels.lsm", monitor::acquisition::TiffBytes({page}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  WriteCzi(argv[1]);
  WriteLif(argv[1]);
  WriteTiff(argv[1]);
  WriteLsm(argv[1]);
  return 0;
}
