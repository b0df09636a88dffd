#include "monitor/measurement/setup.h"

#include <algorithm>

namespace monitor::measurement {
namespace {

template <typename T>
std::optional<T> ValueOf(const SetupValue& value, int channel) {
  if (const T* one = std::get_if<T>(&value)) return *one;
  const auto* each = std::get_if<std::vector<T>>(&value);
  const auto index = static_cast<std::size_t>(channel);
  if (each == nullptr || index >= each->size()) return std::nullopt;
  return (*each)[index];
}

}  // namespace

std::string_view Name(SetupSource source) {
  switch (source) {
    case SetupSource::kFile:
      return "file";
    case SetupSource::kOption:
      return "option";
    case SetupSource::kSetup:
      return "setup";
    case SetupSource::kConfiguration:
      return "configuration";
    case SetupSource::kDefault:
      return "default";
  }
  return "default";
}

Setup::Setup(const SetupLayers& layers, const acquisition::Metadata& file) {
  Complete(layers.option, SetupSource::kOption);
  Complete(layers.setup, SetupSource::kSetup);
  // Writers fill fields that they do not know with anything: what cannot be is not stated.
  SetupLayer possible;
  for (const auto& [key, value] : file) {
    if (IsPossible(key, value)) possible.emplace(key, value);
  }
  Complete(possible, SetupSource::kFile);
  Complete(layers.configuration, SetupSource::kConfiguration);
}

void Setup::Complete(const SetupLayer& layer, SetupSource source) {
  for (const auto& [key, value] : layer) entries_.try_emplace(key, SetupEntry{value, source});
}

std::optional<double> Setup::Number(std::string_view key, int channel) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : ValueOf<double>(found->second.value, channel);
}

std::optional<std::string> Setup::Text(std::string_view key, int channel) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt
                                 : ValueOf<std::string>(found->second.value, channel);
}

double Setup::Needed(std::string_view key, int channel) {
  const std::optional<double> value = Number(key, channel);
  if (value) return *value;
  if (std::find(missing_.begin(), missing_.end(), key) == missing_.end()) {
    missing_.emplace_back(key);
  }
  return 0.0;
}

void Setup::Put(const std::string& key, SetupEntry entry) {
  entries_.insert_or_assign(key, std::move(entry));
}

bool Setup::IsSaidByPerson(std::string_view key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && (found->second.source == SetupSource::kOption ||
                                     found->second.source == SetupSource::kSetup);
}

bool Setup::ApertureIsPossible() const {
  const std::optional<double> aperture = Number("numerical_aperture");
  const std::optional<double> index = Number("refractive_index");
  return !aperture || !index || *aperture <= *index;
}

void Setup::PutDefault(const std::string& key, SetupValue value) {
  entries_.try_emplace(key, SetupEntry{std::move(value), SetupSource::kDefault});
}

nlohmann::json Setup::ToJson() const {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [key, entry] : entries_) {
    nlohmann::json& row = json[key];
    std::visit([&row](const auto& value) { row["value"] = value; }, entry.value);
    row["source"] = std::string(Name(entry.source));
  }
  return json;
}

}  // namespace monitor::measurement
