#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/acquisition/image.h"

namespace monitor::acquisition {

/// Gathers what the channels of an image state, one by one. A list of which one channel's value is
/// missing is not stated at all: half a list would shift the others' meaning.
class ChannelLists {
 public:
  explicit ChannelLists(std::size_t channels) : channels_(channels) {}

  void Number(const std::string& key, std::size_t channel, std::optional<double> value);
  void Text(const std::string& key, std::size_t channel, std::string_view value);
  /// A wavelength in nm; kept to a thousandth, which no filter is known to. Beyond light: absent.
  void Wavelength(const std::string& key, std::size_t channel, std::optional<double> nm);
  /// One value that holds for all channels, or nothing.
  void Common(const std::string& key, std::size_t channel, std::optional<double> value);
  void CommonText(const std::string& key, std::size_t channel, std::string_view value);

  void PutInto(Metadata& metadata) const;

 private:
  template <typename T>
  using Lists = std::map<std::string, std::vector<std::optional<T>>>;

  std::size_t channels_;
  Lists<double> numbers_;
  Lists<std::string> texts_;
  Lists<double> common_numbers_;
  Lists<std::string> common_texts_;
};

/// The contract's word for OME's AcquisitionMode (Zeiss uses the same words); empty for none.
[[nodiscard]] std::string_view OmeModality(std::string_view mode);

}  // namespace monitor::acquisition
