#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "qc_metrics/result.h"

namespace qc_metrics {

/// Adds to a report what holds for one channel; `Value` has a `value` and an optional `u`.
template <typename Value>
class ReportWriter {
 public:
  ReportWriter(Report& report, std::optional<int> channel) : report_(report), channel_(channel) {}

  /// The quantity, for its `n` and `of`. An uncertainty that is no finite number is unknown.
  Quantity& Add(std::string_view id, std::string_view definition, std::string_view unit,
                const Value& value, std::string_view u_method) {
    Quantity quantity{.id = std::string(id),
                      .definition = std::string(definition),
                      .value = value.value,
                      .unit = std::string(unit),
                      .u = std::nullopt,
                      .u_method = {},
                      .n = std::nullopt,
                      .channel = channel_,
                      .of = {}};
    if (value.u && std::isfinite(*value.u)) {
      quantity.u = value.u;
      quantity.u_method = u_method;
    }
    report_.quantities.push_back(std::move(quantity));
    return report_.quantities.back();
  }

  void Find(std::string_view code, Severity severity, std::string text) {
    report_.findings.push_back({std::string(code), severity, std::move(text), channel_});
  }

 private:
  Report& report_;
  std::optional<int> channel_;
};

}  // namespace qc_metrics
