#include "monitor/acquisition/image.h"

#include <cassert>

namespace monitor::acquisition {

qc_metrics::Stack ChannelStack(const Image& image, int channel, int frame) {
  assert(channel >= 0 && channel < image.axes.size_c && frame >= 0 && frame < image.axes.size_t);
  const auto first = static_cast<std::size_t>(frame * image.axes.size_c + channel) *
                     static_cast<std::size_t>(image.axes.size_z);
  qc_metrics::Stack stack;
  for (std::size_t z = 0; z < static_cast<std::size_t>(image.axes.size_z); ++z) {
    stack.planes.push_back(image.planes[first + z]);
  }
  return stack;
}

}  // namespace monitor::acquisition
