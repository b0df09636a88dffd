#include "monitor/acquisition/channel_lists.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "monitor/acquisition/printable.h"

namespace monitor::acquisition {
namespace {

constexpr double kLongestWavelengthNm = 1e6;  // beyond the far infrared: not light

template <typename T>
std::optional<std::vector<T>> Whole(const std::vector<std::optional<T>>& list) {
  std::vector<T> whole;
  for (const std::optional<T>& value : list) {
    if (!value) return std::nullopt;
    whole.push_back(*value);
  }
  return whole;
}

template <typename T>
void PutCommon(const std::map<std::string, std::vector<std::optional<T>>>& lists,
               Metadata& metadata) {
  for (const auto& [key, list] : lists) {
    const std::optional<std::vector<T>> whole = Whole(list);
    if (!whole) continue;
    const bool alike = std::all_of(whole->begin(), whole->end(),
                                   [&](const T& value) { return value == whole->front(); });
    if (alike) metadata[key] = whole->front();
  }
}

}  // namespace

void ChannelLists::Number(const std::string& key, std::size_t channel,
                          std::optional<double> value) {
  auto& list = numbers_[key];
  list.resize(channels_);
  list[channel] = value;
}

void ChannelLists::Text(const std::string& key, std::size_t channel, std::string_view value) {
  auto& list = texts_[key];
  list.resize(channels_);
  if (!value.empty()) list[channel] = Printable(value);
}

void ChannelLists::Wavelength(const std::string& key, std::size_t channel,
                              std::optional<double> nm) {
  if (nm && !(*nm <= kLongestWavelengthNm)) nm.reset();
  if (nm) nm = std::round(*nm * 1e3) / 1e3;
  Number(key, channel, nm);
}

void ChannelLists::Common(const std::string& key, std::size_t channel,
                          std::optional<double> value) {
  auto& list = common_numbers_[key];
  list.resize(channels_);
  list[channel] = value;
}

void ChannelLists::CommonText(const std::string& key, std::size_t channel, std::string_view value) {
  auto& list = common_texts_[key];
  list.resize(channels_);
  if (!value.empty()) list[channel] = std::string(value);
}

void ChannelLists::PutInto(Metadata& metadata) const {
  for (const auto& [key, list] : numbers_) {
    if (auto whole = Whole(list)) metadata[key] = *std::move(whole);
  }
  for (const auto& [key, list] : texts_) {
    if (auto whole = Whole(list)) metadata[key] = *std::move(whole);
  }
  PutCommon(common_numbers_, metadata);
  PutCommon(common_texts_, metadata);
}

std::string_view OmeModality(std::string_view mode) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kModes = {{
      {"WideField", "widefield"},
      {"LaserScanningConfocalMicroscopy", "confocal"},
      {"LaserScanningMicroscopy", "confocal"},
      {"SpinningDiskConfocal", "spinning_disk"},
      {"MultiPhotonMicroscopy", "two_photon"},
      {"TwoPhoton", "two_photon"},
      {"SPIM", "light_sheet"},
  }};
  for (const auto& [ome, ours] : kModes) {
    if (mode == ome) return ours;
  }
  return mode.empty() ? "" : "other";
}

}  // namespace monitor::acquisition
