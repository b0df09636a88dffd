#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace monitor::simulation {

/// A setting that a scenario cannot have; what() is one sentence.
class ScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class ScenarioKeyKind {
  kNumber,   ///< within lowest .. highest
  kWhole,    ///< the same, an integer
  kNumbers,  ///< numbers separated by commas, each within the range
  kWord,     ///< one of `words`, which are separated by "|"
  kText,     ///< anything without control characters
};

/// One setting of a scenario.
struct ScenarioKey {
  std::string_view name;
  ScenarioKeyKind kind;
  std::string_view standard;  ///< the value it has when it is not set; empty only for texts
  std::string_view help;      ///< with its unit
  double lowest = 0.0, highest = 0.0;
  std::string_view words{};
};

/// The settings of one run: every key of the scenario has a value.
class ScenarioSettings {
 public:
  explicit ScenarioSettings(std::span<const ScenarioKey> keys);

  /// Errors  ScenarioError when the text is no value of the key; the key must be known.
  void Put(std::string_view name, std::string_view text);

  [[nodiscard]] double Number(std::string_view name) const;
  [[nodiscard]] int Whole(std::string_view name) const;
  [[nodiscard]] std::vector<double> Numbers(std::string_view name) const;
  [[nodiscard]] const std::string& Text(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& All() const {
    return texts_;
  }

 private:
  std::span<const ScenarioKey> keys_;
  std::map<std::string, std::string, std::less<>> texts_;
};

/// What a quantity is of: a number, a name, or numbers of channels.
using Qualifier = std::variant<double, std::string, std::vector<int>>;

/// What a measurement of the simulated files should find.
struct TrueQuantity {
  std::string id;    ///< as `etalon measure` names it
  std::string unit;  ///< UCUM
  double value = 0.0;
  std::optional<int> channel{};
  std::string definition{};           ///< empty: the measurand itself, whatever estimates it
  std::optional<double> tolerance{};  ///< what the realisation or the definition adds, in the unit
  std::vector<std::pair<std::string, Qualifier>> of{};
};

struct TrueObject {
  std::string kind;
  std::vector<double> position_um{};  ///< x, y, z; the first voxel's centre is 0, 0, 0
  std::optional<int> channel{};
  std::string expected{};  ///< kept or rejected
  std::string reason{};    ///< why rejected
  std::vector<TrueQuantity> quantities{};
};

/// What one run has written.
struct Simulated {
  std::vector<std::string> files;
  std::vector<TrueQuantity> quantities;
  std::vector<TrueObject> objects;
  std::vector<std::string> measure;  ///< words after `etalon measure` that measure the files
};

/// One kind of calibration record that can be simulated.
struct Scenario {
  std::string_view name;  ///< the analysis that measures it
  std::string_view summary;
  std::string_view example;  ///< words after `etalon simulate`
  std::span<const ScenarioKey> keys;
  /// Writes the files. Errors  ScenarioError, WriteError. One seed always gives the same bytes.
  Simulated (*run)(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed);
};

/// All of them, in the order of the analyses.
[[nodiscard]] std::span<const Scenario> Scenarios();

// One row of the table each, in the file of its name.
[[nodiscard]] const Scenario& CoregistrationScenario();
[[nodiscard]] const Scenario& DetectorScenario();
[[nodiscard]] const Scenario& GeometryScenario();
[[nodiscard]] const Scenario& IlluminationScenario();
[[nodiscard]] const Scenario& PowerScenario();
[[nodiscard]] const Scenario& PsfScenario();
[[nodiscard]] const Scenario& SectioningScenario();
[[nodiscard]] const Scenario& StageScenario();

}  // namespace monitor::simulation
