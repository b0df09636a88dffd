#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace monitor::simulation {

/// The file could not be written; what() says which and why.
class WriteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct OmeChannel {
  std::string name;
  std::optional<double> excitation_nm;
  std::optional<double> emission_nm;
  std::optional<double> exposure_s;
  std::string acquisition_mode{};  ///< OME's word, such as WideField; empty: unknown
};

/// What an acquisition program knows of its image; absent members are left out of the file.
struct OmeImage {
  std::vector<cv::Mat>
      planes;  ///< one channel each, CV_8U, CV_16U or CV_32F; z fastest, then channel, then time
  std::vector<OmeChannel> channels;  ///< planes.size() is a multiple of channels.size() x frames
  int frames = 1;                    ///< points in time
  std::optional<double> frame_interval_s;
  std::optional<double> pixel_size_x_um;
  std::optional<double> pixel_size_y_um;
  std::optional<double> z_step_um;
  std::optional<double> numerical_aperture;
  std::optional<double> refractive_index;
  std::optional<int> significant_bits;
  std::string acquired_at;  ///< ISO 8601 with zone; empty: unknown
  std::string microscope_serial;
  std::string objective_model;
  std::string objective_serial{};
  std::string immersion{};  ///< OME's word, such as Oil; empty: unknown
};

/// Writes one uncompressed OME-TIFF (OME-XML 2016-06), native byte order; classic TIFF up to 4 GB,
/// BigTIFF above.
/// Errors  WriteError; a half-written file may stay behind.
void WriteOmeTiff(const std::string& path, const OmeImage& image);

}  // namespace monitor::simulation
