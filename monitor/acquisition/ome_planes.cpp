#include "monitor/acquisition/ome_planes.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::size_t kNoPage = std::numeric_limits<std::size_t>::max();

[[noreturn]] void Refuse(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

int SizeOf(const pugi::xml_node& pixels, const char* name) {
  const long long size = pixels.attribute(name).as_llong(0);
  if (size < 1 || size > static_cast<long long>(kMaxPages)) {
    Refuse(std::string("the OME-XML states no usable ") + name + " ('" +
           Printable(pixels.attribute(name).value()) + "'); export the image again");
  }
  return static_cast<int>(size);
}

// Where plane (z, c, t) stands in the file's own order, and back.
class PlaneOrder {
 public:
  PlaneOrder(std::string_view order, const Axes& axes) : axes_(axes) {
    const std::string_view rest = order.starts_with("XY") ? order.substr(2) : std::string_view();
    const bool known = rest.size() == 3 && rest.find('Z') != rest.npos &&
                       rest.find('C') != rest.npos && rest.find('T') != rest.npos;
    if (!known) {
      Refuse("the OME-XML states no usable DimensionOrder ('" + Printable(order) +
             "'); export the image again");
    }
    order_ = rest;
  }

  [[nodiscard]] std::size_t Count() const { return Size('Z') * Size('C') * Size('T'); }

  /// Index in the file's order.
  [[nodiscard]] std::size_t InFile(std::size_t z, std::size_t c, std::size_t t) const {
    std::size_t index = 0;
    for (std::size_t i = order_.size(); i-- > 0;) {
      const std::size_t at = order_[i] == 'Z' ? z : order_[i] == 'C' ? c : t;
      index = index * Size(order_[i]) + at;
    }
    return index;
  }

 private:
  [[nodiscard]] std::size_t Size(char axis) const {
    return static_cast<std::size_t>(axis == 'Z'   ? axes_.size_z
                                    : axis == 'C' ? axes_.size_c
                                                  : axes_.size_t);
  }

  Axes axes_;
  std::string order_;
};

std::size_t Attribute(const pugi::xml_node& node, const char* name, std::size_t otherwise) {
  const pugi::xml_attribute attribute = node.attribute(name);
  if (!attribute) return otherwise;
  const long long value = attribute.as_llong(-1);
  if (value < 0 || value > static_cast<long long>(kMaxPages)) {
    Refuse(std::string("TiffData of the OME-XML states no usable ") + name +
           "; export the image again");
  }
  return static_cast<std::size_t>(value);
}

/// Where a plane is stored.
struct Place {
  std::size_t file = 0;
  std::size_t page = kNoPage;
};

void PlaceRun(const pugi::xml_node& data, const PlaneOrder& order, const Axes& axes,
              OmeFiles& files, std::vector<Place>& places) {
  const std::size_t z = Attribute(data, "FirstZ", 0);
  const std::size_t c = Attribute(data, "FirstC", 0);
  const std::size_t t = Attribute(data, "FirstT", 0);
  const bool inside = z < static_cast<std::size_t>(axes.size_z) &&
                      c < static_cast<std::size_t>(axes.size_c) &&
                      t < static_cast<std::size_t>(axes.size_t);
  if (!inside) Refuse("TiffData of the OME-XML points outside of the image; export it again");
  const pugi::xml_node uuid = data.child("UUID");
  const std::size_t file = files.Find(uuid.text().get(), uuid.attribute("FileName").value());
  const std::size_t pages = files.Pages(file);
  const std::size_t first = order.InFile(z, c, t);
  const std::size_t page = Attribute(data, "IFD", 0);
  const bool one_plane = static_cast<bool>(data.attribute("IFD"));
  std::size_t all = places.size() - first;
  if (uuid) all = std::min(all, pages);  // the rest is in other files
  const std::size_t count = Attribute(data, "PlaneCount", one_plane ? 1 : all);
  if (first + count > places.size() || page + count > pages) {
    Refuse(
        "TiffData of the OME-XML points to planes or pages that the file does not hold (it has " +
        std::to_string(pages) + " pages); it is truncated or was edited, so export it again");
  }
  for (std::size_t i = 0; i < count; ++i) places[first + i] = {file, page + i};
}

// Without TiffData the pages follow each other in the file that carries the XML.
void PlaceAll(OmeFiles& files, std::vector<Place>& places) {
  const std::size_t file = files.Find("", "");
  const std::size_t pages = files.Pages(file);
  for (std::size_t i = 0; i < places.size() && i < pages; ++i) places[i] = {file, i};
}

}  // namespace

void ReadOmePlanes(const pugi::xml_node& pixels, OmeFiles& files, PlanePlan& plan) {
  plan.axes = {SizeOf(pixels, "SizeZ"), SizeOf(pixels, "SizeC"), SizeOf(pixels, "SizeT"), true};
  const PlaneOrder order(pixels.attribute("DimensionOrder").value(), plan.axes);
  const double claimed = double{1} * plan.axes.size_z * plan.axes.size_c * plan.axes.size_t;
  if (claimed > static_cast<double>(kMaxPages)) {
    Refuse("the OME-XML claims more planes than the limit; export a shorter series");
  }
  std::vector<Place> places(order.Count());
  for (const pugi::xml_node& data : pixels.children("TiffData")) {
    PlaceRun(data, order, plan.axes, files, places);
  }
  if (!pixels.child("TiffData")) PlaceAll(files, places);
  for (std::size_t t = 0; t < static_cast<std::size_t>(plan.axes.size_t); ++t) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(plan.axes.size_c); ++c) {
      for (std::size_t z = 0; z < static_cast<std::size_t>(plan.axes.size_z); ++z) {
        const Place& place = places[order.InFile(z, c, t)];
        if (place.page == kNoPage) {
          Refuse("the OME-XML claims " + std::to_string(order.Count()) +
                 " planes, but not all of them are in the file or its set; it is truncated or was "
                 "edited, so export it again");
        }
        plan.page_of_plane.push_back(place.page);
        plan.file_of_plane.push_back(place.file);
      }
    }
  }
}

}  // namespace monitor::acquisition
