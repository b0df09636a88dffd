#pragma once

#include <functional>
#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "monitor/acquisition/read_image.h"
#include "tests/monitor/acquisition/real_file.h"

namespace monitor::measurement {

using Values = std::vector<double>;

/// What is found for a row. `tolerance` 0: half of the row's last digit. With `refuted` the
/// published figure is wrong, and what is found must differ from it.
struct Found {
  Values values;
  double tolerance = 0.0;
  std::string refuted = {};
};

using Metrics = std::map<std::string, std::function<Found()>>;

/// A file of the calibration data, by the reader that the program uses.
inline acquisition::Image ReadGolden(const std::string& name) {
  const acquisition::RealFile file(name);
  return acquisition::ReadImage(file.Source());
}

/// The functions of the rows of one file, by metric.
[[nodiscard]] Metrics GoldenBead();
[[nodiscard]] Metrics GoldenFourBeads();
[[nodiscard]] Metrics GoldenField(const std::string& name);

}  // namespace monitor::measurement
