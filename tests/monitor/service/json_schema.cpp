#include "tests/monitor/service/json_schema.h"

#include <algorithm>
#include <regex>
#include <set>

namespace monitor::service {
namespace {

using Json = nlohmann::json;

bool IsOfType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

std::string CheckType(const Json& value, const Json& schema, const std::string& place) {
  if (!schema.contains("type")) return "";
  const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  const bool matches = std::any_of(types.begin(), types.end(), [&](const Json& type) {
    return IsOfType(value, type.get<std::string>());
  });
  return matches ? "" : place + " is not " + types.dump() + ": " + value.dump().substr(0, 80);
}

std::string CheckObject(const Json& value, const Json& schema, const Json& document,
                        const std::string& place) {
  for (const Json& key : schema.value("required", Json::array())) {
    if (!value.contains(key.get<std::string>())) return place + " lacks " + key.dump();
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, member] : value.items()) {
    if (properties.contains(key)) {
      const auto found = Violation(member, properties[key], document, place + "." + key);
      if (!found.empty()) return found;
    } else if (schema.value("additionalProperties", Json(true)) == Json(false)) {
      return place + " must not have " + key;
    }
  }
  return "";
}

std::string CheckScalar(const Json& value, const Json& schema, const std::string& place) {
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
    return place + " is none of " + schema["enum"].dump();
  }
  if (schema.contains("pattern") && value.is_string() &&
      !std::regex_search(value.get<std::string>(),
                         std::regex(schema["pattern"].get<std::string>()))) {
    return place + " does not match " + schema["pattern"].dump() + ": " + value.dump();
  }
  return "";
}

}  // namespace

std::string Violation(const Json& value, const Json& schema, const Json& document,
                      const std::string& place) {
  static const std::set<std::string> kKnown = {"$ref",        "additionalProperties",
                                               "description", "enum",
                                               "format",      "items",
                                               "maxItems",    "minimum",
                                               "oneOf",       "pattern",
                                               "properties",  "required",
                                               "type"};
  for (const auto& [keyword, unused] : schema.items()) {
    if (!kKnown.contains(keyword)) return place + ": unknown keyword " + keyword;
  }
  if (schema.contains("$ref")) {
    const std::string pointer = schema["$ref"].get<std::string>().substr(1);
    return Violation(value, document.at(Json::json_pointer(pointer)), document, place);
  }
  if (schema.contains("oneOf")) {
    const auto fitting = std::count_if(
        schema["oneOf"].begin(), schema["oneOf"].end(),
        [&](const Json& one) { return Violation(value, one, document, place).empty(); });
    return fitting == 1 ? "" : place + " fits " + std::to_string(fitting) + " of oneOf";
  }
  std::string found = CheckType(value, schema, place);
  if (found.empty()) found = CheckScalar(value, schema, place);
  if (found.empty() && value.is_object()) found = CheckObject(value, schema, document, place);
  if (!value.is_array() || !schema.contains("items")) return found;
  for (std::size_t i = 0; i < value.size() && found.empty(); ++i) {
    found = Violation(value[i], schema["items"], document, place + "[" + std::to_string(i) + "]");
  }
  return found;
}

}  // namespace monitor::service
