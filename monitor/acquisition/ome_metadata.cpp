#include "monitor/acquisition/ome_metadata.h"

#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "monitor/acquisition/channel_lists.h"
#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/ome_planes.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/scene_choice.h"
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

void PutText(const char* key, std::string_view text, Metadata& metadata) {
  if (!text.empty()) metadata[key] = Printable(text);
}

std::optional<double> Nanometres(const pugi::xml_node& channel, const char* attribute,
                                 const char* unit_attribute) {
  const std::optional<double> um = Scaled(channel, attribute, unit_attribute, "nm", MicrometresPer);
  return um ? std::optional(*um * 1e3) : std::nullopt;
}

void ReadChannels(const pugi::xml_node& pixels, Metadata& metadata) {
  std::vector<pugi::xml_node> channels;
  for (const pugi::xml_node& channel : pixels.children("Channel")) channels.push_back(channel);
  ChannelLists lists(channels.size());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const pugi::xml_node& channel = channels[i];
    lists.Text("channel_name", i, channel.attribute("Name").value());
    lists.Wavelength("excitation_nm", i,
                     Nanometres(channel, "ExcitationWavelength", "ExcitationWavelengthUnit"));
    lists.Wavelength("emission_nm", i,
                     Nanometres(channel, "EmissionWavelength", "EmissionWavelengthUnit"));
    lists.Number("pinhole_um", i,
                 Scaled(channel, "PinholeSize", "PinholeSizeUnit", "um", MicrometresPer));
    lists.Common("zoom", i,
                 PositiveNumber(channel.child("DetectorSettings").attribute("Zoom").value()));
    lists.CommonText("modality", i, OmeModality(channel.attribute("AcquisitionMode").value()));
  }
  lists.PutInto(metadata);
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
  const pugi::xml_node settings = image.child("ObjectiveSettings");
  Put("numerical_aperture", PositiveNumber(objective.attribute("LensNA").value()), metadata);
  Put("refractive_index", PositiveNumber(settings.attribute("RefractiveIndex").value()), metadata);
  Put("objective_magnification",
      PositiveNumber(objective.attribute("NominalMagnification").value()), metadata);
  PutText("objective", objective.attribute("Model").value(), metadata);
  PutText("objective_serial", objective.attribute("SerialNumber").value(), metadata);
  PutText("immersion", objective.attribute("Immersion").value(), metadata);
  PutText("immersion", settings.attribute("Medium").value(), metadata);
  const pugi::xml_node microscope = ome.child("Instrument").child("Microscope");
  PutText("microscope", microscope.attribute("Model").value(), metadata);
  PutText("instrument_serial", microscope.attribute("SerialNumber").value(), metadata);
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

std::string SizeText(const pugi::xml_node& pixels) {
  const auto word = [&pixels](const char* name) {
    return Printable(std::string_view(pixels.attribute(name).value()).substr(0, 20));
  };
  return word("SizeX") + " x " + word("SizeY") + " px, " + word("SizeZ") + " z, " + word("SizeC") +
         " c, " + word("SizeT") + " t";
}

pugi::xml_node ChooseImage(const pugi::xml_node& ome, const std::optional<std::string>& scene) {
  std::vector<SceneRow> rows;
  std::vector<pugi::xml_node> images;
  for (const pugi::xml_node& image : ome.children("Image")) {
    if (!image.child("Pixels")) continue;
    rows.push_back({image.attribute("Name").value(), SizeText(image.child("Pixels"))});
    images.push_back(image);
  }
  if (images.empty()) {
    throw ReadError(ReadFault::kUnreadable,
                    "the OME-XML describes no pixels; export the image as OME-TIFF again");
  }
  return images[ChooseScene(rows, scene)];
}

}  // namespace

bool IsOme(const std::string& text) {
  const std::string_view head = std::string_view(text).substr(0, 4096);
  if (!head.starts_with('<')) return false;
  return head.find("<OME") != head.npos || head.find(":OME") != head.npos;
}

std::optional<std::string> OmeMetadataFile(const std::string& xml) {
  if (xml.find("BinaryOnly") == xml.npos) return std::nullopt;
  pugi::xml_document document;
  ParseXml(xml, "the OME-XML", pugi::encoding_auto, document);
  const pugi::xml_node elsewhere = document.child("OME").child("BinaryOnly");
  if (!elsewhere) return std::nullopt;
  return elsewhere.attribute("MetadataFile").value();
}

std::string OmeUuid(const std::string& xml) {
  pugi::xml_document document;
  ParseXml(xml, "the OME-XML", pugi::encoding_auto, document);
  return document.child("OME").attribute("UUID").value();
}

PlanePlan ReadOme(const std::string& xml, const std::optional<std::string>& scene,
                  OmeFiles& files) {
  pugi::xml_document document;
  ParseXml(xml, "the OME-XML", pugi::encoding_auto, document);
  const pugi::xml_node ome = document.child("OME");
  const pugi::xml_node image = ChooseImage(ome, scene);
  const pugi::xml_node pixels = image.child("Pixels");
  PlanePlan plan;
  plan.format = "OME-TIFF";
  plan.width_px = pixels.attribute("SizeX").as_llong(0);
  plan.height_px = pixels.attribute("SizeY").as_llong(0);
  ReadOmePlanes(pixels, files, plan);
  ReadPixels(pixels, plan.metadata);
  ReadInstrument(ome, image, plan.metadata);
  std::string date = image.child("AcquisitionDate").text().get();
  if (date.empty()) date = image.child("AcquiredDate").text().get();
  if (!date.empty()) plan.acquired_at = Printable(date);
  return plan;
}

}  // namespace monitor::acquisition
