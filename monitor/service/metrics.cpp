#include "monitor/service/metrics.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "monitor/service/metrics_text.h"
#include "monitor/service/time_text.h"
#include "qc_metrics/catalogue.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using Label = prometheus::ClientMetric::Label;
using Labels = std::vector<Label>;
using prometheus::MetricType;

constexpr std::array<std::string_view, 5> kVerdicts = {"in_spec", "in_spec_with_conditions",
                                                       "not_in_scope", "out_of_spec", "unknown"};
// What a quantity may be "of" and still have a bounded number of values at one facility.
constexpr std::array<std::string_view, 9> kQualifiers = {
    "comparator", "direction", "distance_um",     "line_nm", "location",
    "region",     "segment",   "setting_percent", "tile"};
// Longest first: a suffix of two words must not be cut in the middle.
constexpr std::array<std::string_view, 15> kUnitSuffixes = {"electrons_per_second",
                                                            "electrons_per_adu",
                                                            "meters_per_second",
                                                            "ratio_per_second",
                                                            "electrons",
                                                            "degrees",
                                                            "radians",
                                                            "seconds",
                                                            "meters",
                                                            "pixels",
                                                            "beads",
                                                            "ratio",
                                                            "watts",
                                                            "adu",
                                                            "volts"};

std::string Text(const Json& row, std::string_view key) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::optional<double> Value(const Json& row, std::string_view key) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> SecondsOf(const std::string& time) {
  const auto parsed = ParseTime(time);
  if (!parsed) return std::nullopt;
  return static_cast<double>(ToMs(*parsed)) / 1000.0;
}

/// Families by name, each with its rows; a second row with the same labels would void the page.
class Families {
 public:
  void Gauge(const std::string& name, std::string_view help, const Labels& labels, double value) {
    if (auto* metric = Add(name, help, MetricType::Gauge, labels)) metric->gauge.value = value;
  }
  void Counter(const std::string& name, std::string_view help, const Labels& labels, double value) {
    if (auto* metric = Add(name, help, MetricType::Counter, labels)) metric->counter.value = value;
  }
  prometheus::ClientMetric* Add(const std::string& name, std::string_view help, MetricType type,
                                const Labels& labels) {
    Labels sorted = labels;
    std::sort(sorted.begin(), sorted.end());
    std::string identity;
    for (const auto& [key, text] : sorted) identity += key + '\0' + text + '\0';
    auto& entry = families_[name];
    if (!entry.seen.insert(identity).second) return nullptr;
    entry.family.name = name;
    entry.family.help = help;
    entry.family.type = type;
    entry.family.metric.emplace_back().label = labels;
    return &entry.family.metric.back();
  }
  [[nodiscard]] std::string Page() const {
    std::vector<prometheus::MetricFamily> all;
    for (const auto& [name, entry] : families_) all.push_back(entry.family);
    return ExactTextSerializer().Serialize(all);
  }

 private:
  struct Entry {
    prometheus::MetricFamily family;
    std::set<std::string> seen;
  };
  std::map<std::string, Entry> families_;
};

/// "axis=\"z\"" as the catalogue writes it; several stand behind commas.
void AddCatalogueLabels(std::string_view text, Labels& labels) {
  while (!text.empty()) {
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) return;
    const std::size_t close = text.find('"', equals + 2);
    if (close == std::string_view::npos) return;
    labels.push_back({std::string(text.substr(0, equals)),
                      std::string(text.substr(equals + 2, close - equals - 2))});
    text.remove_prefix(std::min(text.size(), close + 2));
  }
}

std::string ChannelPair(const Json& channels) {
  std::string pair;
  for (const Json& channel : channels) pair += (pair.empty() ? "" : "-") + channel.dump();
  return pair;
}

Labels QuantityLabels(const Json& measurement, const Json& quantity,
                      const qc_metrics::CatalogueEntry& entry) {
  Labels labels = {{"instrument", Text(measurement, "instrument")},
                   {"configuration", Text(measurement, "configuration")},
                   {"definition", Text(quantity, "definition")}};
  std::string channel = Text(quantity, "channel_name");
  if (channel.empty()) channel = Text(quantity, "channel");
  if (!channel.empty()) labels.push_back({"channel", channel});
  AddCatalogueLabels(entry.prometheus_label, labels);
  const Json of = quantity.value("of", Json::object());
  for (const std::string_view key : kQualifiers) {
    if (of.contains(key)) labels.push_back({std::string(key), Text(of, key)});
  }
  if (of.contains("channels")) labels.push_back({"channel_pair", ChannelPair(of["channels"])});
  return labels;
}

void AddQuantity(Families& families, const Json& measurement, const Json& quantity) {
  const auto* entry = qc_metrics::FindQuantity(Text(quantity, "id"));
  const auto value = Value(quantity, "value");
  if (entry == nullptr || entry->prometheus_family.empty() || !value) return;
  const std::string family(entry->prometheus_family);
  const double scale = entry->prometheus_scale;
  const Labels labels = QuantityLabels(measurement, quantity, *entry);
  families.Gauge(family, "Latest as-found value.", labels, *value * scale);
  if (const auto u = Value(quantity, "u")) {
    families.Gauge(WithInfix(family, "uncertainty"), "Standard uncertainty (k = 1) of the value.",
                   labels, *u * scale);
  }
  const Json limit = quantity.value("limit", Json());
  if (!limit.is_object()) return;
  if (const auto lower = Value(limit, "lower")) {
    families.Gauge(WithInfix(family, "lower_limit"), "Lower limit that judged the value.", labels,
                   *lower * scale);
  }
  if (const auto upper = Value(limit, "upper")) {
    families.Gauge(WithInfix(family, "upper_limit"), "Upper limit that judged the value.", labels,
                   *upper * scale);
  }
}

void AddMeasurements(Families& families, const Json& snapshot) {
  for (const Json& measurement : snapshot.value("measurements", Json::array())) {
    for (const Json& quantity : measurement.value("quantities", Json::array())) {
      AddQuantity(families, measurement, quantity);
    }
    if (const auto acquired = SecondsOf(Text(measurement, "acquired_at"))) {
      families.Gauge("etalon_measurement_acquired_timestamp_seconds",
                     "When the latest as-found measurement was acquired.",
                     {{"instrument", Text(measurement, "instrument")},
                      {"configuration", Text(measurement, "configuration")},
                      {"procedure", Text(measurement, "procedure")}},
                     *acquired);
    }
  }
}

void AddState(Families& families, const Json& snapshot) {
  for (const Json& row : snapshot.value("fitness", Json::array())) {
    for (const std::string_view verdict : kVerdicts) {
      families.Gauge("etalon_fitness", "1 for the verdict that holds, 0 for the others.",
                     {{"instrument", Text(row, "instrument")},
                      {"configuration", Text(row, "configuration")},
                      {"profile", Text(row, "profile")},
                      {"verdict", std::string(verdict)}},
                     Text(row, "verdict") == verdict ? 1.0 : 0.0);
    }
  }
  for (const Json& row : snapshot.value("procedures", Json::array())) {
    const auto due = SecondsOf(Text(row, "due"));
    if (!due) continue;
    families.Gauge("etalon_procedure_due_timestamp_seconds",
                   "When the procedure is due next on the configuration.",
                   {{"instrument", Text(row, "instrument")},
                    {"configuration", Text(row, "configuration")},
                    {"procedure", Text(row, "procedure")}},
                   *due);
  }
  if (snapshot.contains("anchored_at")) {
    families.Gauge("etalon_log_anchored_timestamp_seconds",
                   "When the log was last anchored by a timestamp authority; 0 when never.", {},
                   SecondsOf(Text(snapshot, "anchored_at")).value_or(0.0));
  }
  families.Counter("etalon_journal_events_total", "Events in the journal.", {},
                   Value(snapshot, "journal_events").value_or(0.0));
}

void AddAgents(Families& families, const MetricsInput& input) {
  std::map<std::string, std::string> agents;
  for (const Json& row : input.snapshot.value("agents", Json::array())) {
    agents[Text(row, "name")] = Text(row, "last_seen");
  }
  // Both are RFC 3339 in UTC, where later is greater.
  for (const auto& [name, time] : input.last_seen) agents[name] = std::max(agents[name], time);
  for (const auto& [name, time] : agents) {
    const auto seconds = SecondsOf(time);
    if (!seconds) continue;
    families.Gauge("etalon_agent_last_seen_timestamp_seconds",
                   "When the agent last spoke to the service.", {{"agent", name}}, *seconds);
  }
}

void AddRequests(Families& families, const MetricsInput& input) {
  constexpr std::array<std::string_view, 3> kOutcomes = {"done", "refused", "failed"};
  for (const auto& [route, row] : input.requests) {
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
      families.Counter("etalon_http_requests_total", "HTTP requests by route and outcome.",
                       {{"route", route}, {"outcome", std::string(kOutcomes[i])}},
                       static_cast<double>(row.outcomes[i]));
    }
    auto* metric =
        families.Add("etalon_http_request_duration_seconds", "Duration of HTTP requests by route.",
                     MetricType::Histogram, {{"route", route}});
    if (metric == nullptr) continue;
    std::uint64_t cumulated = 0;
    for (std::size_t i = 0; i < RequestMeter::kBounds_s.size(); ++i) {
      cumulated += row.counts[i];
      metric->histogram.bucket.push_back({cumulated, RequestMeter::kBounds_s[i]});
    }
    metric->histogram.sample_count = cumulated + row.counts.back();
    metric->histogram.sample_sum = row.sum_s;
  }
}

}  // namespace

std::string WithInfix(std::string_view family, std::string_view infix) {
  for (const std::string_view suffix : kUnitSuffixes) {
    if (!family.ends_with(suffix) || family.size() <= suffix.size() + 1) continue;
    const std::size_t cut = family.size() - suffix.size();
    if (family[cut - 1] != '_') continue;
    return std::string(family.substr(0, cut)) + std::string(infix) + "_" + std::string(suffix);
  }
  return std::string(family) + "_" + std::string(infix);
}

std::string MetricsPage(const MetricsInput& input) {
  Families families;
  AddMeasurements(families, input.snapshot);
  AddState(families, input.snapshot);
  AddAgents(families, input);
  AddRequests(families, input);
  return families.Page();
}

}  // namespace monitor::service
