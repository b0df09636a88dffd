#include "monitor/agent/strict_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "monitor/measurement/nearest.h"

namespace monitor::agent {
namespace {

std::string NumberText(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::optional<std::string> PlainText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  if (const auto* number = node.as_floating_point()) {
    if (!std::isfinite(number->get())) return std::nullopt;
    return NumberText(number->get());
  }
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

}  // namespace

StrictTable::StrictTable(const toml::table& table, std::string name, std::string file,
                         std::initializer_list<std::string_view> known)
    : table_(table), name_(std::move(name)), file_(std::move(file)) {
  RefuseUnknownKeys({known.begin(), known.end()});
}

void StrictTable::RefuseUnknownKeys(std::span<const std::string_view> known_keys) const {
  for (const auto& [key, node] : table_) {
    const std::string_view word = key.str();
    if (std::find(known_keys.begin(), known_keys.end(), word) != known_keys.end()) continue;
    std::string hint = measurement::NearestWord(word, known_keys);
    if (hint.empty()) {
      for (const std::string_view known : known_keys) {
        hint += (hint.empty() ? "known keys: " : ", ") + std::string(known);
      }
    } else {
      hint = "did you mean '" + hint + "'?";
    }
    throw ConfigError(file_ + ":" + std::to_string(key.source().begin.line) + ": '" +
                      std::string(word) + "' is not a key of " + name_ + "; " + hint);
  }
}

void StrictTable::Refuse(const toml::node& at, std::string_view problem) const {
  throw ConfigError(file_ + ":" + std::to_string(at.source().begin.line) + ": in " + name_ + ", " +
                    std::string(problem));
}

void StrictTable::RefuseKey(std::string_view key, std::string_view problem) const {
  const toml::node* node = table_.get(key);
  Refuse(node != nullptr ? *node : static_cast<const toml::node&>(table_),
         "'" + std::string(key) + "' " + std::string(problem));
}

void StrictTable::RefusePair(std::string_view key, std::string_view pair,
                             std::string_view problem) const {
  const toml::node* node = table_[key][pair].node();
  if (node == nullptr) RefuseKey(key, problem);
  Refuse(*node, "'" + std::string(key) + "': " + std::string(problem));
}

std::optional<std::string> StrictTable::Text(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  if (text == nullptr) RefuseKey(key, "must be text in quotes");
  if (text->get().empty()) RefuseKey(key, "must not be empty");
  return text->get();
}

std::string StrictTable::RequiredText(std::string_view key) {
  auto text = Text(key);
  if (!text) RefuseKey(key, "is missing; add it");
  return *std::move(text);
}

std::string StrictTable::Choice(std::string_view key, std::string_view fallback,
                                std::span<const std::string_view> choices) {
  const auto text = Text(key);
  if (!text) return std::string(fallback);
  if (std::find(choices.begin(), choices.end(), *text) != choices.end()) return *text;
  std::string list;
  for (const std::string_view choice : choices) {
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  RefuseKey(key, "is \"" + *text + "\"; it must be one of: " + list);
}

double StrictTable::Number(std::string_view key, double fallback, double lowest, double highest) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return fallback;
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !(*value >= lowest && *value <= highest)) {
    RefuseKey(key, "must be a number from " + NumberText(lowest) + " to " + NumberText(highest));
  }
  return *value;
}

std::optional<toml::date> StrictTable::Date(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* date = node->as_date();
  if (date == nullptr) RefuseKey(key, "must be a date without quotes, such as 2026-01-31");
  return date->get();
}

std::vector<std::pair<std::string, std::string>> StrictTable::Pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const toml::table* table = Table(key);
  if (table == nullptr) return pairs;
  for (const auto& [name, node] : *table) {
    auto text = PlainText(node);
    if (!text) Refuse(node, "'" + std::string(name.str()) + "' must be text, a number or a bool");
    pairs.emplace_back(std::string(name.str()), *std::move(text));
  }
  return pairs;
}

std::vector<std::string> StrictTable::Texts(std::string_view key) {
  std::vector<std::string> texts;
  const toml::node* node = table_.get(key);
  if (node == nullptr) return texts;
  if (!node->is_array()) RefuseKey(key, "must be a list of texts");
  for (const toml::node& element : *node->as_array()) {
    if (!element.is_string()) Refuse(element, "'" + std::string(key) + "' must hold texts only");
    texts.push_back(element.as_string()->get());
  }
  return texts;
}

const toml::table* StrictTable::Table(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) RefuseKey(key, "must be a table");
  return node->as_table();
}

std::vector<const toml::table*> StrictTable::Tables(std::string_view key) {
  std::vector<const toml::table*> tables;
  const toml::node* node = table_.get(key);
  if (node == nullptr) return tables;
  const toml::array* array = node->as_array();
  if (array == nullptr) RefuseKey(key, "must be written [[" + std::string(key) + "]]");
  for (const toml::node& element : *array) {
    if (!element.is_table()) Refuse(element, "every '" + std::string(key) + "' must be a table");
    tables.push_back(element.as_table());
  }
  return tables;
}

}  // namespace monitor::agent
