#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "monitor/acquisition/sample_type.h"

namespace monitor::acquisition {

/// One plane of a TIFF as its directory states it, checked against the file's size; no pixel is
/// decoded yet. A page of Zeiss LSM holds one plane a channel, each with strips of its own.
struct TiffPage {
  std::uint64_t directory_offset = 0;
  std::uint32_t first_strip = 0;  ///< of this plane's strips in its directory
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  SampleType type = SampleType::kUint8;
  bool reduced = false;          ///< a thumbnail or sub-resolution of another page
  std::uint64_t first_byte = 0;  ///< of the first strip or tile
  std::uint64_t stored_bytes = 0;
  bool in_a_row = false;  ///< all values in a row from `first_byte`, uncompressed
  bool native = false;    ///< in a row, and in this machine's byte order

  [[nodiscard]] std::uint64_t DecodedBytes() const {
    return std::uint64_t{width_px} * height_px * BytesOf(type);
  }
};

/// Words of the first page that say what the pages are.
struct TiffWords {
  std::string description;
  std::string date_time;  ///< tag 306, "YYYY:MM:DD HH:MM:SS"; empty: absent
  std::optional<double> x_resolution;
  std::optional<double> y_resolution;
  int resolution_unit = 2;          ///< 1 none, 2 inch, 3 cm
  bool lsm = false;                 ///< Zeiss LSM: carries tag 34412
  std::vector<std::byte> lsm_info;  ///< its content
  bool swapped = false;             ///< not in this machine's byte order
};

/// A TIFF file, classic or BigTIFF, seen through libtiff with every dimension limited.
///
/// Errors   ReadError; libtiff's own words are part of the sentence.
/// Threads  one at a time.
class TiffFile {
 public:
  /// `fd` stays the caller's and must stay open as long as this object.
  TiffFile(int fd, std::uint64_t file_bytes);
  ~TiffFile();

  [[nodiscard]] const std::vector<TiffPage>& pages() const { return pages_; }
  [[nodiscard]] const TiffWords& words() const { return words_; }

  /// Decodes one page into `out`: height_px rows of width_px values as stored.
  void Decode(const TiffPage& page, std::byte* out);

 private:
  struct Handle;

  void ReadPages();
  void DecodeStrips(const TiffPage& page, std::byte* out);
  void DecodeTiles(const TiffPage& page, std::byte* out);

  std::uint64_t file_bytes_;
  std::unique_ptr<Handle> handle_;
  std::vector<TiffPage> pages_;
  TiffWords words_;
};

}  // namespace monitor::acquisition
