#include "monitor/acquisition/czi_metadata.h"

#include <cmath>
#include <string_view>

#include "monitor/acquisition/channel_lists.h"
#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/xml_text.h"

namespace monitor::acquisition {
namespace {

constexpr int kMaxScenes = 100'000;

void PutText(const char* key, std::string_view text, Metadata& metadata) {
  if (!text.empty()) metadata[key] = Printable(text);
}

void PutPositive(const char* key, std::string_view text, double scale, Metadata& metadata) {
  if (const std::optional<double> value = PositiveNumber(text)) metadata[key] = *value * scale;
}

// Metres of seventeen digits in micrometres: to twelve digits, or 0.3 would read 0.29999999999.
void PutMetres(const char* key, std::string_view text, Metadata& metadata) {
  const std::optional<double> metres = PositiveNumber(text);
  if (!metres) return;
  const double um = *metres * 1e6;
  const double scale = std::pow(10.0, 11.0 - std::floor(std::log10(um)));
  if (std::isfinite(scale) && scale > 0.0) metadata[key] = std::round(um * scale) / scale;
}

void ReadScaling(const pugi::xml_node& metadata_node, Metadata& metadata) {
  for (const pugi::xml_node& row : metadata_node.child("Scaling").child("Items").children()) {
    const std::string_view axis = row.attribute("Id").value();
    const char* key = axis == "X"   ? "pixel_size_x_um"
                      : axis == "Y" ? "pixel_size_y_um"
                      : axis == "Z" ? "z_step_um"
                                    : nullptr;
    if (key != nullptr) PutMetres(key, row.child("Value").text().get(), metadata);
  }
}

pugi::xml_node ChildWithId(const pugi::xml_node& parent, std::string_view id) {
  for (const pugi::xml_node& child : parent.children()) {
    if (!id.empty() && id == child.attribute("Id").value()) return child;
  }
  return {};
}

void ReadInstrument(const pugi::xml_node& information, Metadata& metadata) {
  const pugi::xml_node image = information.child("Image");
  const pugi::xml_node instrument = information.child("Instrument");
  const pugi::xml_node settings = image.child("ObjectiveSettings");
  const pugi::xml_node objective = ChildWithId(
      instrument.child("Objectives"), settings.child("ObjectiveRef").attribute("Id").value());
  PutPositive("refractive_index", settings.child("RefractiveIndex").text().get(), 1.0, metadata);
  PutPositive("numerical_aperture", objective.child("LensNA").text().get(), 1.0, metadata);
  PutPositive("objective_magnification", objective.child("NominalMagnification").text().get(), 1.0,
              metadata);
  PutText("immersion", objective.child("Immersion").text().get(), metadata);
  PutText("immersion", settings.child("Medium").text().get(), metadata);
  const pugi::xml_node maker = objective.child("Manufacturer");
  PutText("objective", objective.attribute("Name").value(), metadata);
  PutText("objective", maker.child("Model").text().get(), metadata);
  PutText("objective_serial", maker.child("SerialNumber").text().get(), metadata);
  const pugi::xml_node microscope = ChildWithId(
      instrument.child("Microscopes"), image.child("MicroscopeRef").attribute("Id").value());
  PutText("microscope", microscope.attribute("Name").value(), metadata);
  PutText("microscope", microscope.child("System").text().get(), metadata);
  PutText("instrument_serial", microscope.child("Manufacturer").child("SerialNumber").text().get(),
          metadata);
}

std::string TextAt(const pugi::xml_node& node, const char* name) {
  return node.child(name).text().get();
}

void ReadChannels(const pugi::xml_node& image, const std::vector<int>& wanted, Metadata& metadata) {
  std::vector<pugi::xml_node> all;
  for (const pugi::xml_node& channel :
       image.child("Dimensions").child("Channels").children("Channel")) {
    all.push_back(channel);
  }
  std::vector<pugi::xml_node> channels;
  for (const int index : wanted) {
    if (index < 0 || static_cast<std::size_t>(index) >= all.size()) return;
    channels.push_back(all[static_cast<std::size_t>(index)]);
  }
  ChannelLists lists(channels.size());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const pugi::xml_node& channel = channels[i];
    lists.Text("channel_name", i, channel.attribute("Name").value());
    lists.Wavelength("excitation_nm", i, PositiveNumber(TextAt(channel, "ExcitationWavelength")));
    lists.Wavelength("emission_nm", i, PositiveNumber(TextAt(channel, "EmissionWavelength")));
    lists.Number("pinhole_au", i, PositiveNumber(TextAt(channel, "PinholeSizeAiry")));
    const std::optional<double> exposure_ns = PositiveNumber(TextAt(channel, "ExposureTime"));
    lists.Common("exposure_s", i, exposure_ns ? std::optional(*exposure_ns * 1e-9) : std::nullopt);
    lists.Common("zoom", i,
                 PositiveNumber(channel.child("LaserScanInfo").child("ZoomX").text().get()));
    lists.Common("component_bits", i, PositiveNumber(TextAt(channel, "ComponentBitCount")));
    lists.CommonText("modality", i, OmeModality(TextAt(channel, "AcquisitionMode")));
  }
  lists.PutInto(metadata);
}

void ReadBits(const pugi::xml_node& image, Metadata& metadata) {
  std::optional<double> bits = PositiveNumber(image.child("ComponentBitCount").text().get());
  const auto by_channel = metadata.find("component_bits");
  if (by_channel != metadata.end()) {
    if (!bits) bits = std::get<double>(by_channel->second);
    metadata.erase(by_channel);
  }
  if (!bits || *bits > 31.0 || *bits != std::floor(*bits)) return;
  metadata["saturation_adu"] = std::exp2(*bits) - 1.0;
}

void ReadTimes(const pugi::xml_node& information, CziMetadata& result) {
  const pugi::xml_node image = information.child("Image");
  const pugi::xml_node interval =
      image.child("Dimensions").child("T").child("Positions").child("Interval");
  PutPositive("frame_interval_s", interval.child("Increment").text().get(), 1.0, result.values);
  std::string date = image.child("AcquisitionDateAndTime").text().get();
  if (date.empty()) date = information.child("Document").child("CreationDate").text().get();
  if (!date.empty()) result.acquired_at = Printable(date);
}

void ReadSceneNames(const pugi::xml_node& image, std::vector<std::string>& names) {
  for (const pugi::xml_node& scene :
       image.child("Dimensions").child("S").child("Scenes").children("Scene")) {
    const int index = scene.attribute("Index").as_int(-1);
    if (index < 0 || index >= kMaxScenes) continue;
    const auto place = static_cast<std::size_t>(index);
    if (place >= names.size()) names.resize(place + 1);
    names[place] = Printable(scene.attribute("Name").value());
  }
}

}  // namespace

CziMetadata ReadCziMetadata(const std::string& xml, const std::vector<int>& channels) {
  CziMetadata result;
  if (xml.empty()) return result;
  pugi::xml_document document;
  ParseXml(xml, "the metadata of the CZI", pugi::encoding_auto, document);
  const pugi::xml_node metadata = document.child("ImageDocument").child("Metadata");
  const pugi::xml_node information = metadata.child("Information");
  ReadScaling(metadata, result.values);
  ReadInstrument(information, result.values);
  ReadChannels(information.child("Image"), channels, result.values);
  ReadBits(information.child("Image"), result.values);
  ReadTimes(information, result);
  ReadSceneNames(information.child("Image"), result.scene_names);
  return result;
}

}  // namespace monitor::acquisition
