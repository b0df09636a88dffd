#include "monitor/simulation/ome_tiff.h"

#include <tiffio.h>

#include <memory>
#include <pugixml.hpp>
#include <sstream>

namespace monitor::simulation {
namespace {

constexpr const char* kOmeNamespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06";

constexpr double kMostClassicBytes = 4.2e9;  // of pixels; directories need room too

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};

const char* OmeType(int depth) {
  switch (depth) {
    case CV_8U:
      return "uint8";
    case CV_16U:
      return "uint16";
    case CV_32F:
      return "float";
    default:
      throw WriteError("planes must be 8 or 16 bit unsigned or 32 bit float");
  }
}

template <typename Value>
void SetOptional(pugi::xml_node node, const char* name, const std::optional<Value>& value) {
  if (value) node.append_attribute(name).set_value(*value);
}

void AppendInstrument(pugi::xml_node root, const OmeImage& image) {
  pugi::xml_node instrument = root.append_child("Instrument");
  instrument.append_attribute("ID").set_value("Instrument:0");
  if (!image.microscope_serial.empty()) {
    instrument.append_child("Microscope")
        .append_attribute("SerialNumber")
        .set_value(image.microscope_serial.c_str());
  }
  pugi::xml_node objective = instrument.append_child("Objective");
  objective.append_attribute("ID").set_value("Objective:0:0");
  SetOptional(objective, "LensNA", image.numerical_aperture);
  const auto set_text = [&objective](const char* name, const std::string& text) {
    if (!text.empty()) objective.append_attribute(name).set_value(text.c_str());
  };
  set_text("Model", image.objective_model);
  set_text("SerialNumber", image.objective_serial);
  set_text("Immersion", image.immersion);
}

void AppendSizes(pugi::xml_node pixels, const OmeImage& image) {
  const auto stacks = image.channels.size() * static_cast<std::size_t>(image.frames);
  pixels.append_attribute("SizeX").set_value(image.planes[0].cols);
  pixels.append_attribute("SizeY").set_value(image.planes[0].rows);
  pixels.append_attribute("SizeZ").set_value(static_cast<unsigned>(image.planes.size() / stacks));
  pixels.append_attribute("SizeC").set_value(static_cast<unsigned>(image.channels.size()));
  pixels.append_attribute("SizeT").set_value(image.frames);
  SetOptional(pixels, "SignificantBits", image.significant_bits);
  SetOptional(pixels, "PhysicalSizeX", image.pixel_size_x_um);
  SetOptional(pixels, "PhysicalSizeY", image.pixel_size_y_um);
  SetOptional(pixels, "PhysicalSizeZ", image.z_step_um);
  SetOptional(pixels, "TimeIncrement", image.frame_interval_s);
}

void AppendPixels(pugi::xml_node node, const OmeImage& image) {
  pugi::xml_node pixels = node.append_child("Pixels");
  pixels.append_attribute("ID").set_value("Pixels:0");
  pixels.append_attribute("DimensionOrder").set_value("XYZCT");
  pixels.append_attribute("Type").set_value(OmeType(image.planes[0].depth()));
  AppendSizes(pixels, image);
  for (std::size_t c = 0; c < image.channels.size(); ++c) {
    pugi::xml_node channel = pixels.append_child("Channel");
    channel.append_attribute("ID").set_value(("Channel:0:" + std::to_string(c)).c_str());
    channel.append_attribute("Name").set_value(image.channels[c].name.c_str());
    SetOptional(channel, "ExcitationWavelength", image.channels[c].excitation_nm);
    SetOptional(channel, "EmissionWavelength", image.channels[c].emission_nm);
    if (!image.channels[c].acquisition_mode.empty()) {
      channel.append_attribute("AcquisitionMode")
          .set_value(image.channels[c].acquisition_mode.c_str());
    }
  }
  pixels.append_child("TiffData");
  const std::size_t channels = image.channels.size();
  const std::size_t depth = image.planes.size() / channels / static_cast<std::size_t>(image.frames);
  for (std::size_t i = 0; i < image.planes.size(); ++i) {
    const std::size_t c = i / depth % channels;
    const OmeChannel& channel = image.channels[c];
    if (!channel.exposure_s) continue;
    pugi::xml_node plane = pixels.append_child("Plane");
    plane.append_attribute("TheZ").set_value(static_cast<unsigned>(i % depth));
    plane.append_attribute("TheC").set_value(static_cast<unsigned>(c));
    plane.append_attribute("TheT").set_value(static_cast<unsigned>(i / depth / channels));
    plane.append_attribute("ExposureTime").set_value(*channel.exposure_s);
  }
}

std::string OmeXml(const OmeImage& image) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("OME");
  root.append_attribute("xmlns").set_value(kOmeNamespace);
  AppendInstrument(root, image);
  pugi::xml_node node = root.append_child("Image");
  node.append_attribute("ID").set_value("Image:0");
  if (!image.acquired_at.empty()) {
    node.append_child("AcquisitionDate").text().set(image.acquired_at.c_str());
  }
  node.append_child("InstrumentRef").append_attribute("ID").set_value("Instrument:0");
  pugi::xml_node settings = node.append_child("ObjectiveSettings");
  settings.append_attribute("ID").set_value("Objective:0:0");
  SetOptional(settings, "RefractiveIndex", image.refractive_index);
  AppendPixels(node, image);
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  return text.str();
}

void WritePlane(TIFF* tiff, const cv::Mat& plane, const std::string& path) {
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(plane.cols));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(plane.rows));
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(8 * plane.elemSize()));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
               plane.depth() == CV_32F ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, static_cast<std::uint32_t>(plane.rows));
  const cv::Mat rows = plane.isContinuous() ? plane : plane.clone();
  const auto bytes = static_cast<tmsize_t>(rows.total() * rows.elemSize());
  if (TIFFWriteEncodedStrip(tiff, 0, rows.data, bytes) != bytes || TIFFWriteDirectory(tiff) != 1) {
    throw WriteError("could not write " + path + ": is the disk full?");
  }
}

void Check(const OmeImage& image) {
  if (image.planes.empty() || image.channels.empty() || image.frames < 1 ||
      image.planes.size() % (image.channels.size() * static_cast<std::size_t>(image.frames)) != 0) {
    throw WriteError("an image needs channels, and as many planes in each frame of each");
  }
  for (const cv::Mat& plane : image.planes) {
    if (plane.empty() || plane.size() != image.planes[0].size() ||
        plane.type() != image.planes[0].type() || plane.channels() != 1) {
      throw WriteError("all planes must have one size and type");
    }
  }
}

}  // namespace

void WriteOmeTiff(const std::string& path, const OmeImage& image) {
  Check(image);
  const std::string xml = OmeXml(image);
  const double bytes = static_cast<double>(image.planes.size()) *
                       static_cast<double>(image.planes[0].total() * image.planes[0].elemSize());
  const char* mode = bytes > kMostClassicBytes ? "w8" : "w";
  const std::unique_ptr<TIFF, TiffCloser> tiff(TIFFOpen(path.c_str(), mode));
  if (!tiff) throw WriteError("could not create " + path + ": does the folder exist?");
  TIFFSetField(tiff.get(), TIFFTAG_IMAGEDESCRIPTION, xml.c_str());
  for (const cv::Mat& plane : image.planes) WritePlane(tiff.get(), plane, path);
}

}  // namespace monitor::simulation
