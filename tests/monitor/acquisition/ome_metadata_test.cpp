#include "monitor/acquisition/ome_metadata.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

TiffWords Words(const std::string& pixels_attributes, const std::string& body,
                const std::string& rest = "") {
  TiffWords words;
  words.description = "<?xml version=\"1.0\"?><OME UUID=\"urn:uuid:1\">" + rest +
                      "<Image ID=\"Image:0\"><AcquisitionDate>2026-01-02T03:04:05</AcquisitionDate>"
                      "<ObjectiveSettings ID=\"Objective:0\" RefractiveIndex=\"1.515\"/>"
                      "<Pixels SizeX=\"8\" SizeY=\"6\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" " +
                      pixels_attributes + ">" + body + "</Pixels></Image></OME>";
  return words;
}

std::vector<std::size_t> Pages(const std::string& attributes, const std::string& body) {
  return ReadOme(Words(attributes, body), 6, 8, 6).page_of_plane;
}

TEST(Ome, DimensionOrderPlacesThePages) {
  using List = std::vector<std::size_t>;
  EXPECT_EQ(Pages("DimensionOrder=\"XYZCT\"", ""), (List{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(Pages("DimensionOrder=\"XYCZT\"", ""), (List{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(Pages("DimensionOrder=\"XYZCT\"",
                  "<TiffData FirstC=\"1\" IFD=\"0\" PlaneCount=\"3\"/>"
                  "<TiffData IFD=\"3\" PlaneCount=\"3\"/>"),
            (List{3, 4, 5, 0, 1, 2}));
}

TEST(Ome, UnitsAndInstrument) {
  const PlanePlan plan = ReadOme(
      Words("DimensionOrder=\"XYZCT\" PhysicalSizeX=\"100\" PhysicalSizeXUnit=\"nm\" "
            "PhysicalSizeZ=\"0.3\" SignificantBits=\"12\"",
            "<Channel Name=\"525/50\" EmissionWavelength=\"525\" AcquisitionMode=\"WideField\"/>"
            "<Channel Name=\"600/50\" EmissionWavelength=\"600\" AcquisitionMode=\"WideField\"/>",
            "<Instrument><Microscope SerialNumber=\"S1\"/>"
            "<Objective ID=\"Objective:0\" LensNA=\"1.4\"/></Instrument>"),
      6, 8, 6);
  const Metadata& found = plan.metadata;
  EXPECT_NEAR(std::get<double>(found.at("pixel_size_x_um")), 0.1, 1e-12);
  EXPECT_FALSE(found.contains("pixel_size_y_um"));
  EXPECT_EQ(std::get<double>(found.at("z_step_um")), 0.3);
  EXPECT_EQ(std::get<double>(found.at("saturation_adu")), 4095.0);
  EXPECT_EQ(std::get<double>(found.at("numerical_aperture")), 1.4);
  EXPECT_EQ(std::get<double>(found.at("refractive_index")), 1.515);
  EXPECT_EQ(std::get<std::vector<double>>(found.at("emission_nm")),
            (std::vector<double>{525.0, 600.0}));
  EXPECT_EQ(std::get<std::string>(found.at("modality")), "widefield");
  EXPECT_EQ(std::get<std::string>(found.at("instrument_serial")), "S1");
  EXPECT_EQ(plan.acquired_at, "2026-01-02T03:04:05");
}

TEST(Ome, AWavelengthThatIsNoLightIsNotStated) {
  const auto emission = [](const std::string& nanometres) {
    return ReadOme(Words("DimensionOrder=\"XYZCT\"", "<Channel EmissionWavelength=\"" + nanometres +
                                                         "\"/>"
                                                         "<Channel EmissionWavelength=\"525\"/>"),
                   6, 8, 6)
        .metadata.contains("emission_nm");
  };
  EXPECT_TRUE(emission("600"));
  EXPECT_TRUE(emission("1e6"));
  EXPECT_FALSE(emission("1e300"));
  EXPECT_FALSE(emission("1e13"));
}

TEST(Ome, ARenamedFileIsStillItself) {
  const std::string own = "<TiffData><UUID FileName=\"old.tif\">urn:uuid:1</UUID></TiffData>";
  EXPECT_EQ(Pages("DimensionOrder=\"XYZCT\"", own).size(), 6U);
  const std::string other = "<TiffData><UUID FileName=\"b.tif\">urn:uuid:2</UUID></TiffData>";
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", other), ReadError);
}

TEST(Ome, LiesAreRefused) {
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZZZ\"", ""), ReadError);
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", "<TiffData IFD=\"9\"/>"), ReadError);
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", "<TiffData FirstZ=\"3\" IFD=\"0\"/>"),
               ReadError);
  EXPECT_THROW((void)ReadOme(Words("DimensionOrder=\"XYZCT\"", ""), 5, 8, 6), ReadError);
  EXPECT_THROW((void)ReadOme(Words("DimensionOrder=\"XYZCT\"", ""), 6, 9, 6), ReadError);
}

}  // namespace
}  // namespace monitor::acquisition
