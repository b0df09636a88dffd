#include "monitor/acquisition/tiff_image.h"

#include <algorithm>
#include <span>
#include <string>

#include "monitor/acquisition/convert_samples.h"
#include "monitor/acquisition/imagej_metadata.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/ome_metadata.h"
#include "monitor/acquisition/plane_plan.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/tiff_file.h"

namespace monitor::acquisition {
namespace {

std::vector<TiffPage> FullPages(const TiffFile& file) {
  std::vector<TiffPage> pages;
  for (const TiffPage& page : file.pages()) {
    if (!page.reduced) pages.push_back(page);
  }
  if (pages.empty()) {
    throw ReadError(ReadFault::kUnreadable,
                    "the TIFF holds thumbnails only; export the full image again");
  }
  return pages;
}

void CheckAlike(const std::vector<TiffPage>& pages, std::span<const std::size_t> used) {
  const TiffPage& first = pages[used.front()];
  for (std::size_t index : used) {
    const TiffPage& page = pages[index];
    if (page.width_px == first.width_px && page.height_px == first.height_px &&
        page.type == first.type) {
      continue;
    }
    throw ReadError(ReadFault::kUnsupported,
                    "pages differ in size or pixel type (page " + std::to_string(index + 1) +
                        " has " + std::to_string(page.width_px) + " x " +
                        std::to_string(page.height_px) + " pixels, the first " +
                        std::to_string(first.width_px) + " x " + std::to_string(first.height_px) +
                        "); save one image series a file");
  }
}

PlanePlan PlainPlan(const TiffWords& words, std::size_t pages) {
  PlanePlan plan;
  plan.format = words.lsm ? "LSM" : "TIFF";
  plan.axes.size_z = static_cast<int>(pages);
  for (std::size_t page = 0; page < pages; ++page) plan.page_of_plane.push_back(page);
  return plan;
}

PlanePlan PlanOf(const TiffWords& words, const std::vector<TiffPage>& pages) {
  if (IsOme(words)) {
    return ReadOme(words, pages.size(), pages.front().width_px, pages.front().height_px);
  }
  if (IsImageJ(words)) return ReadImageJ(words, pages.size());
  return PlainPlan(words, pages.size());
}

// ImageJ's big TIFF: the directory describes the first plane only and the others follow it. Each
// becomes a page of its own here.
void UnfoldPages(const PlanePlan& plan, std::uint64_t file_bytes, std::vector<TiffPage>& pages) {
  const TiffPage first = pages.front();
  const std::uint64_t plane_bytes = first.DecodedBytes();
  const std::uint64_t planes = plan.page_of_plane.size();
  if (!first.in_a_row) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description states " + std::to_string(planes) +
                        " planes, but the file holds one page and no raw values behind it; save "
                        "the image again");
  }
  if (first.first_byte > file_bytes || plane_bytes * planes > file_bytes - first.first_byte) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description states " + std::to_string(planes) +
                        " planes, but the file ends before; copy it again from the instrument");
  }
  pages.assign(planes, first);
  for (std::uint64_t plane = 0; plane < planes; ++plane) {
    pages[plane].first_byte += plane * plane_bytes;
  }
}

bool CanBeMapped(const TiffPage& page) {
  return page.native && IsPlaneType(page.type) && page.first_byte % BytesOf(page.type) == 0;
}

cv::Mat Plane(const TiffPage& page, std::byte* data) {
  return cv::Mat(static_cast<int>(page.height_px), static_cast<int>(page.width_px),
                 PlaneType(page.type), data);
}

class PlaneLoader {
 public:
  PlaneLoader(TiffFile& file, int fd, std::uint64_t file_bytes, bool one_directory)
      : file_(file), fd_(fd), file_bytes_(file_bytes), one_directory_(one_directory) {}

  void Load(const std::vector<TiffPage>& pages, std::span<const std::size_t> order, Image& image) {
    const bool mapped = std::all_of(order.begin(), order.end(),
                                    [&](std::size_t index) { return CanBeMapped(pages[index]); });
    if (mapped || one_directory_) {
      image.memory.push_back(MappedMemory::MapFile(fd_, file_bytes_));
    }
    if (mapped) {
      for (std::size_t index : order) {
        image.planes.push_back(Plane(pages[index], FileByte(pages[index].first_byte, image)));
      }
      return;
    }
    Decode(pages, order, image);
  }

 private:
  static std::byte* FileByte(std::uint64_t offset, const Image& image) {
    return image.memory.front()->bytes().data() + offset;
  }

  void Decode(const std::vector<TiffPage>& pages, std::span<const std::size_t> order,
              Image& image) {
    const TiffPage& first = pages[order.front()];
    const std::uint64_t plane_bytes =
        std::uint64_t{first.width_px} * first.height_px * PlaneSampleBytes(first.type);
    if (order.size() > kMaxDecodedBytes / plane_bytes) {
      throw ReadError(ReadFault::kUnsupported,
                      "the decoded image would take more than " +
                          std::to_string(kMaxDecodedBytes >> 30U) +
                          " GB; measure a shorter series or a smaller region");
    }
    auto scratch = MappedMemory::Scratch(plane_bytes * order.size());
    std::byte* out = scratch->bytes().data();
    image.memory.push_back(std::move(scratch));
    std::vector<std::byte> stored(first.DecodedBytes());
    for (std::size_t index : order) {
      ReadStored(pages[index], image, stored.data());
      ConvertSamples(first.type, stored, out);
      image.planes.push_back(Plane(first, out));
      out += plane_bytes;
    }
  }

  void ReadStored(const TiffPage& page, const Image& image, std::byte* out) {
    if (!one_directory_) {
      file_.Decode(page, out);
      return;
    }
    const std::byte* from = FileByte(page.first_byte, image);
    std::copy(from, from + page.DecodedBytes(), out);
    if (file_.words().swapped) SwapBytes(BytesOf(page.type), {out, page.DecodedBytes()});
  }

  TiffFile& file_;
  int fd_;
  std::uint64_t file_bytes_;
  bool one_directory_;
};

}  // namespace

Image ReadTiffImage(int fd, std::uint64_t file_bytes) {
  TiffFile file(fd, file_bytes);
  std::vector<TiffPage> pages = FullPages(file);
  PlanePlan plan = PlanOf(file.words(), pages);
  if (plan.one_directory) UnfoldPages(plan, file_bytes, pages);
  CheckAlike(pages, plan.page_of_plane);
  Image image;
  image.format = plan.format;
  image.axes = plan.axes;
  image.metadata = std::move(plan.metadata);
  image.notes = std::move(plan.notes);
  image.acquired_at = std::move(plan.acquired_at);
  const std::string& date = file.words().date_time;
  if (!image.acquired_at && !date.empty()) image.acquired_at = Printable(date);
  const SampleType type = pages[plan.page_of_plane.front()].type;
  image.container_bits = static_cast<int>(BytesOf(type) * 8);
  image.integer = type != SampleType::kFloat32 && type != SampleType::kFloat64;
  PlaneLoader(file, fd, file_bytes, plan.one_directory).Load(pages, plan.page_of_plane, image);
  return image;
}

}  // namespace monitor::acquisition
