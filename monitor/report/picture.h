#pragma once

#include <string>

namespace monitor::report {

/// A picture for people: made once with the measurement, kept by the digest of its bytes.
struct Picture {
  std::string name;        ///< "psf_xy": stable within an analysis; also the file's stem
  std::string media_type;  ///< "image/png" or "image/svg+xml"
  std::string bytes;
  std::string caption;  ///< one sentence: what is seen, with the scale bar's length
};

/// File ending for a picture's media type: ".png" or ".svg".
[[nodiscard]] inline std::string Extension(const Picture& picture) {
  return picture.media_type == "image/png" ? ".png" : ".svg";
}

}  // namespace monitor::report
