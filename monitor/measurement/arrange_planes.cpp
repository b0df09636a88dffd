#include "monitor/measurement/arrange_planes.h"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/setup_keys.h"

namespace monitor::measurement {
namespace {

struct AxisWord {
  char letter;
  std::size_t length;  // 0: what the others leave
};

[[noreturn]] void RefuseAxes(const std::string& text) {
  throw UsageError(
      "setup key 'axes' takes the letters z, c and t, slowest first, each but one "
      "with its length (z, c2z, t10c2z31), not '" +
      text + "'");
}

std::vector<AxisWord> ParseAxes(const std::string& text) {
  std::string_view rest = text;
  if (rest.ends_with("yx")) rest.remove_suffix(2);
  std::vector<AxisWord> words;
  while (!rest.empty()) {
    const char letter = rest.front();
    rest.remove_prefix(1);
    bool known = letter == 'z' || letter == 'c' || letter == 't';
    for (const AxisWord& word : words) known = known && word.letter != letter;
    std::size_t length = 0;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      length = length * 10 + static_cast<std::size_t>(rest.front() - '0');
      if (length > acquisition::kMaxPages) RefuseAxes(text);
      rest.remove_prefix(1);
    }
    if (!known) RefuseAxes(text);
    words.push_back({letter, length});
  }
  if (words.empty()) RefuseAxes(text);
  return words;
}

// Gives the one axis without a length what the others leave of `planes`.
void CompleteLengths(const std::string& text, std::size_t planes, std::vector<AxisWord>& words) {
  AxisWord* open = nullptr;
  std::size_t product = 1;
  for (AxisWord& word : words) {
    if (word.length != 0) {
      product *= word.length;
    } else if (open != nullptr) {
      RefuseAxes(text);
    } else {
      open = &word;
    }
  }
  if (open != nullptr) open->length = planes / product;
  if ((open == nullptr ? product : product * open->length) == planes && planes >= product) return;
  throw acquisition::ReadError(acquisition::ReadFault::kUnsupported,
                               "axes=" + text + " does not divide the " + std::to_string(planes) +
                                   " planes of the file; state other lengths");
}

// The planes in the order in which the file's pages follow each other is lost once axes are
// stated, so only files whose axes are one run can be renamed; others are kept page by page.
void Rearrange(const std::vector<AxisWord>& words, acquisition::Image& image) {
  acquisition::Axes axes{1, 1, 1, true};
  for (const AxisWord& word : words) {
    const int length = static_cast<int>(word.length);
    (word.letter == 'z' ? axes.size_z : word.letter == 'c' ? axes.size_c : axes.size_t) = length;
  }
  std::vector<cv::Mat> planes(image.planes.size());
  for (std::size_t page = 0; page < image.planes.size(); ++page) {
    std::size_t rest = page;
    std::size_t at[3] = {0, 0, 0};  // z, c, t
    for (std::size_t i = words.size(); i-- > 0;) {
      at[words[i].letter == 'z' ? 0 : words[i].letter == 'c' ? 1 : 2] = rest % words[i].length;
      rest /= words[i].length;
    }
    const auto size_z = static_cast<std::size_t>(axes.size_z);
    const auto size_c = static_cast<std::size_t>(axes.size_c);
    planes[(at[2] * size_c + at[1]) * size_z + at[0]] = image.planes[page];
  }
  image.planes = std::move(planes);
  image.axes = axes;
}

}  // namespace

void ArrangePlanes(const std::optional<std::string>& axes, NaturalAxis natural,
                   acquisition::Image& image) {
  const int planes = static_cast<int>(image.planes.size());
  if (axes) {
    std::vector<AxisWord> words = ParseAxes(*axes);
    CompleteLengths(*axes, image.planes.size(), words);
    Rearrange(words, image);
  } else if (!image.axes.stated) {
    image.axes = {natural == NaturalAxis::kZ ? planes : 1,
                  natural == NaturalAxis::kChannel ? planes : 1,
                  natural == NaturalAxis::kTime ? planes : 1, false};
  }
}

cv::Rect CropPlanes(const std::string& roi, acquisition::Image& image) {
  const cv::Rect whole({0, 0}, image.planes.front().size());
  int numbers[4] = {};
  std::string_view rest = roi;
  for (int i = 0; i < 4; ++i) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::optional<double> value = acquisition::FiniteNumber(rest.substr(0, end));
    const bool whole_number = value && *value == std::floor(*value) && *value >= 0.0 &&
                              *value <= static_cast<double>(acquisition::kMaxSidePx);
    if (!whole_number || (i < 3) != (end < rest.size())) {
      throw UsageError("setup key 'roi' takes x,y,width,height in pixels, not '" + roi + "'");
    }
    numbers[i] = static_cast<int>(*value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const cv::Rect region(numbers[0], numbers[1], numbers[2], numbers[3]);
  if (region.empty() || (region & whole) != region) {
    throw UsageError("the region roi=" + roi + " does not lie inside the image of " +
                     std::to_string(whole.width) + " x " + std::to_string(whole.height) +
                     " pixels");
  }
  for (cv::Mat& plane : image.planes) plane = plane(region);
  return region;
}

}  // namespace monitor::measurement
