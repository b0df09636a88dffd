#include "monitor/acquisition/ome_planes.h"

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

// A file keeps its UUID when it is renamed, so the UUID decides before the name does.
bool IsElsewhere(const pugi::xml_node& ome, const pugi::xml_node& data) {
  const std::string_view own = ome.attribute("UUID").value();
  const std::string_view stored_in = data.child("UUID").text().get();
  return !own.empty() && !stored_in.empty() && own != stored_in;
}

void Place(const pugi::xml_node& data, const PlaneOrder& order, const Axes& axes, std::size_t pages,
           std::vector<std::size_t>& page_in_file_order) {
  const std::size_t first = order.InFile(Attribute(data, "FirstZ", 0), Attribute(data, "FirstC", 0),
                                         Attribute(data, "FirstT", 0));
  const bool inside = Attribute(data, "FirstZ", 0) < static_cast<std::size_t>(axes.size_z) &&
                      Attribute(data, "FirstC", 0) < static_cast<std::size_t>(axes.size_c) &&
                      Attribute(data, "FirstT", 0) < static_cast<std::size_t>(axes.size_t);
  const std::size_t page = Attribute(data, "IFD", 0);
  const bool one_plane = static_cast<bool>(data.attribute("IFD"));
  const std::size_t count =
      Attribute(data, "PlaneCount", one_plane ? 1 : page_in_file_order.size() - first);
  if (!inside || first + count > page_in_file_order.size() || page + count > pages) {
    Refuse(
        "TiffData of the OME-XML points to planes or pages that the file does not hold (it has " +
        std::to_string(pages) + " pages); it is truncated or was edited, so export it again");
  }
  for (std::size_t i = 0; i < count; ++i) page_in_file_order[first + i] = page + i;
}

}  // namespace

void ReadOmePlanes(const pugi::xml_node& ome, const pugi::xml_node& pixels, std::size_t pages,
                   PlanePlan& plan) {
  plan.axes = {SizeOf(pixels, "SizeZ"), SizeOf(pixels, "SizeC"), SizeOf(pixels, "SizeT"), true};
  const PlaneOrder order(pixels.attribute("DimensionOrder").value(), plan.axes);
  if (order.Count() > kMaxPages) Refuse("the OME-XML claims more planes than the limit");
  std::vector<std::size_t> in_file_order(order.Count(), kNoPage);
  bool placed = false;
  bool elsewhere = false;
  for (const pugi::xml_node& data : pixels.children("TiffData")) {
    placed = true;
    if (IsElsewhere(ome, data)) {
      elsewhere = true;
      continue;
    }
    Place(data, order, plan.axes, pages, in_file_order);
  }
  for (std::size_t t = 0; t < static_cast<std::size_t>(plan.axes.size_t); ++t) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(plan.axes.size_c); ++c) {
      for (std::size_t z = 0; z < static_cast<std::size_t>(plan.axes.size_z); ++z) {
        const std::size_t index = order.InFile(z, c, t);
        const std::size_t page = placed ? in_file_order[index] : index;
        if (page != kNoPage && page < pages) {
          plan.page_of_plane.push_back(page);
          continue;
        }
        Refuse(elsewhere
                   ? "planes of this OME-TIFF are in other files, and sets of several files are "
                     "not read yet; export the image as one file"
                   : "the OME-XML claims " + std::to_string(order.Count()) +
                         " planes, but the file has " + std::to_string(pages) +
                         " pages; it is truncated or was edited, so export it again");
      }
    }
  }
}

}  // namespace monitor::acquisition
