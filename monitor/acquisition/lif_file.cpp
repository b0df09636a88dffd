#include "monitor/acquisition/lif_file.h"

#include <algorithm>
#include <string_view>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/xml_text.h"

namespace monitor::acquisition {
namespace {

constexpr std::uint32_t kMarker = 0x70;
constexpr std::uint8_t kTest = 0x2A;
constexpr std::uint32_t kMaxNameLetters = 4096;
constexpr std::size_t kMaxBlocks = 200'000;
constexpr std::size_t kMaxSeries = 100'000;
constexpr int kMaxDepth = 64;

[[noreturn]] void Refuse(const std::string& what) {
  throw ReadError(ReadFault::kUnreadable, what + "; copy the LIF file again from the instrument");
}

/// Walks over the fields of the container.
class Walker {
 public:
  explicit Walker(const FileBytes& file) : file_(file) {}

  [[nodiscard]] std::uint64_t place() const { return place_; }
  [[nodiscard]] std::uint64_t left() const { return file_.size() - place_; }

  template <typename T>
  T Take() {
    const T value = file_.Number<T>(place_);
    place_ += sizeof(T);
    return value;
  }

  void Expect(std::uint8_t byte) {
    if (Take<std::uint8_t>() != byte)
      Refuse("the LIF container is broken at byte " + std::to_string(place_ - 1));
  }

  void TakeMarker() {
    if (Take<std::uint32_t>() != kMarker)
      Refuse("the LIF container is broken at byte " + std::to_string(place_ - 4));
    (void)Take<std::uint32_t>();  // length of the header that follows; its fields say it too
    Expect(kTest);
  }

  /// Bytes of UTF-16 letters, as stored.
  std::string TakeLetters(std::uint32_t letters) {
    std::string text = file_.Text(place_, std::size_t{letters} * 2);
    place_ += text.size();
    return text;
  }

  void Skip(std::uint64_t bytes) { place_ += std::min(bytes, left()); }

 private:
  const FileBytes& file_;
  std::uint64_t place_ = 0;
};

std::string ReadXml(Walker& walker) {
  walker.TakeMarker();
  const auto letters = walker.Take<std::uint32_t>();
  if (std::uint64_t{letters} * 2 > kMaxDescriptionBytes) {
    throw ReadError(ReadFault::kUnsupported,
                    "the description of the LIF container is larger than the limit; export the "
                    "series to a file of its own");
  }
  return walker.TakeLetters(letters);
}

// Names of blocks are plain letters; others only must stay different from each other.
std::string Narrow(const std::string& utf16) {
  std::string name;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    name += utf16[i + 1] == '\0' ? std::string(1, utf16[i]) : "\\u" + utf16.substr(i, 2);
  }
  return name;
}

// Version 2 writes the length of a block in eight bytes, version 1 in four.
std::uint64_t TakeBlockLength(int version, Walker& walker) {
  const std::uint64_t length =
      version >= 2 ? walker.Take<std::uint64_t>() : walker.Take<std::uint32_t>();
  walker.Expect(kTest);
  return length;
}

void ReadBlocks(int version, Walker& walker, std::map<std::string, LifBlock>& blocks) {
  while (walker.left() > 0 && blocks.size() < kMaxBlocks) {
    walker.TakeMarker();
    const std::uint64_t length = TakeBlockLength(version, walker);
    const auto letters = walker.Take<std::uint32_t>();
    if (letters > kMaxNameLetters) Refuse("a memory block of the LIF container has no usable name");
    const std::string name = Narrow(walker.TakeLetters(letters));
    blocks.emplace(name, LifBlock{walker.place(), std::min(length, walker.left())});
    walker.Skip(length);
  }
}

void GatherSeries(const pugi::xml_node& element, const std::string& folder, int depth,
                  std::vector<LifSeries>& series) {
  if (depth > kMaxDepth || series.size() >= kMaxSeries) return;
  const std::string name =
      folder + std::string(Printable(element.attribute("Name").value()).substr(0, 200));
  if (const pugi::xml_node image = element.child("Data").child("Image")) {
    series.push_back({name, image, element.child("Memory").attribute("MemoryBlockID").value()});
  }
  for (const pugi::xml_node& child : element.child("Children").children("Element")) {
    GatherSeries(child, depth == 0 ? "" : name + "/", depth + 1, series);
  }
}

}  // namespace

bool IsLif(const std::string& head) {
  using namespace std::string_view_literals;
  return head.size() >= 9 && head.starts_with("\x70\0\0\0"sv) && head[8] == '\x2A';
}

void ReadLifFile(const FileBytes& file, LifFile& lif) {
  Walker walker(file);
  ParseXml(ReadXml(walker), "the XML of the LIF container", pugi::encoding_utf16_le, lif.xml);
  const pugi::xml_node root = lif.xml.first_child();
  ReadBlocks(root.attribute("Version").as_int(1), walker, lif.blocks);
  for (const pugi::xml_node& element : root.children("Element")) {
    GatherSeries(element, "", 0, lif.series);
  }
  if (lif.series.empty()) Refuse("the LIF container holds no image");
}

}  // namespace monitor::acquisition
