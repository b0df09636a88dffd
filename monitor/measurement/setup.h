#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/measurement/setup_keys.h"

namespace monitor::measurement {

/// Where a setup value came from; the names are part of the measurement document.
enum class SetupSource { kFile, kOption, kSetup, kConfiguration, kDefault };

[[nodiscard]] std::string_view Name(SetupSource source);

struct SetupEntry {
  SetupValue value;
  SetupSource source;
};

/// Layers by precedence: what a person says now wins over the file, the file over what the
/// configuration usually has, and nothing is guessed.
struct SetupLayers {
  SetupLayer option;         ///< --set, and FILE,key=value
  SetupLayer setup;          ///< --setup FILE.toml
  SetupLayer configuration;  ///< --configuration-setup FILE.toml
};

/// What is known about a measurement, each value with its source.
class Setup {
 public:
  Setup() = default;
  Setup(const SetupLayers& layers, const acquisition::Metadata& file);

  /// The value for `channel`, where a key has one for each; absent when unknown.
  [[nodiscard]] std::optional<double> Number(std::string_view key, int channel = 0) const;
  [[nodiscard]] std::optional<std::string> Text(std::string_view key, int channel = 0) const;

  /// Number() that must be there; a missing key is remembered for MissingKeys().
  [[nodiscard]] double Needed(std::string_view key, int channel = 0);
  [[nodiscard]] const std::vector<std::string>& MissingKeys() const { return missing_; }

  [[nodiscard]] const std::map<std::string, SetupEntry, std::less<>>& Entries() const {
    return entries_;
  }
  [[nodiscard]] bool IsSaidByPerson(std::string_view key) const;  ///< by --set or --setup
  /// No objective has an aperture above the index of what is in front of it.
  [[nodiscard]] bool ApertureIsPossible() const;
  void Put(const std::string& key, SetupEntry entry);
  void PutDefault(const std::string& key, SetupValue value);
  /// {"pixel_size_x_um": {"value": 0.1024, "source": "option"}, ...}
  [[nodiscard]] nlohmann::json ToJson() const;

 private:
  void Complete(const SetupLayer& layer, SetupSource source);

  std::map<std::string, SetupEntry, std::less<>> entries_;
  std::vector<std::string> missing_;
};

}  // namespace monitor::measurement
