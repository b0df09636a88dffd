#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "monitor/acquisition/mapped_memory.h"
#include "monitor/acquisition/page_trimmer.h"
#include "qc_metrics/stack.h"

namespace monitor::acquisition {

/// A number, a word, or one of either for each channel in order.
using MetadataValue =
    std::variant<double, std::string, std::vector<double>, std::vector<std::string>>;

/// What a file states of itself, by the setup keys of the measurement contract
/// (`pixel_size_x_um`, `emission_nm`, ...). A key that the file does not state is absent.
using Metadata = std::map<std::string, MetadataValue>;

/// How the planes of a file are ordered; `stated` false: they only follow each other.
struct Axes {
  int size_z = 1;
  int size_c = 1;
  int size_t = 1;
  bool stated = false;
};

/// Something about the file that a person must know although it could be read.
struct ReaderNote {
  std::string code;
  std::string text;
};

/// The pixels and the metadata of one image file. Planes are cv::Mat headers over `memory` (file
/// pages where the file holds native values in a row, decoded ones otherwise); they are read only.
/// Coordinates: x right, y down, z along the stack, pixel centres on integers.
struct Image {
  std::string format;  ///< "TIFF", "OME-TIFF", "ImageJ TIFF", "LSM", "CZI", "LIF"
  Axes axes;
  std::vector<cv::Mat> planes;  ///< plane (z, c, t) at index (t * size_c + c) * size_z + z
  int container_bits = 0;       ///< bits of one stored value
  bool integer = true;          ///< stored as integers
  Metadata metadata;
  std::optional<std::string> acquired_at;  ///< as the file writes it: ISO 8601, zone often absent
  std::vector<ReaderNote> notes;
  std::vector<std::string> parts;  ///< names of the other files of a set, beside the one read
  std::vector<std::shared_ptr<const MappedMemory>> memory;
  std::shared_ptr<PageTrimmer> trimmer;  ///< of a large image; ends with it
};

/// The z-stack of one channel at one time.
[[nodiscard]] qc_metrics::Stack ChannelStack(const Image& image, int channel, int frame);

}  // namespace monitor::acquisition
