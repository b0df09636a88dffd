#include "monitor/acquisition/read_image.h"

#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "monitor/acquisition/czi_file.h"
#include "monitor/acquisition/czi_image.h"
#include "monitor/acquisition/lif_file.h"
#include "monitor/acquisition/lif_image.h"
#include "monitor/acquisition/page_trimmer.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/tiff_image.h"

namespace monitor::acquisition {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view meaning;
};

// What people drop beside calibration images, so that the finding can say it.
constexpr std::array kNotMeasured = {
    Magic{"%PDF"sv, "a PDF document"},
    Magic{"\xFF\xD8\xFF"sv, "a JPEG picture, which is compressed with loss"},
    Magic{"\x89PNG"sv, "a PNG picture"},
    Magic{"PK\x03\x04"sv, "a ZIP archive or office document"},
    Magic{"\x1F\x8B"sv, "a gzip archive"},
    Magic{"GIF8"sv, "a GIF picture"},
    Magic{"BM"sv, "a BMP picture"},
    Magic{"\xDA\xCE\xBE\x0A"sv, "a Nikon ND2 file, which is not read yet"},
    Magic{"\x89HDF"sv, "an HDF5 file (Imaris, SVI), which is not read yet"},
    Magic{"\xD0\xCF\x11\xE0"sv, "an OLE file (OIB, old office), which is not read yet"},
    Magic{"<?xml"sv, "an XML text"},
};

/// From here on pages that were read are given back.
constexpr std::uint64_t kLargeBytes = std::uint64_t{1} << 30;

std::string Head(int fd) {
  std::array<char, 16> head{};
  const ssize_t got = pread(fd, head.data(), head.size(), 0);
  return std::string(head.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

bool IsTiff(std::string_view head) {
  return head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv) ||
         head.starts_with("II+\0"sv) || head.starts_with("MM\0+"sv);
}

}  // namespace

namespace {

Image ReadAny(const ImageSource& source) {
  if (source.bytes == 0) {
    throw ReadError(ReadFault::kUnreadable,
                    "the file is empty (0 bytes); copy it again from the instrument");
  }
  const std::string head = Head(source.fd);
  if (IsTiff(head)) return ReadTiffImage(source);
  if (IsCzi(head)) return ReadCziImage(source);
  if (IsLif(head)) return ReadLifImage(source);
  if (IsOmeCompanion(source)) return ReadOmeCompanion(source);
  for (const Magic& magic : kNotMeasured) {
    if (!head.starts_with(magic.bytes)) continue;
    throw ReadError(ReadFault::kUnreadable, "the file is " + std::string(magic.meaning) +
                                                "; export the raw image as TIFF or OME-TIFF, or "
                                                "name a converter with --converter");
  }
  throw ReadError(ReadFault::kUnreadable,
                  "the file is of no known image format; export the raw image as TIFF or "
                  "OME-TIFF, or name a converter with --converter");
}

}  // namespace

Image ReadImage(const ImageSource& source) {
  Image image = ReadAny(source);
  std::uint64_t mapped = 0;
  for (const auto& memory : image.memory) mapped += memory->bytes().size();
  if (mapped > kLargeBytes) {
    image.trimmer = std::make_shared<PageTrimmer>(image.memory, kLargeBytes);
  }
  return image;
}

}  // namespace monitor::acquisition
