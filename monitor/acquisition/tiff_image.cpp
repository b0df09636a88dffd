#include "monitor/acquisition/tiff_image.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>

#include "monitor/acquisition/convert_samples.h"
#include "monitor/acquisition/file_bytes.h"
#include "monitor/acquisition/imagej_metadata.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/lsm_metadata.h"
#include "monitor/acquisition/ome_metadata.h"
#include "monitor/acquisition/plane_memory.h"
#include "monitor/acquisition/plane_plan.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/scene_choice.h"
#include "monitor/acquisition/tiff_set.h"

namespace monitor::acquisition {
namespace {

PlanePlan PlainPlan(std::size_t pages) {
  PlanePlan plan;
  plan.format = "TIFF";
  plan.axes.size_z = static_cast<int>(pages);
  for (std::size_t page = 0; page < pages; ++page) plan.page_of_plane.push_back(page);
  return plan;
}

// ImageJ's big TIFF: the directory describes the first plane only and the others follow it. Each
// becomes a page of its own here.
std::vector<TiffPage> Unfolded(const TiffPage& first, std::uint64_t planes,
                               std::uint64_t file_bytes) {
  const std::uint64_t plane_bytes = first.DecodedBytes();
  if (!first.in_a_row) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description states " + std::to_string(planes) +
                        " planes, but the file holds one page and no raw values behind it; save "
                        "the image again");
  }
  if (first.first_byte > file_bytes || planes > (file_bytes - first.first_byte) / plane_bytes) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description states " + std::to_string(planes) +
                        " planes, but the file ends before; copy it again from the instrument");
  }
  std::vector<TiffPage> pages(planes, first);
  for (std::uint64_t plane = 0; plane < planes; ++plane) {
    pages[plane].first_byte += plane * plane_bytes;
  }
  return pages;
}

PlaneShape ShapeOf(const TiffPage& page) { return {page.width_px, page.height_px, page.type}; }

bool CanBeMapped(const TiffPage& page) {
  return page.native && CanBeMapped(ShapeOf(page), page.first_byte);
}

/// Fills an image from the pages of one or several files.
class PlaneLoader {
 public:
  PlaneLoader(TiffSet& set, const PlanePlan& plan, Image& image)
      : set_(set), plan_(plan), image_(image) {}

  void Load() {
    if (plan_.one_directory) Unfold();
    CheckAlike();
    SetShape(shape_, plan_.page_of_plane.size(), image_);
    std::size_t decoded = 0;
    std::size_t files = 1;
    for (std::size_t plane = 0; plane < image_.planes.size(); ++plane) {
      if (!CanBeMapped(PageOf(plane))) ++decoded;
      files = std::max(files, FileOf(plane) + 1);
    }
    if (decoded > 0) decoded_ = std::make_unique<DecodedPlanes>(shape_, decoded, image_);
    std::vector<std::vector<std::size_t>> planes_of_file(files);
    for (std::size_t i = 0; i < image_.planes.size(); ++i) planes_of_file[FileOf(i)].push_back(i);
    for (std::size_t file = 0; file < files; ++file) LoadFile(file, planes_of_file[file]);
  }

 private:
  [[nodiscard]] std::size_t FileOf(std::size_t plane) const {
    return plan_.file_of_plane.empty() ? 0 : plan_.file_of_plane[plane];
  }
  [[nodiscard]] const TiffPage& PageOf(std::size_t plane) {
    const std::size_t page = plan_.page_of_plane[plane];
    return unfolded_.empty() ? set_.PagesOf(FileOf(plane))[page] : unfolded_[page];
  }

  void Unfold() {
    unfolded_ = Unfolded(set_.PagesOf(0).front(), plan_.page_of_plane.size(), set_.Open(0).bytes);
  }

  void CheckAlike() {
    shape_ = ShapeOf(PageOf(0));
    const bool stated = plan_.width_px >= 0;
    if (stated && (plan_.width_px != shape_.width_px || plan_.height_px != shape_.height_px)) {
      throw ReadError(ReadFault::kUnreadable,
                      "the metadata state " + std::to_string(plan_.width_px) + " x " +
                          std::to_string(plan_.height_px) + " pixels, but the pages have " +
                          std::to_string(shape_.width_px) + " x " +
                          std::to_string(shape_.height_px) + "; export the image again");
    }
    for (std::size_t plane = 0; plane < plan_.page_of_plane.size(); ++plane) {
      const TiffPage& page = PageOf(plane);
      if (ShapeOf(page) == shape_) continue;
      throw ReadError(ReadFault::kUnsupported,
                      "pages differ in size or pixel type (page " +
                          std::to_string(plan_.page_of_plane[plane] + 1) + " has " +
                          std::to_string(page.width_px) + " x " + std::to_string(page.height_px) +
                          " pixels, the first " + std::to_string(shape_.width_px) + " x " +
                          std::to_string(shape_.height_px) + "); save one image series a file");
    }
  }

  void LoadFile(std::size_t file, std::span<const std::size_t> planes) {
    if (planes.empty()) return;
    const TiffSet::Opened opened = set_.Open(file);
    const bool any_mapped = std::any_of(planes.begin(), planes.end(), [this](std::size_t plane) {
      return CanBeMapped(PageOf(plane));
    });
    std::shared_ptr<const MappedMemory> mapping;
    if (any_mapped || plan_.one_directory) {
      mapping = MappedMemory::MapFile(opened.fd, opened.bytes);
      image_.memory.push_back(mapping);
    }
    for (const std::size_t plane : planes) {
      const TiffPage& page = PageOf(plane);
      if (CanBeMapped(page)) {
        image_.planes[plane] = MappedPlane(shape_, mapping->bytes().data() + page.first_byte);
      } else {
        stored_.resize(page.DecodedBytes());
        ReadStored(page, *opened.tiff, mapping.get());
        image_.planes[plane] = decoded_->Add(stored_);
      }
    }
  }

  void ReadStored(const TiffPage& page, TiffFile& tiff, const MappedMemory* mapping) {
    if (!plan_.one_directory) {
      tiff.Decode(page, stored_.data());
      return;
    }
    const std::byte* from = mapping->bytes().data() + page.first_byte;
    std::copy(from, from + page.DecodedBytes(), stored_.begin());
    if (tiff.words().swapped) SwapBytes(BytesOf(page.type), stored_);
  }

  TiffSet& set_;
  const PlanePlan& plan_;
  Image& image_;
  PlaneShape shape_;
  std::vector<TiffPage> unfolded_;
  std::unique_ptr<DecodedPlanes> decoded_;
  std::vector<std::byte> stored_;
};

Image Loaded(TiffSet& set, PlanePlan plan) {
  Image image;
  image.format = plan.format;
  image.axes = plan.axes;
  PlaneLoader(set, plan, image).Load();
  image.metadata = std::move(plan.metadata);
  image.notes = std::move(plan.notes);
  image.acquired_at = std::move(plan.acquired_at);
  image.parts = set.Names();
  return image;
}

bool IsXml(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text.starts_with('<');
}

std::string CompanionText(int fd, std::uint64_t bytes) {
  if (bytes > kMaxDescriptionBytes) {
    throw ReadError(ReadFault::kUnsupported,
                    "the companion file of the OME-TIFF is larger than the limit; export the "
                    "image as one file");
  }
  return FileBytes(fd, bytes).Text(0, static_cast<std::size_t>(bytes));
}

// The XML of a set: the description itself, or that of the file it refers to.
std::string SetXml(const std::string& description, const ImageSource& source) {
  const std::optional<std::string> elsewhere = OmeMetadataFile(description);
  if (!elsewhere) return description;
  const SiblingFile sibling(source.folder, *elsewhere);
  std::string head =
      FileBytes(sibling.fd(), sibling.bytes())
          .Text(0, static_cast<std::size_t>(std::min<std::uint64_t>(sibling.bytes(), 4)));
  std::string xml = IsXml(head) ? CompanionText(sibling.fd(), sibling.bytes())
                                : TiffFile(sibling.fd(), sibling.bytes()).words().description;
  if (IsOme(xml) && !OmeMetadataFile(xml)) return xml;
  throw ReadError(ReadFault::kUnreadable,
                  "the metadata file that the OME-TIFF refers to holds none either; export the "
                  "image as one file");
}

}  // namespace

Image ReadTiffImage(const ImageSource& source) {
  auto file = std::make_unique<TiffFile>(source.fd, source.bytes);
  const TiffWords words = file->words();
  if (IsOme(words.description)) {
    const std::string xml = SetXml(words.description, source);
    TiffSet set(source, std::move(file), OmeUuid(words.description));
    PlanePlan plan = ReadOme(xml, source.scene, set);
    return Loaded(set, std::move(plan));
  }
  TiffSet set(source, std::move(file), "");
  if (words.lsm) return Loaded(set, ReadLsm(words, source, set.Pages(0)));
  const SceneRow only{"", "the whole file"};
  (void)ChooseScene({&only, 1}, source.scene);
  PlanePlan plan = IsImageJ(words) ? ReadImageJ(words, set.Pages(0)) : PlainPlan(set.Pages(0));
  Image image = Loaded(set, std::move(plan));
  if (!image.acquired_at && !words.date_time.empty()) {
    image.acquired_at = Printable(words.date_time);
  }
  return image;
}

bool IsOmeCompanion(const ImageSource& source) {
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(source.bytes, 4096));
  std::string head = FileBytes(source.fd, source.bytes).Text(0, length);
  if (head.starts_with("\xEF\xBB\xBF")) head.erase(0, 3);
  return IsXml(head) && IsOme(head);
}

Image ReadOmeCompanion(const ImageSource& source) {
  TiffSet set(source, nullptr, "");
  PlanePlan plan = ReadOme(CompanionText(source.fd, source.bytes), source.scene, set);
  return Loaded(set, std::move(plan));
}

}  // namespace monitor::acquisition
