#include "monitor/service/facility_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "monitor/measurement/nearest.h"
#include "monitor/service/record.h"
#include "sop/register.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::Member;
using sop::Shape;
using Kind = sop::Member::Kind;

constexpr std::size_t kMaxTextBytes = 100'000;

struct Section {
  std::string_view name;
  std::string_view type;
};

// In the order in which the commands are given: each refers to what stands above it.
constexpr std::array<Section, 11> kSections = {{{"facility", "facility_described"},
                                                {"role", "role_defined"},
                                                {"instrument", "instrument_registered"},
                                                {"configuration", "configuration_registered"},
                                                {"procedure", "procedure_approved"},
                                                {"profile", "profile_described"},
                                                {"limit", "limit_set_approved"},
                                                {"assignment", "assignment_made"},
                                                {"artefact", "artefact_registered"},
                                                {"repeat_study", "repeat_study_recorded"},
                                                {"scale_record", "scale_recorded"}}};

std::int64_t Line(const toml::source_region& region) {
  return static_cast<std::int64_t>(region.begin.line);
}

[[noreturn]] void Refuse(std::int64_t line, const std::string& sentence) {
  throw Problem(422, "facility_file", "line " + std::to_string(line) + ": " + sentence);
}

[[noreturn]] void RefuseKey(const toml::key& key, const std::vector<std::string_view>& known,
                            const std::string& place) {
  const std::string nearest = measurement::NearestWord(key.str(), known);
  Refuse(Line(key.source()), "unknown key \"" + std::string(key.str()) + "\" in " + place +
                                 (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
}

/// The shape of a section's rows: that of its command, with what only a file has.
Shape RowShape(const Section& section) {
  Shape shape = *sop::RegisterShape(section.type);
  if (section.name == "procedure") shape.members.push_back({"file", Kind::kText});
  if (section.name == "limit") {
    shape = *sop::RegisterShape(section.type)->Find("limits")->of;
    shape.members.push_back({"procedure", Kind::kId, true});
  }
  return shape;
}

void CheckKeys(const toml::table& table, const Shape& shape, const std::string& place) {
  for (const auto& [key, node] : table) {
    const Member* member = shape.Find(key.str());
    if (member == nullptr) RefuseKey(key, shape.Names(), place);
    const std::string inner = place + "." + std::string(key.str());
    if (member->kind == Kind::kObject && node.is_table()) {
      CheckKeys(*node.as_table(), *member->of, inner);
    }
    if (member->kind == Kind::kRows && node.is_array()) {
      for (const toml::node& row : *node.as_array()) {
        if (row.is_table()) CheckKeys(*row.as_table(), *member->of, inner);
      }
    }
  }
}

template <typename T>
std::string Streamed(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

Json ToJson(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    Json object = Json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = ToJson(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    Json list = Json::array();
    for (const toml::node& value : *array) list.push_back(ToJson(value));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* day = node.as_date()) return Streamed(day->get());
  if (const auto* time = node.as_date_time()) return Streamed(time->get());
  Refuse(Line(node.source()), "a time of day has no meaning here");
}

std::string ReadText(const std::string& base_dir, const std::string& file, std::int64_t line) {
  const std::filesystem::path relative(file);
  for (const auto& part : relative) {
    if (part == "..") Refuse(line, "file must lie beside the facility file or below it");
  }
  if (relative.is_absolute()) Refuse(line, "file must be relative to the facility file");
  std::ifstream stream(std::filesystem::path(base_dir) / relative, std::ios::binary);
  if (!stream) Refuse(line, "cannot read " + file);
  std::string text(kMaxTextBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxTextBytes) Refuse(line, file + " is longer than 100000 bytes");
  return text;
}

/// Limits are written one by one and approved as one set a procedure.
void AddLimit(std::vector<FacilityRow>& rows, const Section& section, Json body,
              std::int64_t line) {
  if (!body.contains("procedure")) Refuse(line, "[[limit]] needs a procedure");
  const Json procedure = body["procedure"];
  body.erase("procedure");
  for (FacilityRow& row : rows) {
    if (row.type != section.type || row.body.at("procedure") != procedure) continue;
    row.body["limits"].push_back(std::move(body));
    return;
  }
  rows.push_back({std::string(section.type),
                  {{"procedure", procedure}, {"limits", Json::array({std::move(body)})}},
                  line});
}

void AddRow(std::vector<FacilityRow>& rows, const Section& section, const toml::table& table,
            std::string_view base_dir) {
  CheckKeys(table, RowShape(section), std::string(section.name));
  const std::int64_t line = Line(table.source());
  Json body = ToJson(table);
  if (section.name == "limit") return AddLimit(rows, section, std::move(body), line);
  if (section.name == "procedure" && body.contains("file")) {
    if (!body["file"].is_string() || body.contains("text")) {
      Refuse(line, "a procedure has either file or text");
    }
    body["text"] = ReadText(std::string(base_dir), body["file"], line);
    body.erase("file");
  }
  rows.push_back({std::string(section.type), std::move(body), line});
}

toml::table Parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    Refuse(Line(error.source()), std::string(error.description()));
  }
}

void CheckSections(const toml::table& file) {
  std::vector<std::string_view> known;
  for (const Section& section : kSections) known.push_back(section.name);
  for (const auto& [key, node] : file) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      RefuseKey(key, known, "the facility file");
    }
  }
}

}  // namespace

std::vector<FacilityRow> ReadFacilityFile(std::string_view toml_text, std::string_view base_dir) {
  const toml::table file = Parse(toml_text);
  CheckSections(file);
  std::vector<FacilityRow> rows;
  for (const Section& section : kSections) {
    const toml::node* node = file.get(section.name);
    if (node == nullptr) continue;
    const std::string name{section.name};
    if (section.name == "facility") {
      if (!node->is_table()) Refuse(Line(node->source()), "write [facility]");
      AddRow(rows, section, *node->as_table(), base_dir);
      continue;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) Refuse(Line(node->source()), "write [[" + name + "]]");
    for (const toml::node& row : *array) {
      if (!row.is_table()) Refuse(Line(row.source()), "write [[" + name + "]]");
      AddRow(rows, section, *row.as_table(), base_dir);
    }
  }
  return rows;
}

}  // namespace monitor::service
