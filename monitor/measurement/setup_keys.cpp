#include "monitor/measurement/setup_keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"
#include "monitor/measurement/nearest.h"

namespace monitor::measurement {
namespace {

constexpr std::array<std::string_view, 6> kModalities = {
    "widefield", "confocal", "spinning_disk", "two_photon", "light_sheet", "other"};
constexpr std::array<std::string_view, 2> kScanAxes = {"x", "y"};
constexpr std::array<std::string_view, 5> kPowerUnits = {"W", "mW", "uW", "nW", "pW"};
constexpr std::array<std::string_view, 3> kSeries = {"dark", "flat", "uniform"};

constexpr SetupRange kLengthUm = {1e-4, 1e4};
constexpr SetupRange kAperture = {0.01, 1.7};
constexpr SetupRange kRefraction = {1.0, 2.5};
constexpr SetupRange kLightNm = {100.0, 3000.0};
constexpr SetupRange kRecordS = {1.0, 1e6};  // of a live meter
constexpr SetupRange kIntervalS = {0.02, 3600.0};
constexpr std::size_t kMaxNameLetters = 200;

constexpr SetupKey kKeys[] = {
    {"pixel_size_um", KeyKind::kPositive, {}, kLengthUm},
    {"pixel_size_x_um", KeyKind::kPositive, {}, kLengthUm},
    {"pixel_size_y_um", KeyKind::kPositive, {}, kLengthUm},
    {"z_step_um", KeyKind::kPositive, {}, kLengthUm},
    {"frame_interval_s", KeyKind::kPositive, {}},
    {"exposure_s", KeyKind::kPositive, {}},
    {"numerical_aperture", KeyKind::kPositive, {}, kAperture},
    {"refractive_index", KeyKind::kPositive, {}, kRefraction},
    {"excitation_nm", KeyKind::kPositiveByChannel, {}, kLightNm},
    {"emission_nm", KeyKind::kPositiveByChannel, {}, kLightNm},
    {"channel_name", KeyKind::kTextByChannel, {}},
    {"modality", KeyKind::kWord, kModalities},
    {"pinhole_au", KeyKind::kPositiveByChannel, {}},
    {"grid_pitch_um", KeyKind::kPositive, {}, kLengthUm},
    {"scan_axis", KeyKind::kWord, kScanAxes},
    {"pinhole_um", KeyKind::kPositiveByChannel, {}},
    {"zoom", KeyKind::kPositive, {}},
    {"objective", KeyKind::kText, {}},
    {"objective_article", KeyKind::kText, {}},
    {"objective_magnification", KeyKind::kPositive, {}},
    {"objective_serial", KeyKind::kText, {}},
    {"immersion", KeyKind::kText, {}},
    {"microscope", KeyKind::kText, {}},
    {"camera_offset_adu", KeyKind::kNotNegative, {}},
    {"saturation_adu", KeyKind::kPositive, {}},
    {"gain_e_per_adu", KeyKind::kPositive, {}},
    {"read_noise_e", KeyKind::kNotNegative, {}},
    {"bead_diameter_um", KeyKind::kPositive, {}},
    {"roi", KeyKind::kText, {}},
    {"axes", KeyKind::kText, {}},
    {"scene", KeyKind::kText, {}},
    {"reference_channel", KeyKind::kIndex, {}},
    {"line_nm", KeyKind::kPositive, {}, kLightNm},
    {"setting_percent", KeyKind::kNotNegative, {}},
    {"location", KeyKind::kText, {}},
    {"scan_mode", KeyKind::kText, {}},
    {"warm_up_min", KeyKind::kNotNegative, {}},
    {"spot_diameter_um", KeyKind::kPositive, {}, kLengthUm},
    {"field_area_um2", KeyKind::kPositive, {}},
    {"run_sheet", KeyKind::kText, {}},
    {"duration_s", KeyKind::kPositive, {}, kRecordS},
    {"interval_s", KeyKind::kPositive, {}, kIntervalS},
    {"sensor_serial", KeyKind::kText, {}},
    {"meter_wavelength_nm", KeyKind::kPositive, {}, kLightNm},
    {"power_unit", KeyKind::kWord, kPowerUnits},
    {"positions", KeyKind::kText, {}},
    {"stable_um", KeyKind::kPositive, {}, kLengthUm},
    {"series", KeyKind::kWord, kSeries},
    {"instrument_serial", KeyKind::kText, {}},
};

std::string Quoted(std::string_view text) {
  return "'" + acquisition::Printable(text.substr(0, 80)) + "'";
}

const SetupKey& KeyOf(std::string_view name) {
  std::vector<std::string_view> names;
  for (const SetupKey& key : kKeys) {
    if (key.name == name) return key;
    names.push_back(key.name);
  }
  const std::string nearest = NearestWord(name, names);
  throw UsageError("unknown setup key " + Quoted(name) +
                   (nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?"));
}

[[noreturn]] void RefuseValue(const SetupKey& key, std::string_view text, const char* wanted) {
  throw UsageError("setup key '" + std::string(key.name) + "' takes " + wanted + ", not " +
                   Quoted(text));
}

double Number(const SetupKey& key, std::string_view text, bool zero_allowed) {
  const std::optional<double> value = acquisition::FiniteNumber(text);
  if (!value || *value < 0.0 || (*value == 0.0 && !zero_allowed)) {
    RefuseValue(key, text, zero_allowed ? "a number of at least 0" : "a number above 0");
  }
  if (*value < key.range.lowest || *value > key.range.highest) {
    std::ostringstream wanted;
    wanted << "a number from " << key.range.lowest << " to " << key.range.highest;
    RefuseValue(key, text, wanted.str().c_str());
  }
  return *value;
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

SetupValue NumbersByChannel(const SetupKey& key, std::string_view text) {
  std::vector<double> values;
  for (std::string_view part : SplitAtCommas(text)) values.push_back(Number(key, part, false));
  if (values.size() == 1) return values.front();
  return values;
}

// Names become labels: every one is shown in full beside its series.
bool IsName(std::string_view text) {
  std::size_t letters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU) return false;
    if ((byte & 0xC0U) != 0x80U) ++letters;  // all but the first byte of a letter are 10xxxxxx
  }
  return letters <= kMaxNameLetters;
}

SetupValue TextsByChannel(const SetupKey& key, std::string_view text) {
  std::vector<std::string> values;
  for (std::string_view part : SplitAtCommas(text)) {
    if (part.empty()) RefuseValue(key, text, "a name for each channel");
    if (!IsName(part)) {
      RefuseValue(key, part, "names of at most 200 characters without control characters");
    }
    values.push_back(acquisition::Printable(part));
  }
  if (values.size() == 1) return values.front();
  return values;
}

SetupValue WordOf(const SetupKey& key, std::string_view text) {
  std::string all;
  for (std::string_view word : key.words) {
    if (word == text) return std::string(word);
    all.append(all.empty() ? "" : ", ").append(word);
  }
  RefuseValue(key, text, ("one of " + all).c_str());
}

SetupValue ParseValue(const SetupKey& key, std::string_view text) {
  switch (key.kind) {
    case KeyKind::kPositive:
      return Number(key, text, false);
    case KeyKind::kNotNegative:
      return Number(key, text, true);
    case KeyKind::kIndex: {
      const double value = Number(key, text, true);
      if (value != std::floor(value) || value > 1e6) RefuseValue(key, text, "a whole number");
      return value;
    }
    case KeyKind::kPositiveByChannel:
      return NumbersByChannel(key, text);
    case KeyKind::kTextByChannel:
      return TextsByChannel(key, text);
    case KeyKind::kText:
      if (text.empty()) RefuseValue(key, text, "a text");
      return acquisition::Printable(text);
    case KeyKind::kWord:
      return WordOf(key, text);
  }
  RefuseValue(key, text, "another value");
}

void PutOnce(const std::string& key, SetupValue value, SetupLayer& layer) {
  if (layer.emplace(key, std::move(value)).second) return;
  const bool pixel_size = key.starts_with("pixel_size");
  throw UsageError("setup key '" + key + "' is stated twice" +
                   (pixel_size ? " (pixel_size_um states both directions)" : "") +
                   "; state it once");
}

}  // namespace

std::span<const SetupKey> SetupKeys() { return kKeys; }

bool IsPossible(std::string_view key, const SetupValue& value) {
  const auto row = std::find_if(std::begin(kKeys), std::end(kKeys),
                                [key](const SetupKey& known) { return known.name == key; });
  if (row == std::end(kKeys)) return true;
  const auto within = [&row](double number) {
    return number >= row->range.lowest && number <= row->range.highest;
  };
  if (const auto* number = std::get_if<double>(&value)) return within(*number);
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  return numbers == nullptr || std::all_of(numbers->begin(), numbers->end(), within);
}

void PutSetupText(std::string_view key, std::string_view text, SetupLayer& layer) {
  const SetupKey& row = KeyOf(key);
  SetupValue value = ParseValue(row, text);
  if (key == "pixel_size_um") {
    PutOnce("pixel_size_x_um", value, layer);
    PutOnce("pixel_size_y_um", value, layer);
    return;
  }
  PutOnce(std::string(key), std::move(value), layer);
}

void PutAssignment(std::string_view assignment, SetupLayer& layer) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError(Quoted(assignment) + " is no key=value");
  }
  PutSetupText(assignment.substr(0, equals), assignment.substr(equals + 1), layer);
}

}  // namespace monitor::measurement
