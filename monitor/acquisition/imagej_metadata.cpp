#include "monitor/acquisition/imagej_metadata.h"

#include <cmath>
#include <map>
#include <string>
#include <string_view>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/tiff_resolution.h"

namespace monitor::acquisition {
namespace {

using Lines = std::map<std::string, std::string, std::less<>>;

Lines Split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      lines.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view Word(const Lines& lines, std::string_view key) {
  const auto found = lines.find(key);
  return found == lines.end() ? std::string_view() : std::string_view(found->second);
}

// A count of ImageJ's: absent is 1, as ImageJ itself reads it.
int Count(const Lines& lines, std::string_view key) {
  const std::string_view word = Word(lines, key);
  if (word.empty()) return 1;
  const std::optional<double> value = PositiveNumber(word);
  if (!value || *value != std::floor(*value) || *value > static_cast<double>(kMaxPages)) {
    throw ReadError(ReadFault::kUnreadable, "ImageJ's description states no usable number for '" +
                                                std::string(key) + "'; save the image again");
  }
  return static_cast<int>(*value);
}

void ReadAxes(const Lines& lines, std::size_t pages, PlanePlan& plan) {
  const int images = Count(lines, "images");
  plan.axes.size_z = Count(lines, "slices");
  plan.axes.size_c = Count(lines, "channels");
  plan.axes.size_t = Count(lines, "frames");
  const double product = double{1} * plan.axes.size_z * plan.axes.size_c * plan.axes.size_t;
  plan.axes.stated =
      lines.contains("slices") || lines.contains("channels") || lines.contains("frames");
  if (plan.axes.stated && product != images) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description contradicts itself: " + std::to_string(images) +
                        " images, but " + std::to_string(plan.axes.size_c) + " channels x " +
                        std::to_string(plan.axes.size_z) + " slices x " +
                        std::to_string(plan.axes.size_t) + " frames; save the image again");
  }
  plan.one_directory = pages == 1 && images > 1;
  if (!plan.one_directory && static_cast<std::size_t>(images) != pages) {
    throw ReadError(ReadFault::kUnreadable,
                    "ImageJ's description states " + std::to_string(images) +
                        " images, but the file holds " + std::to_string(pages) +
                        " pages; it is truncated or was edited, so save it again");
  }
  if (!plan.axes.stated) plan.axes.size_z = images;
  const auto z_count = static_cast<std::size_t>(plan.axes.size_z);
  const auto c_count = static_cast<std::size_t>(plan.axes.size_c);
  for (std::size_t t = 0; t < static_cast<std::size_t>(plan.axes.size_t); ++t) {
    for (std::size_t c = 0; c < c_count; ++c) {
      for (std::size_t z = 0; z < z_count; ++z) {
        plan.page_of_plane.push_back((t * z_count + z) * c_count + c);
      }
    }
  }
}

void ReadScale(const Lines& lines, const TiffWords& words, Metadata& metadata) {
  const std::optional<double> x_unit = MicrometresPer(Word(lines, "unit"));
  const std::string_view y_word = Word(lines, "yunit");
  const std::string_view z_word = Word(lines, "zunit");
  const std::optional<double> y_unit = y_word.empty() ? x_unit : MicrometresPer(y_word);
  const std::optional<double> z_unit = z_word.empty() ? x_unit : MicrometresPer(z_word);
  // ImageJ's resolution is pixels per `unit`, whatever ResolutionUnit says.
  PutPixelSize("pixel_size_x_um", words.x_resolution, x_unit, metadata);
  PutPixelSize("pixel_size_y_um", words.y_resolution, y_unit, metadata);
  const std::optional<double> spacing = PositiveNumber(Word(lines, "spacing"));
  if (spacing && z_unit) metadata["z_step_um"] = *spacing * *z_unit;
  const std::optional<double> interval = PositiveNumber(Word(lines, "finterval"));
  const std::string_view time_word = Word(lines, "tunit");
  const std::optional<double> seconds = time_word.empty() ? 1.0 : SecondsPer(time_word);
  if (interval && seconds) metadata["frame_interval_s"] = *interval * *seconds;
}

}  // namespace

bool IsImageJ(const TiffWords& words) { return words.description.starts_with("ImageJ="); }

PlanePlan ReadImageJ(const TiffWords& words, std::size_t pages) {
  PlanePlan plan;
  plan.format = "ImageJ TIFF";
  const Lines lines = Split(words.description);
  ReadAxes(lines, pages, plan);
  ReadScale(lines, words, plan.metadata);
  return plan;
}

}  // namespace monitor::acquisition
