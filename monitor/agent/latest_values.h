#pragma once

#include <prometheus/metric_family.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace monitor::agent {

/// One exposed value: a Prometheus family, its labels, the value in base units.
struct Sample {
  std::string family;
  std::map<std::string, std::string> labels;
  double value = 0.0;
  bool operator==(const Sample&) const = default;
};

/// The quantities of a measurement document that have a family in the catalogue, in base units,
/// with labels instrument, configuration, channel, definition, what the catalogue adds (axis) and
/// what the quantity is of (comparator, line_nm ...). Segments are not a label: the last one wins.
[[nodiscard]] std::vector<Sample> SamplesOf(const nlohmann::json& document,
                                            const std::string& instrument,
                                            const std::string& configuration,
                                            const std::string& procedure);

/// What was measured last of each instrument, configuration and procedure; survives a restart,
/// because the next measurement may be a month away.
/// Threads  any.
class LatestValues {
 public:
  explicit LatestValues(std::filesystem::path file);
  void Replace(const std::string& subject, std::vector<Sample> samples);
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const;

 private:
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Sample>> samples_;
};

}  // namespace monitor::agent
