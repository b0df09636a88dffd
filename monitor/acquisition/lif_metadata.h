#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// Adds what the hardware settings of a series state: objective, medium, pinhole, zoom, exposure,
/// microscope, modality. Excitation is stated where one laser line alone is on; the bands of the
/// detectors are no emission wavelengths and are not taken as such.
void ReadLifSettings(const pugi::xml_node& image, Metadata& metadata);

/// The first time stamp of a series, RFC 3339 UTC; absent: none.
[[nodiscard]] std::optional<std::string> LifAcquiredAt(const pugi::xml_node& image);

}  // namespace monitor::acquisition
