#include "monitor/service/router.h"

#include <algorithm>
#include <charconv>

#include "monitor/measurement/nearest.h"
#include "monitor/service/time_text.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

/// "{name}" or "{name}.suffix" against one segment of the path.
bool MatchSegment(std::string_view pattern, std::string_view segment, Router::Match& match) {
  if (!pattern.starts_with('{')) return pattern == segment;
  const std::size_t close = pattern.find('}');
  const std::string_view suffix = pattern.substr(close + 1);
  if (!segment.ends_with(suffix) || segment.size() <= suffix.size()) return false;
  match.path[std::string(pattern.substr(1, close - 1))] =
      segment.substr(0, segment.size() - suffix.size());
  return true;
}

bool MatchPath(std::string_view pattern, std::string_view path, Router::Match& match) {
  const auto wanted = Segments(pattern);
  const auto given = Segments(path);
  if (wanted.size() != given.size()) return false;
  match.path.clear();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!MatchSegment(wanted[i], given[i], match)) return false;
  }
  return true;
}

/// The record compares times as text: one form only.
bool IsUtcTime(std::string_view text) {
  return text.size() >= 20 && text[10] == 'T' && text.ends_with('Z') && ParseTime(text).has_value();
}

bool IsCount(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

[[noreturn]] void RefuseUnknown(const Route& route, const std::string& name) {
  std::vector<std::string_view> known;
  for (const Parameter& parameter : route.query) known.push_back(parameter.name);
  std::string detail = "This address has no query parameter \"" + name + "\"";
  const std::string nearest = measurement::NearestWord(name, known);
  if (!nearest.empty()) {
    detail += "; did you mean \"" + nearest + "\"?";
  } else if (known.empty()) {
    detail += "; it takes none.";
  } else {
    detail += "; it knows";
    for (const std::string_view word : known) detail += " " + std::string(word);
    detail += ".";
  }
  throw Problem(400, "unknown_parameter", detail);
}

void CheckKind(const Parameter& parameter, const std::string& value) {
  if (parameter.kind == Parameter::Kind::kTime && !IsUtcTime(value)) {
    throw Problem(400, "bad_time",
                  "\"" + parameter.name + "\" must be a UTC time such as 2026-11-22T10:00:00Z.");
  }
  if (parameter.kind == Parameter::Kind::kCount && !IsCount(value)) {
    throw Problem(400, "bad_parameter", "\"" + parameter.name + "\" must be a whole number.");
  }
}

}  // namespace

std::string Exchange::Query(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

int Exchange::Count(std::string_view name, int fallback) const {
  const std::string text = Query(name);
  int value = fallback;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

QualityRecord::AsOf Exchange::AsOf() const {
  const auto found = query.find("as_of");
  if (found == query.end()) return std::nullopt;
  return found->second;
}

nlohmann::json Exchange::JsonBody() const {
  nlohmann::json value;
  try {
    value = sop::journal::ParseStrict(body);
  } catch (const sop::journal::CanonicalJsonError& error) {
    throw Problem(400, "bad_json", std::string("The body is not valid JSON: ") + error.what());
  }
  if (!value.is_object()) throw Problem(400, "bad_json", "The body must be one JSON object.");
  return value;
}

bool Exchange::WantsCsv() const {
  const std::string format = Query("format");
  if (format.empty()) return accept.starts_with("text/csv");
  if (format != "csv" && format != "json") {
    throw Problem(400, "bad_parameter", "\"format\" is json or csv.");
  }
  return format == "csv";
}

void Router::Add(Route route) { routes_.push_back(std::move(route)); }

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : routes_) {
    Match match;
    if (route.method != wanted || !MatchPath(route.pattern, path, match)) continue;
    match.route = &route;
    return match;
  }
  const std::set<std::string> others = Methods(path);
  if (others.empty()) throw Problem(404, "not_found", "There is nothing at this address.");
  std::string known;
  for (const std::string& other : others) known += (known.empty() ? "" : ", ") + other;
  throw Problem(405, "method_not_allowed", "This address answers " + known + " only.");
}

std::set<std::string> Router::Methods(std::string_view path) const {
  std::set<std::string> methods;
  for (const Route& route : routes_) {
    Match match;
    if (MatchPath(route.pattern, path, match)) methods.insert(route.method);
  }
  return methods;
}

std::map<std::string, std::string, std::less<>> CheckQuery(const Route& route,
                                                           const QueryParameters& given) {
  std::map<std::string, std::string, std::less<>> checked;
  if (route.is_page) return checked;
  for (const auto& [name, value] : given) {
    const auto known = std::ranges::find(route.query, name, &Parameter::name);
    if (known == route.query.end()) RefuseUnknown(route, name);
    if (!checked.emplace(name, value).second) {
      throw Problem(400, "bad_parameter", "\"" + name + "\" stands twice in the query.");
    }
    CheckKind(*known, value);
  }
  for (const Parameter& parameter : route.query) {
    if (parameter.required && !checked.contains(parameter.name)) {
      throw Problem(400, "missing_parameter",
                    "Say \"" + parameter.name + "\": " + parameter.description);
    }
  }
  return checked;
}

std::function<std::string(const Exchange&)> InstrumentInPath(std::string name) {
  return [name = std::move(name)](const Exchange& exchange) { return exchange.path.at(name); };
}

std::function<std::string(const Exchange&)> InstrumentInQuery() {
  return [](const Exchange& exchange) { return exchange.Query("instrument"); };
}

std::function<std::string(const Exchange&)> InstrumentInBody() {
  return [](const Exchange& exchange) {
    const nlohmann::json body = exchange.JsonBody();
    const auto found = body.find("instrument");
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
}

Parameter AsOfParameter() {
  return {"as_of", "Recorded time: what the record said then.", Parameter::Kind::kTime};
}
Parameter FormatParameter() { return {"format", "json (default) or csv."}; }
Parameter CursorParameter() { return {"cursor", "The next_cursor of the page before."}; }
Parameter LimitParameter() {
  return {"limit", "Items on a page, at most 500.", Parameter::Kind::kCount};
}

}  // namespace monitor::service
