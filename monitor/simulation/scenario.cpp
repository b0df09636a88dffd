#include "monitor/simulation/scenario.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

namespace monitor::simulation {
namespace {

const ScenarioKey& KeyOf(std::span<const ScenarioKey> keys, std::string_view name) {
  const auto row = std::find_if(keys.begin(), keys.end(),
                                [name](const ScenarioKey& key) { return key.name == name; });
  if (row == keys.end()) throw std::logic_error("no scenario key " + std::string(name));
  return *row;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

[[noreturn]] void Refuse(const ScenarioKey& key, std::string_view text, const std::string& wanted) {
  throw ScenarioError("key '" + std::string(key.name) + "' takes " + wanted + ", not '" +
                      std::string(text.substr(0, 80)) + "'");
}

std::optional<double> Parsed(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

void CheckNumber(const ScenarioKey& key, std::string_view text) {
  const std::optional<double> value = Parsed(text);
  const bool whole = key.kind == ScenarioKeyKind::kWhole;
  if (value && *value >= key.lowest && *value <= key.highest &&
      (!whole || *value == std::floor(*value))) {
    return;
  }
  std::ostringstream wanted;
  wanted << (whole ? "a whole number from " : "a number from ") << key.lowest << " to "
         << key.highest;
  Refuse(key, text, wanted.str());
}

void Check(const ScenarioKey& key, std::string_view text) {
  switch (key.kind) {
    case ScenarioKeyKind::kNumber:
    case ScenarioKeyKind::kWhole:
      return CheckNumber(key, text);
    case ScenarioKeyKind::kNumbers:
      for (const std::string_view part : Split(text, ',')) CheckNumber(key, part);
      return;
    case ScenarioKeyKind::kWord: {
      const auto words = Split(key.words, '|');
      if (std::find(words.begin(), words.end(), text) == words.end()) {
        Refuse(key, text, "one of " + std::string(key.words));
      }
      return;
    }
    case ScenarioKeyKind::kText:
      if (std::any_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20U; })) {
        Refuse(key, "?", "a text without control characters");
      }
      return;
  }
}

}  // namespace

ScenarioSettings::ScenarioSettings(std::span<const ScenarioKey> keys) : keys_(keys) {
  for (const ScenarioKey& key : keys) {
    texts_.emplace(std::string(key.name), std::string(key.standard));
  }
}

void ScenarioSettings::Put(std::string_view name, std::string_view text) {
  Check(KeyOf(keys_, name), text);
  texts_.find(name)->second = std::string(text);
}

double ScenarioSettings::Number(std::string_view name) const { return *Parsed(Text(name)); }

int ScenarioSettings::Whole(std::string_view name) const { return static_cast<int>(Number(name)); }

std::vector<double> ScenarioSettings::Numbers(std::string_view name) const {
  std::vector<double> values;
  for (const std::string_view part : Split(Text(name), ',')) values.push_back(*Parsed(part));
  return values;
}

const std::string& ScenarioSettings::Text(std::string_view name) const {
  return texts_.find(KeyOf(keys_, name).name)->second;
}

std::span<const Scenario> Scenarios() {
  static const std::vector<Scenario> kAll = {
      PsfScenario(),      CoregistrationScenario(), IlluminationScenario(), PowerScenario(),
      DetectorScenario(), StageScenario(),          SectioningScenario(),   GeometryScenario()};
  return kAll;
}

}  // namespace monitor::simulation
