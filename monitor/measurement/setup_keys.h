#pragma once

#include <limits>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "monitor/acquisition/image.h"

namespace monitor::measurement {

/// The command line or a setup file is wrong; one sentence, exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class KeyKind {
  kPositive,           ///< a number > 0
  kNotNegative,        ///< a number >= 0
  kIndex,              ///< a whole number >= 0
  kPositiveByChannel,  ///< one number > 0, or one for each channel, comma-separated
  kTextByChannel,      ///< one name, or one for each channel, comma-separated
  kText,
  kWord,  ///< one of `words`
};

/// What is physically possible with margin; beyond it a value is a slip of unit or of a digit.
struct SetupRange {
  double lowest = 0.0;
  double highest = std::numeric_limits<double>::infinity();
};

struct SetupKey {
  std::string_view name;
  KeyKind kind;
  std::span<const std::string_view> words;  ///< of kWord
  SetupRange range = {};                    ///< of numbers
};

/// The keys of `--set`, `--setup` and `FILE,key=value`; any other is a usage error.
[[nodiscard]] std::span<const SetupKey> SetupKeys();

using SetupValue = acquisition::MetadataValue;

/// What one source states, by key. `pixel_size_um` is already both of its directions.
using SetupLayer = std::map<std::string, SetupValue>;

/// Whether `value` is within the range of its key; true for keys without one.
[[nodiscard]] bool IsPossible(std::string_view key, const SetupValue& value);

/// Adds `key` = `text` to `layer`.
/// Errors  UsageError: an unknown key (with the nearest known one), a value it cannot have,
///         or a key that `layer` already states.
void PutSetupText(std::string_view key, std::string_view text, SetupLayer& layer);

/// Splits "key=value" and adds it.
void PutAssignment(std::string_view assignment, SetupLayer& layer);

/// Reads a TOML file of setup keys (strings, numbers, arrays by channel).
/// Errors  UsageError that names file, line and, for an unknown key, the nearest known one.
[[nodiscard]] SetupLayer ReadSetupFile(const std::string& path);

}  // namespace monitor::measurement
