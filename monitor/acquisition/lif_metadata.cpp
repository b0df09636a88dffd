#include "monitor/acquisition/lif_metadata.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string_view>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"

namespace monitor::acquisition {
namespace {

constexpr double kShortestTwoPhotonLineNm = 680.0;

std::string_view Word(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).value();
}

void PutText(const char* key, std::string_view text, Metadata& metadata) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (!text.empty()) metadata[key] = Printable(text);
}

void PutPositive(const char* key, std::string_view text, Metadata& metadata) {
  if (const std::optional<double> value = PositiveNumber(text)) metadata[key] = *value;
}

pugi::xml_node HardwareSetting(const pugi::xml_node& image) {
  for (const pugi::xml_node& attachment : image.children("Attachment")) {
    if (Word(attachment, "Name") == "HardwareSetting") return attachment;
  }
  return {};
}

/// The lines that are on, in nm.
std::set<double> ActiveLines(const pugi::xml_node& settings) {
  std::set<double> lines;
  for (const pugi::xml_node& aotf : settings.child("AotfList").children("Aotf")) {
    for (const pugi::xml_node& line : aotf.children("LaserLineSetting")) {
      const std::optional<double> nm = PositiveNumber(Word(line, "LaserLine"));
      if (nm && PositiveNumber(Word(line, "IntensityDev"))) lines.insert(*nm);
    }
  }
  return lines;
}

void ReadConfocal(const pugi::xml_node& settings, Metadata& metadata) {
  PutPositive("zoom", Word(settings, "Zoom"), metadata);
  PutPositive("pinhole_au", Word(settings, "PinholeAiry"), metadata);
  const std::set<double> lines = ActiveLines(settings);
  if (lines.size() == 1) metadata["excitation_nm"] = *lines.begin();
  const bool stated = !lines.empty() && Word(settings, "IsSTEDActive") != "1";
  // A line in the near infrared may be a two-photon source or not: nothing says which.
  if (stated && *lines.rbegin() < kShortestTwoPhotonLineNm) {
    metadata["modality"] = std::string("confocal");
  }
}

// One exposure for all channels, or none.
void ReadCamera(const pugi::xml_node& settings, Metadata& metadata) {
  std::optional<double> common;
  for (const pugi::xml_node& channel :
       settings.child("WideFieldChannelConfigurator").children("WideFieldChannelInfo")) {
    const std::optional<double> exposure = PositiveNumber(Word(channel, "ExposureTime"));
    if (!exposure || (common && *common != *exposure)) return;
    common = exposure;
  }
  if (common) metadata["exposure_s"] = *common;
}

}  // namespace

void ReadLifSettings(const pugi::xml_node& image, Metadata& metadata) {
  const pugi::xml_node hardware = HardwareSetting(image);
  const pugi::xml_node confocal = hardware.child("ATLConfocalSettingDefinition");
  const pugi::xml_node camera = hardware.child("ATLCameraSettingDefinition");
  const pugi::xml_node settings = confocal ? confocal : camera;
  PutPositive("numerical_aperture", Word(settings, "NumericalAperture"), metadata);
  PutPositive("refractive_index", Word(settings, "RefractionIndex"), metadata);
  PutPositive("objective_magnification", Word(settings, "Magnification"), metadata);
  PutText("immersion", Word(settings, "Immersion"), metadata);
  PutText("objective", Word(settings, "ObjectiveName"), metadata);
  PutText("objective_article", Word(settings, "ObjectiveNumber"), metadata);
  PutText("microscope", Word(hardware, "SystemTypeName"), metadata);
  PutText("instrument_serial", Word(settings, "SystemSerialNumber"), metadata);
  if (confocal) ReadConfocal(confocal, metadata);
  if (camera) ReadCamera(camera, metadata);
}

std::optional<std::string> LifAcquiredAt(const pugi::xml_node& image) {
  std::string_view text = image.child("TimeStampList").text().get();
  text = text.substr(0, text.find(' '));
  std::uint64_t ticks = 0;  // 100 ns since 1601, as Windows counts
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), ticks, 16);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  constexpr std::uint64_t kTicksTo1970 = 116'444'736'000'000'000;
  constexpr std::uint64_t kTicksTo2200 = 189'027'648'000'000'000;
  if (ticks < kTicksTo1970 || ticks > kTicksTo2200) return std::nullopt;
  const std::chrono::sys_time<std::chrono::milliseconds> moment{
      std::chrono::milliseconds((ticks - kTicksTo1970) / 10'000)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{moment - day};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return std::string(buffer);
}

}  // namespace monitor::acquisition
