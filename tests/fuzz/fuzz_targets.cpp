#include "tests/fuzz/fuzz_targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "monitor/acquisition/imagej_metadata.h"
#include "monitor/acquisition/ome_metadata.h"
#include "monitor/acquisition/power_log.h"
#include "monitor/acquisition/power_run_sheet.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "monitor/acquisition/stage_positions.h"
#include "monitor/measurement/setup_keys.h"

namespace fuzz {
namespace {

using monitor::acquisition::Image;
using monitor::acquisition::ReadError;

/// A file of the bytes without a name.
class File {
 public:
  explicit File(std::string_view bytes) : fd_(memfd_create("fuzz", 0)), bytes_(bytes.size()) {
    if (write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  int fd_;
  std::size_t bytes_;
};

// Every plane is touched at both ends: a header over the wrong bytes is seen here.
void Touch(const Image& image) {
  volatile unsigned char seen = 0;
  for (const cv::Mat& plane : image.planes) {
    if (plane.empty()) std::abort();
    seen = *plane.ptr(0);
    seen =
        *(plane.ptr(plane.rows - 1) + static_cast<std::size_t>(plane.cols) * plane.elemSize() - 1);
  }
  (void)seen;
}

void FeedImage(std::string_view bytes) {
  const File file(bytes);
  for (const char* scene : {"", "0"}) {
    try {
      monitor::acquisition::ImageSource source{file.fd(), file.bytes(), "", {}};
      if (*scene != '\0') source.scene = scene;
      Touch(monitor::acquisition::ReadImage(source));
      return;
    } catch (const ReadError&) {
    }
  }
}

class EightPages : public monitor::acquisition::OmeFiles {
 public:
  std::size_t Find(const std::string& uuid, const std::string& /*name*/) override {
    return uuid.empty() ? 0 : 1;
  }
  std::size_t Pages(std::size_t /*file*/) override { return 8; }
};

void FeedOmeXml(std::string_view bytes) {
  const std::string xml(bytes);
  EightPages files;
  try {
    (void)monitor::acquisition::OmeMetadataFile(xml);
    const auto plan = monitor::acquisition::ReadOme(xml, "0", files);
    for (const std::size_t page : plan.page_of_plane) {
      if (page >= 8) std::abort();
    }
  } catch (const ReadError&) {
  }
}

void FeedImageJ(std::string_view bytes) {
  monitor::acquisition::TiffWords words;
  words.description = bytes;
  words.x_resolution = 10.0;
  for (const std::size_t pages : {1U, 8U}) {
    try {
      const auto plan = monitor::acquisition::ReadImageJ(words, pages);
      for (const std::size_t page : plan.page_of_plane) {
        if (!plan.one_directory && page >= pages) std::abort();
      }
    } catch (const ReadError&) {
    }
  }
}

void FeedPowerLog(std::string_view bytes) {
  try {
    (void)monitor::acquisition::ReadPowerLog(bytes);
  } catch (const ReadError&) {
  }
}

void FeedPositions(std::string_view bytes) {
  try {
    (void)monitor::acquisition::ReadStagePositions(bytes);
  } catch (const ReadError&) {
  }
}

void FeedRunSheet(std::string_view bytes) {
  try {
    (void)monitor::acquisition::ReadRunSheet(bytes);
  } catch (const ReadError&) {
  }
}

void FeedSetup(std::string_view bytes) {
  const File file(bytes);
  try {
    (void)monitor::measurement::ReadSetupFile("/proc/self/fd/" + std::to_string(file.fd()));
  } catch (const monitor::measurement::UsageError&) {
  }
}

constexpr auto kTargets = std::to_array<Target>({
    {"czi", FeedImage},
    {"imagej", FeedImageJ},
    {"lif", FeedImage},
    {"lsm", FeedImage},
    {"ome_xml", FeedOmeXml},
    {"positions", FeedPositions},
    {"power_log", FeedPowerLog},
    {"run_sheet", FeedRunSheet},
    {"setup", FeedSetup},
    {"tiff", FeedImage},
});

}  // namespace

std::span<const Target> Targets() { return kTargets; }

}  // namespace fuzz
