#include "monitor/acquisition/lif_image.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/lif_file.h"
#include "monitor/acquisition/lif_metadata.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/plane_memory.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/scene_choice.h"

namespace monitor::acquisition {
namespace {

[[noreturn]] void Refuse(const std::string& what) {
  throw ReadError(ReadFault::kUnreadable, what + "; copy the LIF file again from the instrument");
}

[[noreturn]] void Unsupported(const std::string& what) {
  throw ReadError(ReadFault::kUnsupported, what);
}

/// One axis of a series: how many, how far apart in memory and in the world.
struct LifAxis {
  std::uint64_t count = 1;
  std::uint64_t stride = 0;
  std::optional<double> step;  ///< um or s
};

struct LifLayout {
  LifAxis x, y, z, t;
  std::vector<std::uint64_t> channels;  ///< first byte of each, from the series' first
  SampleType type = SampleType::kUint8;
  int bits = 8;
  bool section = false;  ///< the planes are x-z
};

std::uint64_t Count(const pugi::xml_node& node, const char* name, std::uint64_t most) {
  const long long value = node.attribute(name).as_llong(-1);
  if (value < 0 || static_cast<std::uint64_t>(value) > most) {
    Refuse(std::string("a series of the LIF container states no usable ") + name + " ('" +
           Printable(std::string_view(node.attribute(name).value()).substr(0, 40)) + "')");
  }
  return static_cast<std::uint64_t>(value);
}

constexpr std::uint64_t kMaxStride = std::uint64_t{1} << 48;

LifAxis AxisOf(const pugi::xml_node& node, std::optional<double> (*unit)(std::string_view)) {
  LifAxis axis;
  axis.count = Count(node, "NumberOfElements", kMaxPages);
  if (axis.count == 0) Refuse("a series of the LIF container states a dimension of 0");
  axis.stride = Count(node, "BytesInc", kMaxStride);
  std::optional<double> length = FiniteNumber(node.attribute("Length").value());
  const std::optional<double> scale = unit(node.attribute("Unit").value());
  if (length && scale && axis.count > 1) {
    // Stacks are recorded in either direction. A float's seven digits are what is stated.
    const double step = std::abs(*length) * *scale / static_cast<double>(axis.count - 1);
    if (step > 0.0 && std::isfinite(step)) axis.step = step;
  }
  return axis;
}

void ReadDimensions(const pugi::xml_node& description, LifLayout& layout) {
  bool has_y = false;
  for (const pugi::xml_node& node :
       description.child("Dimensions").children("DimensionDescription")) {
    switch (node.attribute("DimID").as_int()) {
      case 1:
        layout.x = AxisOf(node, MicrometresPer);
        break;
      case 2:
        layout.y = AxisOf(node, MicrometresPer);
        has_y = true;
        break;
      case 3:
        layout.z = AxisOf(node, MicrometresPer);
        break;
      case 4:
        layout.t = AxisOf(node, SecondsPer);
        break;
      default:
        if (Count(node, "NumberOfElements", kMaxPages) > 1) {
          Unsupported(
              "the series is a spectral scan, a mosaic or has another dimension beside x, y, z "
              "and time; export one of its parts, or name a converter with --converter");
        }
        break;
    }
  }
  if (!has_y && layout.z.count > 1) {
    layout.section = true;
    std::swap(layout.y, layout.z);
  }
}

SampleType TypeOf(const pugi::xml_node& channel, int bits) {
  const bool floating = channel.attribute("DataType").as_int() == 1;
  if (floating && bits == 32) return SampleType::kFloat32;
  if (floating && bits == 64) return SampleType::kFloat64;
  if (!floating && bits >= 1 && bits <= 8) return SampleType::kUint8;
  if (!floating && bits <= 16 && bits > 8) return SampleType::kUint16;
  Unsupported("the pixels of the series have " + std::to_string(bits) +
              " bits; export them as 8 or 16-bit integers");
}

void ReadChannels(const pugi::xml_node& description, LifLayout& layout) {
  for (const pugi::xml_node& channel :
       description.child("Channels").children("ChannelDescription")) {
    const int bits = channel.attribute("Resolution").as_int();
    const SampleType type = TypeOf(channel, bits);
    if (!layout.channels.empty() && (type != layout.type || bits != layout.bits)) {
      Unsupported("the channels of the series differ in pixel type; export one channel a file");
    }
    layout.type = type;
    layout.bits = bits;
    layout.channels.push_back(Count(channel, "BytesInc", kMaxStride));
    if (layout.channels.size() > kMaxPages) Refuse("the LIF series claims too many channels");
  }
  if (layout.channels.empty()) Refuse("the LIF series states no channel");
}

LifLayout LayoutOf(const pugi::xml_node& image) {
  LifLayout layout;
  const pugi::xml_node description = image.child("ImageDescription");
  ReadDimensions(description, layout);
  ReadChannels(description, layout);
  // Counts are at most 200,000 each, so products of two fit with room.
  if (layout.z.count * layout.t.count > kMaxPages / layout.channels.size()) {
    Unsupported("the LIF series holds more planes than the limit; export a part of it");
  }
  return layout;
}

PlaneShape ShapeOf(const LifLayout& layout) {
  const PlaneShape shape{static_cast<std::uint32_t>(layout.x.count),
                         static_cast<std::uint32_t>(layout.y.count), layout.type};
  CheckShape(shape);
  return shape;
}

class LifPlanes {
 public:
  LifPlanes(const LifLayout& layout, const FileBytes& file, const LifBlock& block)
      : layout_(layout),
        shape_(ShapeOf(layout)),
        block_(block),
        mapping_(MappedMemory::MapFile(file.fd(), file.size())) {
    if (Last() > block.bytes) {
      Refuse("the series needs " + std::to_string(Last()) +
             " bytes of pixels, but the file holds " + std::to_string(block.bytes));
    }
  }

  void Make(Image& image) {
    const std::uint64_t sample = BytesOf(shape_.type);
    const std::vector<std::uint64_t> firsts = FirstBytes();
    const bool in_rows = (layout_.x.stride == sample || layout_.x.count == 1) &&
                         (layout_.y.stride == sample * shape_.width_px || layout_.y.count == 1);
    const bool mapped = in_rows && std::all_of(firsts.begin(), firsts.end(), [&](auto first) {
                          return CanBeMapped(shape_, block_.first_byte + first);
                        });
    SetShape(shape_, firsts.size(), image);
    if (mapped) {
      image.memory.push_back(mapping_);
      for (std::size_t i = 0; i < firsts.size(); ++i) {
        image.planes[i] = MappedPlane(shape_, Byte(firsts[i]));
      }
      return;
    }
    DecodedPlanes decoded(shape_, firsts.size(), image);
    std::vector<std::byte> values(static_cast<std::size_t>(shape_.StoredBytes()));
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      Gather(Byte(firsts[i]), values);
      image.planes[i] = decoded.Add(values);
    }
  }

 private:
  [[nodiscard]] std::byte* Byte(std::uint64_t offset) const {
    return mapping_->bytes().data() + block_.first_byte + offset;
  }

  // One past the last byte of the series; strides and counts are limited, so this cannot wrap
  // beyond 2^48 x 2 x 10^5 x 5 < 2^64 ... each product is checked against the block first.
  [[nodiscard]] std::uint64_t Last() const {
    std::uint64_t last = *std::max_element(layout_.channels.begin(), layout_.channels.end());
    for (const LifAxis* axis : {&layout_.x, &layout_.y, &layout_.z, &layout_.t}) {
      const std::uint64_t steps = axis->count - 1;
      if (steps > 0 && axis->stride > block_.bytes / steps) return kMaxStride * 2;
      last += steps * axis->stride;
    }
    return last + BytesOf(layout_.type);
  }

  [[nodiscard]] std::vector<std::uint64_t> FirstBytes() const {
    std::vector<std::uint64_t> firsts;
    for (std::uint64_t t = 0; t < layout_.t.count; ++t) {
      for (const std::uint64_t channel : layout_.channels) {
        for (std::uint64_t z = 0; z < layout_.z.count; ++z) {
          firsts.push_back(channel + t * layout_.t.stride + z * layout_.z.stride);
        }
      }
    }
    return firsts;
  }

  void Gather(const std::byte* from, std::span<std::byte> values) const {
    const std::size_t sample = BytesOf(shape_.type);
    std::byte* out = values.data();
    for (std::uint64_t y = 0; y < layout_.y.count; ++y) {
      const std::byte* row = from + y * layout_.y.stride;
      for (std::uint64_t x = 0; x < layout_.x.count; ++x, out += sample) {
        std::memcpy(out, row + x * layout_.x.stride, sample);
      }
    }
  }

  const LifLayout& layout_;
  PlaneShape shape_;
  LifBlock block_;
  std::shared_ptr<const MappedMemory> mapping_;
};

void Put(const char* key, std::optional<double> value, Metadata& metadata) {
  // The lengths are written with seven digits; more would only be noise of the division.
  if (!value) return;
  const double scale = std::pow(10.0, 6.0 - std::floor(std::log10(*value)));
  if (std::isfinite(scale) && scale > 0.0) metadata[key] = std::round(*value * scale) / scale;
}

void PutLayout(const LifLayout& layout, Image& image) {
  image.axes = {static_cast<int>(layout.z.count), static_cast<int>(layout.channels.size()),
                static_cast<int>(layout.t.count), true};
  Put("pixel_size_x_um", layout.x.step, image.metadata);
  Put("pixel_size_y_um", layout.y.step, image.metadata);
  Put("z_step_um", layout.z.step, image.metadata);
  Put("frame_interval_s", layout.t.step, image.metadata);
  if (IsInteger(layout.type)) image.metadata["saturation_adu"] = std::exp2(layout.bits) - 1.0;
  if (!layout.section) return;
  image.notes.push_back({"axial_section",
                         "the planes of this series are x-z sections: their rows follow each other "
                         "along the optical axis, and pixel_size_y_um is the step along it"});
}

std::string SizeText(const pugi::xml_node& image) {
  std::string text;
  for (const pugi::xml_node& node :
       image.child("ImageDescription").child("Dimensions").children("DimensionDescription")) {
    constexpr std::string_view kNames = "?xyzt";
    const int id = node.attribute("DimID").as_int();
    const char name = id >= 1 && id <= 4 ? kNames[static_cast<std::size_t>(id)] : '?';
    text += (text.empty() ? "" : " x ") +
            std::to_string(node.attribute("NumberOfElements").as_int()) + " " + name;
    if (text.size() > 80) break;
  }
  return text;
}

const LifSeries& Choose(const std::vector<LifSeries>& series,
                        const std::optional<std::string>& wanted) {
  std::vector<SceneRow> rows;
  rows.reserve(series.size());
  for (const LifSeries& one : series) rows.push_back({one.name, SizeText(one.image)});
  return series[ChooseScene(rows, wanted)];
}

}  // namespace

Image ReadLifImage(const ImageSource& source) {
  const FileBytes file(source.fd, source.bytes);
  LifFile lif;
  ReadLifFile(file, lif);
  const LifSeries& series = Choose(lif.series, source.scene);
  const LifLayout layout = LayoutOf(series.image);
  const auto block = lif.blocks.find(series.block);
  if (block == lif.blocks.end()) Refuse("the pixels of the series are not in the LIF container");
  Image image;
  image.format = "LIF";
  LifPlanes(layout, file, block->second).Make(image);
  PutLayout(layout, image);
  ReadLifSettings(series.image, image.metadata);
  image.acquired_at = LifAcquiredAt(series.image);
  return image;
}

}  // namespace monitor::acquisition
