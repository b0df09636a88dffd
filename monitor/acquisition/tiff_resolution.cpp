#include "monitor/acquisition/tiff_resolution.h"

#include <cmath>

namespace monitor::acquisition {
namespace {

double ToSevenDigits(double value) {
  const double scale = std::pow(10.0, 6.0 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

}  // namespace

void PutPixelSize(const std::string& key, std::optional<double> pixels_per_unit,
                  std::optional<double> um_per_unit, Metadata& metadata) {
  if (!pixels_per_unit || !um_per_unit || !(*pixels_per_unit > 0.0)) return;
  const double size_um = ToSevenDigits(*um_per_unit / *pixels_per_unit);
  if (std::isfinite(size_um) && size_um > 0.0) metadata[key] = size_um;
}

}  // namespace monitor::acquisition
