#pragma once

#include <optional>
#include <string>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// Puts the pixel size that `pixels_per_unit` of a unit of `um_per_unit` means, to the seven digits
/// that a TIFF resolution carries. Nothing is put where either is absent or not positive.
void PutPixelSize(const std::string& key, std::optional<double> pixels_per_unit,
                  std::optional<double> um_per_unit, Metadata& metadata);

}  // namespace monitor::acquisition
