#include "monitor/acquisition/ome_metadata.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

/// A set whose files all have six pages; "b.tif" is its second.
class SixPages : public OmeFiles {
 public:
  explicit SixPages(std::size_t pages = 6) : pages_(pages) {}
  std::size_t Find(const std::string& uuid, const std::string& name) override {
    if (uuid.empty() || uuid == "urn:uuid:1") return 0;
    if (name == "b.tif") return 1;
    throw ReadError(ReadFault::kUnreadable, "not there");
  }
  std::size_t Pages(std::size_t /*file*/) override { return pages_; }

 private:
  std::size_t pages_;
};

PlanePlan Read(const std::string& xml, std::size_t pages = 6,
               const std::optional<std::string>& scene = std::nullopt) {
  SixPages files(pages);
  return ReadOme(xml, scene, files);
}

std::string Words(const std::string& pixels_attributes, const std::string& body,
                  const std::string& rest = "") {
  return "<?xml version=\"1.0\"?><OME UUID=\"urn:uuid:1\">" + rest +
         "<Image ID=\"Image:0\"><AcquisitionDate>2026-01-02T03:04:05</AcquisitionDate>"
         "<ObjectiveSettings ID=\"Objective:0\" RefractiveIndex=\"1.515\"/>"
         "<Pixels SizeX=\"8\" SizeY=\"6\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" " +
         pixels_attributes + ">" + body + "</Pixels></Image></OME>";
}

std::vector<std::size_t> Pages(const std::string& attributes, const std::string& body) {
  return Read(Words(attributes, body)).page_of_plane;
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
  const PlanePlan plan = Read(
      Words("DimensionOrder=\"XYZCT\" PhysicalSizeX=\"100\" PhysicalSizeXUnit=\"nm\" "
            "PhysicalSizeZ=\"0.3\" SignificantBits=\"12\"",
            "<Channel Name=\"525/50\" EmissionWavelength=\"525\" AcquisitionMode=\"WideField\"/>"
            "<Channel Name=\"600/50\" EmissionWavelength=\"600\" AcquisitionMode=\"WideField\"/>",
            "<Instrument><Microscope SerialNumber=\"S1\"/>"
            "<Objective ID=\"Objective:0\" LensNA=\"1.4\"/></Instrument>"));
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
    return Read(Words("DimensionOrder=\"XYZCT\"", "<Channel EmissionWavelength=\"" + nanometres +
                                                      "\"/>"
                                                      "<Channel EmissionWavelength=\"525\"/>"))
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
  const std::string other = "<TiffData><UUID FileName=\"c.tif\">urn:uuid:3</UUID></TiffData>";
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", other), ReadError);
}

TEST(Ome, PlanesOfASetAreInTheFilesThatItNames) {
  const PlanePlan plan =
      Read(Words("DimensionOrder=\"XYZCT\"",
                 "<TiffData IFD=\"2\" PlaneCount=\"3\"><UUID FileName=\"a.tif\">urn:uuid:1</UUID>"
                 "</TiffData><TiffData FirstC=\"1\"><UUID FileName=\"b.tif\">urn:uuid:2</UUID>"
                 "</TiffData>"));
  EXPECT_EQ(plan.file_of_plane, (std::vector<std::size_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(plan.page_of_plane, (std::vector<std::size_t>{2, 3, 4, 0, 1, 2}));
}

TEST(Ome, OneOfSeveralImagesIsNamed) {
  const std::string pixels =
      "<Pixels DimensionOrder=\"XYZCT\" SizeX=\"8\" SizeY=\"6\" SizeZ=\"3\" SizeC=\"1\" "
      "SizeT=\"1\"><TiffData IFD=\"";
  const std::string xml = "<OME><Image Name=\"left\">" + pixels +
                          "0\" PlaneCount=\"3\"/></Pixels></Image><Image Name=\"right\">" + pixels +
                          "3\" PlaneCount=\"3\"/></Pixels></Image></OME>";
  EXPECT_EQ(Read(xml, 6, "right").page_of_plane, (std::vector<std::size_t>{3, 4, 5}));
  EXPECT_EQ(Read(xml, 6, "0").page_of_plane, (std::vector<std::size_t>{0, 1, 2}));
  try {
    (void)Read(xml);
    ADD_FAILURE() << "was read";
  } catch (const ReadError& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(ReadFault::kSceneNeeded));
    EXPECT_NE(std::string(error.what()).find("1 = 'right' (8 x 6 px, 3 z"), std::string::npos);
  }
}

TEST(Ome, OpticsAndMicroscopeAreTakenAsStated) {
  const PlanePlan plan = Read(
      "<OME><Instrument><Microscope Model=\"Eclipse\" SerialNumber=\"S1\"/>"
      "<Objective ID=\"Objective:0\" Model=\"Plan Apo\" SerialNumber=\"O7\" "
      "NominalMagnification=\"60\" Immersion=\"Oil\"/></Instrument><Image>"
      "<ObjectiveSettings ID=\"Objective:0\" Medium=\"Glycerol\"/>"
      "<Pixels DimensionOrder=\"XYZCT\" SizeX=\"8\" SizeY=\"6\" SizeZ=\"1\" SizeC=\"1\" "
      "SizeT=\"1\"><Channel PinholeSize=\"30\"><DetectorSettings Zoom=\"2\"/></Channel>"
      "</Pixels></Image></OME>");
  const Metadata expected = {
      {"microscope", std::string("Eclipse")},    {"instrument_serial", std::string("S1")},
      {"objective", std::string("Plan Apo")},    {"objective_serial", std::string("O7")},
      {"objective_magnification", 60.0},         {"immersion", std::string("Glycerol")},
      {"pinhole_um", std::vector<double>{30.0}}, {"zoom", 2.0}};
  EXPECT_EQ(plan.metadata, expected);
  EXPECT_EQ(plan.width_px, 8);
  EXPECT_EQ(plan.height_px, 6);
}

TEST(Ome, LiesAreRefused) {
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZZZ\"", ""), ReadError);
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", "<TiffData IFD=\"9\"/>"), ReadError);
  EXPECT_THROW((void)Pages("DimensionOrder=\"XYZCT\"", "<TiffData FirstZ=\"3\" IFD=\"0\"/>"),
               ReadError);
  EXPECT_THROW((void)Read(Words("DimensionOrder=\"XYZCT\"", ""), 5), ReadError);
  EXPECT_THROW((void)Read("<OME><Image/></OME>"), ReadError);
}

}  // namespace
}  // namespace monitor::acquisition
