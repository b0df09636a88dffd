#include "monitor/service/openapi.h"

#include <algorithm>
#include <cctype>

#include "monitor/measurement/software.h"
#include "monitor/service/openapi_schemas.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

Json Reference(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }

Json QueryParameter(const Parameter& parameter) {
  Json schema = {{"type", "string"}};
  if (parameter.kind == Parameter::Kind::kTime) schema["format"] = "date-time";
  if (parameter.kind == Parameter::Kind::kCount) schema = {{"type", "integer"}, {"minimum", 0}};
  return {{"name", parameter.name},
          {"in", "query"},
          {"description", parameter.description},
          {"required", parameter.required},
          {"schema", schema}};
}

Json Parameters(const Route& route) {
  Json parameters = Json::array();
  for (std::size_t open = route.pattern.find('{'); open != std::string::npos;
       open = route.pattern.find('{', open + 1)) {
    const std::size_t close = route.pattern.find('}', open);
    parameters.push_back({{"name", route.pattern.substr(open + 1, close - open - 1)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  for (const Parameter& parameter : route.query) parameters.push_back(QueryParameter(parameter));
  return parameters;
}

Json Problems(const char* description) {
  return {{"description", description},
          {"content", {{"application/problem+json", {{"schema", Reference("Problem")}}}}}};
}

Json Responses(const Route& route) {
  Json content = Json::object();
  for (const Answer& answer : route.answers) {
    content[answer.media_type] = answer.schema.empty() ? Json{{"schema", {{"type", "string"}}}}
                                                       : Json{{"schema", Reference(answer.schema)}};
  }
  const Json done = {{"description", "Done."}, {"content", content}};
  Json responses = {{"200", done}, {"400", Problems("The request cannot be understood.")}};
  if (route.method != "GET") responses["201"] = done;
  if (route.right != kAnyone) {
    responses["401"] = Problems("Nobody is signed in, and no valid token came.");
    responses["403"] = Problems("Nothing that whoever asks holds gives this right here.");
  }
  for (const int status : route.refusals) {
    responses[std::to_string(status)] = Problems("Refused; the problem says why.");
  }
  responses["default"] = Problems("Any other failure.");
  return responses;
}

/// "GET /api/v1/instruments/{id}" → "get_api_v1_instruments_id"
std::string OperationId(const Route& route) {
  std::string id;
  for (const char c : route.method + "_" + route.pattern) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (word) id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!word && !id.empty() && id.back() != '_') id += '_';
  }
  if (id.back() == '_') id.pop_back();
  return id;
}

Json Operation(const Route& route) {
  Json operation = {{"operationId", OperationId(route)},
                    {"summary", route.summary},
                    {"parameters", Parameters(route)},
                    {"responses", Responses(route)}};
  if (!route.body_schema.empty()) {
    operation["requestBody"] = {
        {"required", true},
        {"content", {{"application/json", {{"schema", Reference(route.body_schema)}}}}}};
  }
  if (!route.body_media.empty()) {
    operation["requestBody"] = {{"required", true},
                                {"content", {{route.body_media, Json::object()}}}};
  }
  operation["x-right"] = route.right;
  if (route.right != kAnyone) {
    Json requirement = Json::object();
    requirement["token"] = Json::array();
    operation["security"] = Json::array();
    operation["security"].push_back(requirement);
    operation["description"] = "Asks for the right " + std::string(route.right) + ".";
  }
  return operation;
}

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Json OpenApiDocument(const std::vector<Route>& routes) {
  Json paths = Json::object();
  for (const Route& route : routes)
    paths[route.pattern][LowerCase(route.method)] = Operation(route);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Etalon"},
            {"version", measurement::kVersion},
            {"description",
             "Is this microscope within specification, for this work, in this time slot? Times are "
             "RFC 3339 in UTC; `as_of` is recorded time; errors are RFC 9457 problems."}}},
          {"paths", paths},
          {"components",
           {{"schemas", Json::parse(kOpenApiSchemas)},
            {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace monitor::service
