#pragma once

#include <optional>
#include <string>
#include <vector>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// What the XML of a CZI states.
struct CziMetadata {
  Metadata values;
  std::optional<std::string> acquired_at;
  std::vector<std::string> scene_names;  ///< at the index of the scene; empty: unnamed
};

/// Reads the XML of a CZI (ImageDocument): scaling, bit depth, objective and medium, microscope,
/// date, and, for the channels `channels` in order (their C indices), names, wavelengths, pinholes,
/// exposure, zoom and modality. A list by channel is stated only where each channel states it.
/// Errors  ReadError when it is no XML.
[[nodiscard]] CziMetadata ReadCziMetadata(const std::string& xml, const std::vector<int>& channels);

}  // namespace monitor::acquisition
