#pragma once

#include <optional>
#include <string>

#include "monitor/acquisition/image.h"

namespace monitor::measurement {

/// What the planes of a file without stated axes are to an analysis.
enum class NaturalAxis { kZ, kChannel, kTime };

/// Gives the planes of `image` their axes. `axes` (letters z, c, t, slowest first, each but one
/// with its length: "z", "c2z", "t10c2z31"; x and y may follow) wins over what the file states;
/// without it and without the file's word the planes follow `natural`.
/// Errors  UsageError for a word that is no such list; acquisition::ReadError when the lengths do
///         not multiply to the number of planes.
void ArrangePlanes(const std::optional<std::string>& axes, NaturalAxis natural,
                   acquisition::Image& image);

/// Cuts all planes to `roi` ("x,y,w,h" in px), without copying.
/// Errors  UsageError for a text that is none, or a region outside of the image.
[[nodiscard]] cv::Rect CropPlanes(const std::string& roi, acquisition::Image& image);

}  // namespace monitor::measurement
