#include "monitor/acquisition/tiff_page.h"

#include <tiffio.h>

#include <cmath>
#include <cstring>
#include <string>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

[[noreturn]] void Unreadable(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

[[noreturn]] void Unsupported(const std::string& sentence) {
  throw ReadError(ReadFault::kUnsupported, sentence);
}

std::uint16_t Word(TIFF* tiff, std::uint32_t tag) {
  std::uint16_t value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

constexpr std::uint16_t kMaxLsmChannels = 256;

// The number of planes in a page. A page of several samples is a colour picture, except in Zeiss
// LSM, whatever it calls itself there.
std::uint16_t PlanesIn(TIFF* tiff, bool lsm) {
  const std::uint16_t samples = Word(tiff, TIFFTAG_SAMPLESPERPIXEL);
  if (lsm && samples > 1 && samples <= kMaxLsmChannels && TIFFIsTiled(tiff) == 0 &&
      Word(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE) {
    return samples;
  }
  const std::uint16_t photometric = Word(tiff, TIFFTAG_PHOTOMETRIC);
  if (photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR ||
      photometric == PHOTOMETRIC_SEPARATED || photometric >= PHOTOMETRIC_CIELAB) {
    Unsupported(
        "the image is in colour; save it as the raw intensities of each channel, without a "
        "look-up table or overlay");
  }
  if (samples != 1) {
    Unsupported("each pixel holds " + std::to_string(samples) +
                " samples; save one channel a page instead");
  }
  return 1;
}

SampleType TypeOf(TIFF* tiff) {
  const std::uint16_t bits = Word(tiff, TIFFTAG_BITSPERSAMPLE);
  const std::uint16_t format = Word(tiff, TIFFTAG_SAMPLEFORMAT);
  const bool is_unsigned = format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID;
  const bool is_signed = format == SAMPLEFORMAT_INT;
  if (bits == 8 && is_unsigned) return SampleType::kUint8;
  if (bits == 8 && is_signed) return SampleType::kInt8;
  if (bits == 16 && is_unsigned) return SampleType::kUint16;
  if (bits == 16 && is_signed) return SampleType::kInt16;
  if (bits == 32 && is_unsigned) return SampleType::kUint32;
  if (bits == 32 && is_signed) return SampleType::kInt32;
  if (bits == 32 && format == SAMPLEFORMAT_IEEEFP) return SampleType::kFloat32;
  if (bits == 64 && format == SAMPLEFORMAT_IEEEFP) return SampleType::kFloat64;
  const bool is_complex = format == SAMPLEFORMAT_COMPLEXIEEEFP || format == SAMPLEFORMAT_COMPLEXINT;
  const std::string kind = is_complex                      ? "complex numbers"
                           : format == SAMPLEFORMAT_IEEEFP ? "floating-point numbers"
                                                           : "integers";
  Unsupported("the pixels are " + kind + " of " + std::to_string(bits) +
              " bits; save them as 8, 16 or 32-bit integers or as 32-bit floats");
}

void CheckCodec(TIFF* tiff) {
  const std::uint16_t codec = Word(tiff, TIFFTAG_COMPRESSION);
  switch (codec) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ZSTD:
      if (TIFFIsCODECConfigured(codec) != 0) return;
      break;
    case COMPRESSION_JPEG:
    case COMPRESSION_OJPEG:
      Unsupported(
          "the pixels are compressed with loss (JPEG), so their values are not what the detector "
          "gave; save the image without compression");
    default:
      break;
  }
  Unsupported("compression " + std::to_string(codec) +
              " is not read; save the image without compression or with LZW or deflate");
}

void CheckSides(const TiffPage& page, bool plain, std::uint64_t file_bytes) {
  if (page.width_px == 0 || page.height_px == 0) {
    Unreadable("a page states a side of 0 pixels; export the image again");
  }
  if (page.width_px > kMaxSidePx || page.height_px > kMaxSidePx ||
      page.DecodedBytes() > kMaxPlaneBytes) {
    Unreadable("a page claims " + std::to_string(page.width_px) + " x " +
               std::to_string(page.height_px) +
               " pixels, more than the limit; export a smaller region");
  }
  if (plain && page.DecodedBytes() > file_bytes) {
    Unreadable("a page claims " + std::to_string(page.width_px) + " x " +
               std::to_string(page.height_px) + " pixels, but the whole file has only " +
               std::to_string(file_bytes) + " bytes; copy it again from the instrument");
  }
}

void CheckTiles(TIFF* tiff, SampleType type) {
  if (TIFFIsTiled(tiff) == 0) return;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
  if (width == 0 || height == 0 || width > kMaxSidePx || height > kMaxSidePx ||
      std::uint64_t{width} * height * BytesOf(type) > kMaxTileBytes) {
    Unreadable("a page claims tiles of " + std::to_string(width) + " x " + std::to_string(height) +
               " pixels, more than the limit; export the image again");
  }
}

// Whether the chunks follow each other without a gap, and that all lie inside the file.
struct Layout {
  std::uint64_t first_byte = 0;
  std::uint64_t stored_bytes = 0;
  bool in_a_row = true;
};

struct Chunks {
  std::uint32_t first;
  std::uint32_t count;
};

Layout CheckLayout(TIFF* tiff, const Chunks& chunks, std::uint64_t file_bytes) {
  Layout layout;
  for (std::uint32_t i = 0; i < chunks.count; ++i) {
    const std::uint64_t offset = TIFFGetStrileOffset(tiff, chunks.first + i);
    const std::uint64_t count = TIFFGetStrileByteCount(tiff, chunks.first + i);
    if (count == 0 || offset == 0 || offset > file_bytes || count > file_bytes - offset) {
      Unreadable(
          "pixels lie outside the file, which is truncated or broken; copy it again from the "
          "instrument");
    }
    if (i == 0) layout.first_byte = offset;
    if (offset != layout.first_byte + layout.stored_bytes) layout.in_a_row = false;
    layout.stored_bytes += count;
  }
  if (chunks.count == 0) Unreadable("a page holds no pixels; export the image again");
  if (TIFFIsTiled(tiff) != 0) layout.in_a_row = false;
  return layout;
}

void PutLayout(TIFF* tiff, const Chunks& chunks, std::uint64_t file_bytes, TiffPage& page) {
  const bool plain = Word(tiff, TIFFTAG_COMPRESSION) == COMPRESSION_NONE;
  const Layout layout = CheckLayout(tiff, chunks, file_bytes);
  page.first_strip = chunks.first;
  page.first_byte = layout.first_byte;
  page.stored_bytes = layout.stored_bytes;
  const bool too_few = plain ? page.stored_bytes < page.DecodedBytes()
                             : page.DecodedBytes() / kMaxCompressionRatio > page.stored_bytes;
  if (too_few) {
    Unreadable("a page claims " + std::to_string(page.width_px) + " x " +
               std::to_string(page.height_px) + " pixels but stores only " +
               std::to_string(page.stored_bytes) +
               " bytes for them; copy the file again from the instrument");
  }
  page.in_a_row = plain && layout.in_a_row && Word(tiff, TIFFTAG_FILLORDER) == FILLORDER_MSB2LSB;
  page.native = page.in_a_row && TIFFIsByteSwapped(tiff) == 0;
}

bool IsReduced(TIFF* tiff) {
  std::uint32_t kind = 0;
  if (TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &kind) == 0) return false;
  return (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
}

std::string Text(TIFF* tiff, std::uint32_t tag, std::size_t most) {
  const char* text = nullptr;
  if (TIFFGetField(tiff, tag, &text) == 0 || text == nullptr) return {};
  return std::string(text, strnlen(text, most));
}

}  // namespace

std::vector<TiffPage> ReadPage(TIFF* tiff, std::uint64_t file_bytes, bool lsm) {
  TiffPage page;
  page.directory_offset = TIFFCurrentDirOffset(tiff);
  page.reduced = IsReduced(tiff);
  if (page.reduced) return {page};  // never decoded: a thumbnail may be of any kind
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &page.width_px);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &page.height_px);
  const std::uint16_t planes = PlanesIn(tiff, lsm);
  page.type = TypeOf(tiff);
  CheckCodec(tiff);
  CheckSides(page, Word(tiff, TIFFTAG_COMPRESSION) == COMPRESSION_NONE, file_bytes);
  CheckTiles(tiff, page.type);
  const bool tiled = TIFFIsTiled(tiff) != 0;
  const std::uint32_t chunks = tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  std::vector<TiffPage> pages(planes, page);
  for (std::uint32_t plane = 0; plane < planes; ++plane) {
    const Chunks own{plane * (chunks / planes), chunks / planes};
    PutLayout(tiff, own, file_bytes, pages[plane]);
  }
  return pages;
}

TiffWords ReadWords(TIFF* tiff) {
  TiffWords words;
  words.description = Text(tiff, TIFFTAG_IMAGEDESCRIPTION, kMaxDescriptionBytes);
  words.date_time = Text(tiff, TIFFTAG_DATETIME, 64);
  float resolution = 0.0F;
  if (TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &resolution) != 0 && std::isfinite(resolution)) {
    words.x_resolution = static_cast<double>(resolution);
  }
  if (TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &resolution) != 0 && std::isfinite(resolution)) {
    words.y_resolution = static_cast<double>(resolution);
  }
  words.resolution_unit = Word(tiff, TIFFTAG_RESOLUTIONUNIT);
  return words;
}

}  // namespace monitor::acquisition
