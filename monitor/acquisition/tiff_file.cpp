#include "monitor/acquisition/tiff_file.h"

#include <tiffio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/tiff_page.h"

namespace monitor::acquisition {
namespace {

constexpr std::uint32_t kLsmTag = 34412;
constexpr std::uint32_t kMaxLsmInfoBytes = 1 << 16;

struct Complaint {
  std::string first;  // the first error libtiff raised; later ones only follow from it
};

int KeepComplaint(TIFF* /*tiff*/, void* user, const char* /*module*/, const char* format,
                  va_list arguments) {
  auto* complaint = static_cast<Complaint*>(user);
  if (!complaint->first.empty()) return 1;
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  complaint->first = Printable(text);
  if (complaint->first.ends_with('.')) complaint->first.pop_back();
  return 1;
}

int Silence(TIFF* /*tiff*/, void* /*user*/, const char* /*module*/, const char* /*format*/,
            va_list /*arguments*/) {
  return 1;
}

// Reading through the caller's descriptor by position: nothing moves its offset.
struct Source {
  int fd;
  std::uint64_t position;
  std::uint64_t size;
};

tmsize_t ReadSource(thandle_t handle, void* buffer, tmsize_t wanted) {
  auto* source = static_cast<Source*>(handle);
  tmsize_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        pread(source->fd, static_cast<char*>(buffer) + done,
              static_cast<std::size_t>(wanted - done), static_cast<off_t>(source->position));
    if (got <= 0) break;
    done += got;
    source->position += static_cast<std::uint64_t>(got);
  }
  return done;
}

tmsize_t RefuseWrite(thandle_t /*handle*/, void* /*buffer*/, tmsize_t /*size*/) { return -1; }

toff_t SeekSource(thandle_t handle, toff_t offset, int whence) {
  auto* source = static_cast<Source*>(handle);
  if (whence == SEEK_CUR) offset += source->position;
  if (whence == SEEK_END) offset += source->size;
  source->position = std::min<std::uint64_t>(offset, std::uint64_t{1} << 62U);
  return source->position;
}

int CloseSource(thandle_t /*handle*/) { return 0; }

toff_t SizeSource(thandle_t handle) { return static_cast<Source*>(handle)->size; }

}  // namespace

struct TiffFile::Handle {
  Complaint complaint;
  Source source{};
  TIFF* tiff = nullptr;

  ~Handle() {
    if (tiff != nullptr) TIFFClose(tiff);
  }

  // Whether the directory at `offset` states no next one.
  [[nodiscard]] bool ChainEnds(std::uint64_t offset) const {
    const bool big = TIFFIsBigTIFF(tiff) != 0;
    const std::uint64_t entries = Number(offset, big ? 8 : 2);
    const std::uint64_t next = offset + (big ? 8 + 20 * entries : 2 + 12 * entries);
    return Number(next, big ? 8 : 4) == 0;
  }

  [[nodiscard]] std::uint64_t Number(std::uint64_t offset, std::size_t bytes) const {
    std::array<unsigned char, 8> raw{};
    if (pread(source.fd, raw.data(), bytes, static_cast<off_t>(offset)) < 0) return 1;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      value = (value << 8U) | raw[TIFFIsBigEndian(tiff) != 0 ? i : bytes - 1 - i];
    }
    return value;
  }

  [[noreturn]] void Refuse(const std::string& what) const {
    const std::string detail = complaint.first.empty() ? "" : " (" + complaint.first + ")";
    throw ReadError(ReadFault::kUnreadable,
                    what + detail + "; copy the file again from the instrument");
  }
};

TiffFile::TiffFile(int fd, std::uint64_t file_bytes)
    : file_bytes_(file_bytes), handle_(std::make_unique<Handle>()) {
  handle_->source = {fd, 0, file_bytes};
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, static_cast<tmsize_t>(kMaxLibtiffAllocation));
  TIFFOpenOptionsSetErrorHandlerExtR(options, KeepComplaint, &handle_->complaint);
  TIFFOpenOptionsSetWarningHandlerExtR(options, Silence, nullptr);
  // m: no mapping inside libtiff; c: strips stay as they are stored, their places are looked at.
  handle_->tiff = TIFFClientOpenExt("input", "rmc", &handle_->source, ReadSource, RefuseWrite,
                                    SeekSource, CloseSource, SizeSource, nullptr, nullptr, options);
  TIFFOpenOptionsFree(options);
  if (handle_->tiff == nullptr) handle_->Refuse("the TIFF header or its first directory is broken");
  ReadPages();
}

TiffFile::~TiffFile() = default;

void TiffFile::ReadPages() {
  TIFF* tiff = handle_->tiff;
  words_ = ReadWords(tiff);
  words_.swapped = TIFFIsByteSwapped(tiff) != 0;
  void* lsm = nullptr;
  std::uint32_t lsm_bytes = 0;
  words_.lsm = TIFFGetField(tiff, kLsmTag, &lsm_bytes, &lsm) != 0;
  if (words_.lsm && lsm != nullptr && lsm_bytes <= kMaxLsmInfoBytes) {
    const auto* content = static_cast<const std::byte*>(lsm);
    words_.lsm_info.assign(content, content + lsm_bytes);
  }
  do {
    if (pages_.size() >= kMaxPages) {
      throw ReadError(ReadFault::kUnsupported, "the TIFF has more than " +
                                                   std::to_string(kMaxPages) +
                                                   " pages; split it into shorter series");
    }
    for (const TiffPage& page : ReadPage(tiff, file_bytes_, words_.lsm)) pages_.push_back(page);
  } while (TIFFReadDirectory(tiff) != 0);
  // libtiff ends a chain of directories that loops or leaves the file like one that ends.
  if (!handle_->complaint.first.empty() || !handle_->ChainEnds(pages_.back().directory_offset)) {
    handle_->Refuse("a directory of the TIFF after page " + std::to_string(pages_.size()) +
                    " is broken");
  }
}

void TiffFile::Decode(const TiffPage& page, std::byte* out) {
  TIFF* tiff = handle_->tiff;
  handle_->complaint.first.clear();
  if (TIFFSetSubDirectory(tiff, page.directory_offset) == 0) {
    handle_->Refuse("a directory of the TIFF cannot be read again");
  }
  if (TIFFIsTiled(tiff) != 0) {
    DecodeTiles(page, out);
  } else {
    DecodeStrips(page, out);
  }
}

void TiffFile::DecodeStrips(const TiffPage& page, std::byte* out) {
  TIFF* tiff = handle_->tiff;
  const std::uint64_t total = page.DecodedBytes();
  const std::uint32_t strips = TIFFNumberOfStrips(tiff);
  std::uint64_t done = 0;
  for (std::uint32_t strip = page.first_strip; strip < strips && done < total; ++strip) {
    const tmsize_t got =
        TIFFReadEncodedStrip(tiff, strip, out + done, static_cast<tmsize_t>(total - done));
    if (got <= 0) handle_->Refuse("a strip of pixels cannot be decoded");
    done += static_cast<std::uint64_t>(got);
  }
  if (done != total) handle_->Refuse("a page ends before its last row");
}

void TiffFile::DecodeTiles(const TiffPage& page, std::byte* out) {
  TIFF* tiff = handle_->tiff;
  std::uint32_t tile_width = 0;
  std::uint32_t tile_height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
  const std::uint64_t sample = BytesOf(page.type);
  const std::uint64_t tile_row = tile_width * sample;
  const std::uint64_t page_row = page.width_px * sample;
  std::vector<std::byte> tile(tile_row * tile_height);
  for (std::uint32_t y = 0; y < page.height_px; y += tile_height) {
    for (std::uint32_t x = 0; x < page.width_px; x += tile_width) {
      const tmsize_t got = TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, 0), tile.data(),
                                               static_cast<tmsize_t>(tile.size()));
      if (got != static_cast<tmsize_t>(tile.size())) {
        handle_->Refuse("a tile of pixels cannot be decoded");
      }
      const std::uint64_t columns = std::min(tile_width, page.width_px - x) * sample;
      const std::uint32_t rows = std::min(tile_height, page.height_px - y);
      for (std::uint32_t row = 0; row < rows; ++row) {
        std::memcpy(out + (y + row) * page_row + x * sample, tile.data() + row * tile_row, columns);
      }
    }
  }
}

}  // namespace monitor::acquisition
