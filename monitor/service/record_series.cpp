#include <algorithm>

#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "qc_metrics/catalogue.h"
#include "sop/journal/canonical_json.h"
#include "sop/judging.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::SeriesRow;

/// More than any check that people make; a chart of more says that it leaves out earlier ones.
constexpr int kMostPoints = 20'000;

std::int64_t Bound(const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  const auto time = ParseTime(text);
  if (!time) throw Problem(400, "wrong_time", "from and to must be times as 2026-11-22T10:00:00Z");
  return ToMs(*time);
}

/// One definition of one channel may have several results (a line, a comparator): a series is one
/// of them. Unless asked for, the first of the newest measurement.
std::string ChosenQualifier(const std::vector<SeriesRow>& rows) {
  const std::string& newest = rows.back().quantity.measurement;
  const auto first = std::find_if(rows.begin(), rows.end(), [&](const SeriesRow& row) {
    return row.quantity.measurement == newest;
  });
  return first->quantity.qualifier;
}

/// The qualifiers asked for, in the canonical form in which they are stored.
std::string AskedQualifier(const std::string& of) {
  try {
    return sop::journal::Canonicalise(sop::journal::ParseStrict(of));
  } catch (const sop::journal::CanonicalJsonError&) {
    throw Problem(400, "bad_parameter",
                  "of must be a JSON object of qualifiers, as the instrument's page has it.");
  }
}

Json Point(const SeriesRow& row) {
  const Json body = Json::parse(row.quantity.body);
  const Json limit = body.value("limit", Json::object());
  return {{"t", row.acquired_at},
          {"value", body.at("value")},
          {"u", body.value("u", Json())},
          {"U", body.value("U", Json())},
          {"measurement", row.quantity.measurement},
          {"purpose", row.purpose},
          {"outcome", body.value("outcome", Json())},
          {"lower", limit.value("lower", Json())},
          {"upper", limit.value("upper", Json())},
          {"received_at", row.received_at}};
}

/// The definition that judges a quantity by this procedure: its pin, else that of its limit.
std::string JudgingDefinition(const RegisterState& state, const std::string& procedure,
                              const std::string& quantity) {
  const Json named = state.procedures.at(procedure).value("definitions", Json::object());
  std::map<std::string, std::string> pins;
  for (const auto& [part, definition] : named.items()) {
    if (definition.is_string()) pins[part] = definition;
  }
  if (const auto* pinned = sop::PinnedDefinition(pins, quantity)) return *pinned;
  const auto set = state.limit_sets.find(procedure);
  if (set == state.limit_sets.end()) return "";
  for (const Json& limit : set->second.at("limits")) {
    if (limit.at("quantity") == quantity) return limit.at("definition");
  }
  return "";
}

/// What a series shows unless asked: what judges the quantity there, else the built-in default.
std::string ShownDefinition(const RegisterState& state, const QualityRecord::SeriesQuery& query) {
  for (const Assignment& assignment : state.assignments) {
    if (assignment.instrument + "/" + assignment.configuration != query.subject) continue;
    const std::string judging = JudgingDefinition(state, assignment.procedure, query.quantity);
    if (!judging.empty()) return judging;
  }
  const auto* entry = qc_metrics::FindQuantity(query.quantity);
  return entry == nullptr ? "" : std::string(entry->default_definition);
}

/// Keeps the lowest and highest point of each stretch, so that no excursion is lost.
Json Thinned(const Json& points, std::size_t wanted) {
  if (wanted == 0 || points.size() <= wanted) return points;
  const std::size_t stretches = std::max<std::size_t>(wanted / 2, 1);
  Json kept = Json::array();
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t from = s * points.size() / stretches;
    const std::size_t to = (s + 1) * points.size() / stretches;
    std::size_t low = from;
    std::size_t high = from;
    for (std::size_t i = from; i < to; ++i) {
      if (points[i]["value"] < points[low]["value"]) low = i;
      if (points[i]["value"] > points[high]["value"]) high = i;
    }
    kept.push_back(points[std::min(low, high)]);
    if (low != high) kept.push_back(points[std::max(low, high)]);
  }
  return kept;
}

}  // namespace

Json QualityRecord::Series(const SeriesQuery& query, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  RequireFound(state->configurations.contains(query.subject), "unknown_configuration",
               "subject \"" + query.subject + "\"");
  const auto* entry = qc_metrics::FindQuantity(query.quantity);
  const std::string definition =
      query.definition.empty() ? ShownDefinition(*state, query) : query.definition;
  auto rows = view.tables->Series(
      {query.subject, query.quantity, definition, query.channel.empty() ? "*" : query.channel,
       Bound(query.from, INT64_MIN),
       // What was decided by then had been acquired by then.
       std::min(Bound(query.to, INT64_MAX), as_of ? ToMs(view.now) : INT64_MAX)},
      view.at, kMostPoints);
  Json points = Json::array();
  Json of = nullptr;
  Json unit = entry ? Json(std::string(entry->unit)) : Json(nullptr);
  if (!rows.empty()) {
    const std::string qualifier =
        query.of.empty() ? ChosenQualifier(rows) : AskedQualifier(query.of);
    // Without a channel asked for, channels are not mixed either.
    const std::string channel = rows.back().quantity.channel;
    for (const SeriesRow& row : rows) {
      if (row.quantity.qualifier != qualifier || row.purpose == "practice") continue;
      if (query.channel.empty() && row.quantity.channel != channel) continue;
      points.push_back(Point(row));
      unit = Json::parse(row.quantity.body).at("unit");
    }
    if (!qualifier.empty()) of = Json::parse(qualifier);
  }
  return {{"as_of", view.as_of},
          {"subject", query.subject},
          {"quantity", query.quantity},
          {"name", entry ? std::string(entry->name) : query.quantity},
          {"definition", definition},
          {"of", std::move(of)},
          {"unit", std::move(unit)},
          {"earlier_left_out", static_cast<int>(rows.size()) == kMostPoints},
          {"points", Thinned(points, static_cast<std::size_t>(std::max(query.points, 0)))},
          {"segments", Json::array()},
          {"signals", Json::array()},
          {"events", Json::array()}};
}

}  // namespace monitor::service
