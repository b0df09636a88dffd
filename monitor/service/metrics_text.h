#pragma once

#include <prometheus/serializer.h>

namespace monitor::service {

/// The text exposition format with every number exact: the serializer that comes with the library
/// prints 16 significant digits, and 0.1 + 0.2 would reach Prometheus as 0.3.
class ExactTextSerializer final : public prometheus::Serializer {
 public:
  using Serializer::Serialize;
  void Serialize(std::ostream& out,
                 const std::vector<prometheus::MetricFamily>& families) const override;
};

}  // namespace monitor::service
