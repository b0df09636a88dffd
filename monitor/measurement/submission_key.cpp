#include "monitor/measurement/submission_key.h"

#include <set>
#include <stdexcept>

#include "monitor/measurement/sha256.h"
#include "sop/journal/canonical_json.h"

namespace monitor::measurement {
namespace {

using nlohmann::json;

[[noreturn]] void Refuse(const char* what) {
  throw std::invalid_argument(std::string("the document is no etalon.measurement/1: ") + what);
}

const json& Member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) Refuse(name);
  return *found;
}

std::string TextMember(const json& object, const char* name) {
  const json& value = Member(object, name);
  if (!value.is_string()) Refuse(name);
  return value.get<std::string>();
}

json Algorithm(const json& document) {
  std::set<std::string> definitions;
  const json& quantities = Member(document, "quantities");
  if (!quantities.is_array()) Refuse("quantities");
  for (const json& quantity : quantities) definitions.insert(TextMember(quantity, "definition"));
  const json& software = Member(document, "software");
  json algorithm =
      json::array({TextMember(software, "name") + "/" + TextMember(software, "version")});
  for (const std::string& definition : definitions) algorithm.push_back(definition);
  return algorithm;
}

json Raw(const json& document) {
  json raw = json::array();
  const json& inputs = Member(document, "inputs");
  if (!inputs.is_array()) Refuse("inputs");
  for (const json& input : inputs) raw.push_back(TextMember(input, "sha256"));
  return raw;
}

json SetupValues(const json& document) {
  json values = json::object();
  const json& setup = Member(document, "setup");
  if (!setup.is_object()) Refuse("setup");
  for (const auto& [key, entry] : setup.items()) values[key] = Member(entry, "value");
  return values;
}

}  // namespace

std::string SubmissionKey(const json& document, std::string_view instrument,
                          std::string_view configuration, std::string_view procedure) {
  if (TextMember(document, "schema") != "etalon.measurement/1") Refuse("schema");
  const json identity = {
      {"algorithm", Algorithm(document)},
      {"configuration", std::string(configuration)},
      {"instrument", std::string(instrument)},
      {"procedure", std::string(procedure)},
      {"raw", Raw(document)},
      {"setup", SetupValues(document)},
  };
  return BytesDigest(sop::journal::Canonicalise(identity));
}

}  // namespace monitor::measurement
