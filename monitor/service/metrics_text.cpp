#include "monitor/service/metrics_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>

namespace monitor::service {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string Escape(std::string_view text, bool quotes) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      escaped += {'\\', c};
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void Sample(std::ostream& out, const std::string& name, const ClientMetric& metric,
            std::string_view value, std::string_view bound = {}) {
  out << name;
  char open = '{';
  for (const auto& [key, text] : metric.label) {
    out << open << key << "=\"" << Escape(text, true) << '"';
    open = ',';
  }
  if (!bound.empty()) {
    out << open << "le=\"" << bound << '"';
    open = ',';
  }
  out << (open == ',' ? "} " : " ") << value << '\n';
}

void Histogram(std::ostream& out, const std::string& name, const ClientMetric& metric) {
  for (const auto& bucket : metric.histogram.bucket) {
    Sample(out, name + "_bucket", metric, std::to_string(bucket.cumulative_count),
           Number(bucket.upper_bound));
  }
  const std::string count = std::to_string(metric.histogram.sample_count);
  Sample(out, name + "_bucket", metric, count, "+Inf");
  Sample(out, name + "_sum", metric, Number(metric.histogram.sample_sum));
  Sample(out, name + "_count", metric, count);
}

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
    case MetricType::Untyped:
      break;  // nothing of ours is a summary
  }
  return "untyped";
}

}  // namespace

void ExactTextSerializer::Serialize(std::ostream& out,
                                    const std::vector<MetricFamily>& families) const {
  for (const MetricFamily& family : families) {
    out << "# HELP " << family.name << ' ' << Escape(family.help, false) << '\n';
    out << "# TYPE " << family.name << ' ' << TypeName(family.type) << '\n';
    for (const ClientMetric& metric : family.metric) {
      if (family.type == MetricType::Histogram) {
        Histogram(out, family.name, metric);
        continue;
      }
      const bool counts = family.type == MetricType::Counter;
      Sample(out, family.name, metric, Number(counts ? metric.counter.value : metric.gauge.value));
    }
  }
}

}  // namespace monitor::service
