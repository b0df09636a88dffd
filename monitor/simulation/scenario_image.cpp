#include "monitor/simulation/scenario_image.h"

#include <charconv>
#include <cmath>
#include <filesystem>

namespace monitor::simulation {
namespace {

// The medium whose index it is.
const char* ImmersionOf(double refractive_index) {
  if (refractive_index < 1.2) return "Air";
  if (refractive_index < 1.4) return "Water";
  return refractive_index < 1.49 ? "Glycerol" : "Oil";
}

}  // namespace

Camera CameraOf(const ScenarioSettings& settings) {
  return {.gain_e_per_adu = settings.Number("gain_e_per_adu"),
          .offset_adu = settings.Number("camera_offset_adu"),
          .read_noise_e = settings.Number("read_noise_e"),
          .saturation_adu = std::exp2(settings.Number("bits")) - 1.0};
}

OmeImage DescribedImage(const ScenarioSettings& settings) {
  const std::vector<double> emission = settings.Numbers("emission_nm");
  const std::vector<double> excitation = settings.Numbers("excitation_nm");
  if (emission.size() != excitation.size()) {
    throw ScenarioError("excitation_nm and emission_nm state a different number of channels");
  }
  OmeImage image;
  for (std::size_t c = 0; c < emission.size(); ++c) {
    image.channels.push_back({.name = NumberText(excitation[c]),
                              .excitation_nm = excitation[c],
                              .emission_nm = emission[c],
                              .exposure_s = settings.Number("exposure_s")});
  }
  image.numerical_aperture = settings.Number("numerical_aperture");
  image.refractive_index = settings.Number("refractive_index");
  image.significant_bits = settings.Whole("bits");
  image.acquired_at = settings.Text("acquired_at");
  image.microscope_serial = "SIMULATED";
  image.objective_model = settings.Text("objective");
  image.objective_serial = "SIMULATED-OBJECTIVE";
  image.immersion = ImmersionOf(settings.Number("refractive_index"));
  return image;
}

std::vector<std::string> CameraWords(const ScenarioSettings& settings) {
  std::vector<std::string> words;
  for (const char* key : {"camera_offset_adu", "gain_e_per_adu", "read_noise_e"}) {
    words.emplace_back("--set");
    words.push_back(std::string(key) + "=" + settings.Text(key));
  }
  return words;
}

std::string FileName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string NumberText(double value) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace monitor::simulation
