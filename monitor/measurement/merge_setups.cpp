#include "monitor/measurement/merge_setups.h"

#include <charconv>

namespace monitor::measurement {
namespace {

std::string TextOf(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string TextOf(const std::string& value) {
  if (value.find_first_of(",\"") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char letter : value) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + "\"";
}

/// Where each input's channels begin in the order of all.
int FirstChannel(std::span<const InputSetup> inputs, std::size_t index) {
  int first = 0;
  for (std::size_t i = 0; i < index; ++i) first += inputs[i].channels;
  return first;
}

/// Which element of a list belongs to the channel.
int Element(std::span<const InputSetup> inputs, std::size_t index, std::size_t length,
            int file_channel) {
  const bool through_all = length > static_cast<std::size_t>(inputs[index].channels);
  return through_all ? FirstChannel(inputs, index) + file_channel : file_channel;
}

std::size_t Length(const SetupValue& value) {
  if (const auto* numbers = std::get_if<std::vector<double>>(&value)) return numbers->size();
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return texts->size();
  return 1;
}

std::string Piece(std::span<const InputSetup> inputs, std::size_t index, const std::string& key,
                  int file_channel) {
  const Setup& setup = inputs[index].setup;
  const auto found = setup.Entries().find(key);
  if (found == setup.Entries().end()) return "";
  const int element = Element(inputs, index, Length(found->second.value), file_channel);
  if (const auto number = setup.Number(key, element)) return TextOf(*number);
  const auto text = setup.Text(key, element);
  return text ? TextOf(*text) : "";
}

std::string ByChannel(std::span<const InputSetup> inputs, const std::string& key) {
  std::string all;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    for (int channel = 0; channel < inputs[index].channels; ++channel) {
      if (index + static_cast<std::size_t>(channel) > 0) all += ',';
      all += Piece(inputs, index, key, channel);
    }
  }
  return all;
}

/// Whether every input has this value, and it means the same for each.
bool HoldsForAll(std::span<const InputSetup> inputs, const std::string& key,
                 const SetupValue& value) {
  for (const InputSetup& input : inputs) {
    const auto found = input.setup.Entries().find(key);
    if (found == input.setup.Entries().end() || found->second.value != value) return false;
    const bool through_all = Length(value) > static_cast<std::size_t>(input.channels);
    const bool list =
        !std::holds_alternative<double>(value) && !std::holds_alternative<std::string>(value);
    if (list && !through_all && inputs.size() > 1) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> ChannelNameOf(std::span<const InputSetup> inputs, std::size_t index,
                                         int file_channel) {
  const Setup& setup = inputs[index].setup;
  const auto found = setup.Entries().find("channel_name");
  if (found == setup.Entries().end()) return std::nullopt;
  return setup.Text("channel_name",
                    Element(inputs, index, Length(found->second.value), file_channel));
}

Setup MergeSetups(std::span<const InputSetup> inputs) {
  Setup merged;
  for (const InputSetup& input : inputs) {
    for (const auto& [key, entry] : input.setup.Entries()) {
      if (merged.Entries().contains(key)) continue;
      const bool same = inputs.size() == 1 || HoldsForAll(inputs, key, entry.value);
      merged.Put(key, {same ? entry.value : SetupValue(ByChannel(inputs, key)), entry.source});
    }
  }
  return merged;
}

}  // namespace monitor::measurement
