#pragma once

#include <tiffio.h>

#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <string>

namespace tests::support {

/// The first page of a TIFF of one 8- or 16-bit channel in strips, palette indices as they are;
/// empty when there is none.
inline cv::Mat ReadTiffPlane(const std::filesystem::path& path) {
  TIFFSetWarningHandler(nullptr);  // LSM's private tags
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> file(TIFFOpen(path.c_str(), "r"), &TIFFClose);
  if (!file) return {};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint16_t bits = 0;
  std::uint16_t samples = 1;
  TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(file.get(), TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_SAMPLESPERPIXEL, &samples);
  if (samples != 1 || (bits != 8 && bits != 16)) return {};
  cv::Mat plane(static_cast<int>(height), static_cast<int>(width), bits == 8 ? CV_8U : CV_16U);
  for (int y = 0; y < plane.rows; ++y) {
    if (TIFFReadScanline(file.get(), plane.ptr(y), static_cast<std::uint32_t>(y)) < 0) return {};
  }
  return plane;
}

/// A file of the real calibration data, or an empty path where the folder is absent.
inline std::filesystem::path CalibrationFile(const std::string& relative) {
  const auto path = std::filesystem::path(ETALON_CALIBRATION_DATA) / relative;
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

}  // namespace tests::support
