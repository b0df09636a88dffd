#include "monitor/acquisition/ome_metadata.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/ome_planes.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/xml_text.h"

namespace monitor::acquisition {
namespace {

using UnitReader = std::optional<double> (*)(std::string_view);

// A positive quantity of an attribute in the unit of `unit_attribute`, `otherwise` when that is
// absent; absent for a unit that is none of the kind.
std::optional<double> Scaled(const pugi::xml_node& node, const char* attribute,
                             const char* unit_attribute, const char* otherwise, UnitReader unit) {
  const std::optional<double> value = PositiveNumber(node.attribute(attribute).value());
  const pugi::xml_attribute stated = node.attribute(unit_attribute);
  const std::optional<double> scale = unit(stated ? stated.value() : otherwise);
  if (!value || !scale) return std::nullopt;
  return *value * *scale;
}

void Put(const char* key, std::optional<double> value, Metadata& metadata) {
  if (value) metadata[key] = *value;
}

std::string_view Modality(std::string_view mode) {
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

constexpr double kLongestWavelengthUm = 1000.0;  // beyond the far infrared: not light

// A wavelength of every channel, or nothing: half a list would shift the others' meaning.
void PutWavelengths(const std::vector<pugi::xml_node>& channels, const char* attribute,
                    const char* unit_attribute, const char* key, Metadata& metadata) {
  std::vector<double> values;
  for (const pugi::xml_node& channel : channels) {
    const std::optional<double> um =
        Scaled(channel, attribute, unit_attribute, "nm", MicrometresPer);
    if (!um || *um > kLongestWavelengthUm) return;
    // Through micrometres and back: to a thousandth of a nanometre, which no filter is known to.
    values.push_back(static_cast<double>(static_cast<long long>(*um * 1e6 + 0.5)) / 1e3);
  }
  if (!values.empty()) metadata[key] = std::move(values);
}

void ReadChannels(const pugi::xml_node& pixels, Metadata& metadata) {
  std::vector<pugi::xml_node> channels;
  for (const pugi::xml_node& channel : pixels.children("Channel")) channels.push_back(channel);
  if (channels.empty()) return;
  std::vector<std::string> names;
  for (const pugi::xml_node& channel : channels) {
    names.push_back(Printable(channel.attribute("Name").value()));
  }
  const bool named = std::none_of(names.begin(), names.end(),
                                  [](const std::string& name) { return name.empty(); });
  if (named) metadata["channel_name"] = std::move(names);
  PutWavelengths(channels, "ExcitationWavelength", "ExcitationWavelengthUnit", "excitation_nm",
                 metadata);
  PutWavelengths(channels, "EmissionWavelength", "EmissionWavelengthUnit", "emission_nm", metadata);
  const std::string_view mode = Modality(channels.front().attribute("AcquisitionMode").value());
  const bool alike = std::all_of(channels.begin(), channels.end(), [&](const auto& channel) {
    return Modality(channel.attribute("AcquisitionMode").value()) == mode;
  });
  if (alike && !mode.empty()) metadata["modality"] = std::string(mode);
}

// The objective that the image names; without a name, the only one there is.
pugi::xml_node ObjectiveOf(const pugi::xml_node& ome, const pugi::xml_node& image) {
  const std::string_view wanted = image.child("ObjectiveSettings").attribute("ID").value();
  pugi::xml_node only;
  int count = 0;
  for (const pugi::xml_node& instrument : ome.children("Instrument")) {
    for (const pugi::xml_node& objective : instrument.children("Objective")) {
      if (!wanted.empty() && wanted == objective.attribute("ID").value()) return objective;
      only = objective;
      ++count;
    }
  }
  return wanted.empty() && count == 1 ? only : pugi::xml_node();
}

void ReadInstrument(const pugi::xml_node& ome, const pugi::xml_node& image, Metadata& metadata) {
  const pugi::xml_node objective = ObjectiveOf(ome, image);
  Put("numerical_aperture", PositiveNumber(objective.attribute("LensNA").value()), metadata);
  Put("refractive_index",
      PositiveNumber(image.child("ObjectiveSettings").attribute("RefractiveIndex").value()),
      metadata);
  const pugi::xml_node microscope = ome.child("Instrument").child("Microscope");
  const std::string serial = Printable(microscope.attribute("SerialNumber").value());
  if (!serial.empty()) metadata["instrument_serial"] = serial;
}

// One exposure for all planes, or nothing.
void ReadExposure(const pugi::xml_node& pixels, Metadata& metadata) {
  std::optional<double> common;
  for (const pugi::xml_node& plane : pixels.children("Plane")) {
    const std::optional<double> exposure =
        Scaled(plane, "ExposureTime", "ExposureTimeUnit", "s", SecondsPer);
    if (!exposure || (common && *common != *exposure)) return;
    common = exposure;
  }
  Put("exposure_s", common, metadata);
}

void ReadPixels(const pugi::xml_node& pixels, Metadata& metadata) {
  Put("pixel_size_x_um", Scaled(pixels, "PhysicalSizeX", "PhysicalSizeXUnit", "um", MicrometresPer),
      metadata);
  Put("pixel_size_y_um", Scaled(pixels, "PhysicalSizeY", "PhysicalSizeYUnit", "um", MicrometresPer),
      metadata);
  Put("z_step_um", Scaled(pixels, "PhysicalSizeZ", "PhysicalSizeZUnit", "um", MicrometresPer),
      metadata);
  Put("frame_interval_s", Scaled(pixels, "TimeIncrement", "TimeIncrementUnit", "s", SecondsPer),
      metadata);
  const int bits = pixels.attribute("SignificantBits").as_int(0);
  if (bits >= 1 && bits <= 31) {
    metadata["saturation_adu"] = static_cast<double>((std::int64_t{1} << bits) - 1);
  }
  ReadChannels(pixels, metadata);
  ReadExposure(pixels, metadata);
}

void CheckSides(const pugi::xml_node& pixels, std::uint32_t width_px, std::uint32_t height_px) {
  if (pixels.attribute("SizeX").as_llong() == width_px &&
      pixels.attribute("SizeY").as_llong() == height_px) {
    return;
  }
  throw ReadError(ReadFault::kUnreadable,
                  "the OME-XML states " + Printable(pixels.attribute("SizeX").value()) + " x " +
                      Printable(pixels.attribute("SizeY").value()) +
                      " pixels, but the pages have " + std::to_string(width_px) + " x " +
                      std::to_string(height_px) + "; export the image again");
}

}  // namespace

bool IsOme(const TiffWords& words) {
  const std::string_view head = std::string_view(words.description).substr(0, 4096);
  if (!head.starts_with('<')) return false;
  return head.find("<OME") != head.npos || head.find(":OME") != head.npos;
}

PlanePlan ReadOme(const TiffWords& words, std::size_t pages, std::uint32_t width_px,
                  std::uint32_t height_px) {
  pugi::xml_document document;
  ParseXml(words.description, "the OME-XML", pugi::encoding_auto, document);
  const pugi::xml_node ome = document.child("OME");
  const pugi::xml_node image = ome.child("Image");
  const pugi::xml_node pixels = image.child("Pixels");
  if (!pixels) {
    throw ReadError(ReadFault::kUnreadable,
                    "the OME-XML describes no pixels (BinaryOnly files name another one that "
                    "does); export the image as one OME-TIFF file");
  }
  CheckSides(pixels, width_px, height_px);
  PlanePlan plan;
  plan.format = "OME-TIFF";
  ReadOmePlanes(ome, pixels, pages, plan);
  ReadPixels(pixels, plan.metadata);
  ReadInstrument(ome, image, plan.metadata);
  if (image.next_sibling("Image")) {
    plan.notes.push_back({"several_images",
                          "the file holds several images; the first one is measured: export the "
                          "others as files of their own"});
  }
  std::string date = image.child("AcquisitionDate").text().get();
  if (date.empty()) date = image.child("AcquiredDate").text().get();
  if (!date.empty()) plan.acquired_at = Printable(date);
  return plan;
}

}  // namespace monitor::acquisition
