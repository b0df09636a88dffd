#include "monitor/agent/latest_values.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>

#include "monitor/agent/durable_file.h"
#include "qc_metrics/catalogue.h"

namespace monitor::agent {
namespace {

using nlohmann::json;
constexpr std::uint64_t kMaxFileBytes = 64 << 20;
constexpr char kAcquired[] = "etalon_measurement_acquired_timestamp_seconds";
constexpr char kSegment[] = "segment";

std::string LabelText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const json& part : value) joined += (joined.empty() ? "" : "-") + LabelText(part);
  return joined;
}

/// The catalogue writes its label as Prometheus does: axis="z".
void AddCatalogueLabel(std::string_view text, std::map<std::string, std::string>& labels) {
  const auto equals = text.find("=\"");
  if (equals == std::string_view::npos || !text.ends_with('"')) return;
  labels[std::string(text.substr(0, equals))] = text.substr(equals + 2, text.size() - equals - 3);
}

void AddQualifiers(const json& quantity, std::map<std::string, std::string>& labels) {
  const auto of = quantity.find("of");
  if (of == quantity.end() || !of->is_object()) return;
  for (const auto& [key, value] : of->items()) {
    if (key != kSegment) labels[key == "channels" ? "channel_pair" : key] = LabelText(value);
  }
}

void AddChannel(const json& quantity, std::map<std::string, std::string>& labels) {
  if (quantity.contains("channel_name")) {
    labels["channel"] = LabelText(quantity["channel_name"]);
  } else if (quantity.contains("channel")) {
    labels["channel"] = LabelText(quantity["channel"]);
  }
}

std::optional<double> UnixSeconds(const std::string& rfc3339_utc) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0.0;
  char zone = 0;
  if (std::sscanf(rfc3339_utc.c_str(), "%4d-%2d-%2dT%2d:%2d:%lf%c", &year, &month, &day, &hour,
                  &minute, &second, &zone) != 7 ||
      zone != 'Z') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400.0 + hour * 3600.0 + minute * 60.0 + second;
}

std::optional<Sample> SampleOf(const json& quantity, const std::string& location) {
  if (!quantity.is_object() || !quantity.contains("value") || !quantity["value"].is_number()) {
    return std::nullopt;
  }
  const auto* entry = qc_metrics::FindQuantity(quantity.value("id", ""));
  if (entry == nullptr || entry->prometheus_family.empty()) return std::nullopt;
  Sample sample;
  sample.family = entry->prometheus_family;
  sample.value = quantity["value"].get<double>() * entry->prometheus_scale;
  sample.labels["definition"] = quantity.value("definition", "");
  if (!location.empty()) sample.labels["location"] = location;
  AddChannel(quantity, sample.labels);
  AddQualifiers(quantity, sample.labels);
  AddCatalogueLabel(entry->prometheus_label, sample.labels);
  return sample;
}

std::string LocationOf(const json& document) {
  if (!document.contains("setup") || !document["setup"].is_object()) return "";
  const json location = document["setup"].value("location", json::object());
  return location.is_object() ? location.value("value", "") : "";
}

}  // namespace

std::vector<Sample> SamplesOf(const json& document, const std::string& instrument,
                              const std::string& configuration, const std::string& procedure) {
  std::vector<Sample> samples;
  const std::string location = LocationOf(document);
  for (const json& quantity : document.value("quantities", json::array())) {
    auto sample = SampleOf(quantity, location);
    if (!sample) continue;
    sample->labels["instrument"] = instrument;
    sample->labels["configuration"] = configuration;
    const auto same = std::find_if(samples.begin(), samples.end(), [&](const Sample& other) {
      return other.family == sample->family && other.labels == sample->labels;
    });
    if (same != samples.end()) *same = *sample;
    if (same == samples.end()) samples.push_back(*std::move(sample));
  }
  const auto acquired = document.contains("acquired_at") && document["acquired_at"].is_string()
                            ? UnixSeconds(document["acquired_at"].get<std::string>())
                            : std::nullopt;
  if (acquired) {
    samples.push_back(
        {kAcquired,
         {{"instrument", instrument}, {"configuration", configuration}, {"procedure", procedure}},
         *acquired});
  }
  return samples;
}

LatestValues::LatestValues(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  const json stored = json::parse(ReadFile(file_, kMaxFileBytes), nullptr, false);
  if (!stored.is_object()) return;
  for (const auto& [subject, rows] : stored.items()) {
    for (const json& row : rows) {
      samples_[subject].push_back({row.value("family", ""),
                                   row.value("labels", std::map<std::string, std::string>()),
                                   row.value("value", 0.0)});
    }
  }
}

void LatestValues::Replace(const std::string& subject, std::vector<Sample> samples) {
  if (samples.empty()) return;  // an unreadable file does not unmeasure the last good one
  json stored = json::object();
  {
    const std::scoped_lock lock(mutex_);
    if (samples_[subject] == samples) return;
    samples_[subject] = std::move(samples);
    for (const auto& [name, rows] : samples_) {
      for (const Sample& row : rows) {
        stored[name].push_back(
            {{"family", row.family}, {"labels", row.labels}, {"value", row.value}});
      }
    }
  }
  WriteFileDurably(file_, stored.dump());
}

std::vector<prometheus::MetricFamily> LatestValues::Collect() const {
  std::map<std::string, std::map<std::map<std::string, std::string>, double>> families;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [subject, rows] : samples_) {
      for (const Sample& row : rows) families[row.family][row.labels] = row.value;
    }
  }
  std::vector<prometheus::MetricFamily> collected;
  for (const auto& [name, rows] : families) {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = name == kAcquired ? "When the last measurement was acquired."
                                    : "Last measured value, in the base unit of the name.";
    family.type = prometheus::MetricType::Gauge;
    for (const auto& [labels, value] : rows) {
      prometheus::ClientMetric metric;
      for (const auto& [key, text] : labels) metric.label.push_back({key, text});
      metric.gauge.value = value;
      family.metric.push_back(std::move(metric));
    }
    collected.push_back(std::move(family));
  }
  return collected;
}

}  // namespace monitor::agent
