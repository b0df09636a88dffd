#include "monitor/report/html_report.h"

#include <gtest/gtest.h>

namespace monitor::report {
namespace {

nlohmann::json Document() {
  return nlohmann::json::parse(R"({
    "schema": "etalon.measurement/1", "analysis": "psf",
    "software": {"name": "etalon", "version": "0.1.0", "build": "abc"},
    "inputs": [{"name": "<script>alert(1)</script>.tif", "sha256": "00ff", "bytes": 1, "format": "tiff"}],
    "setup": {"z_step_um": {"value": 0.2, "source": "option"}},
    "quantities": [{"id": "psf.fwhm.z", "definition": "etalon.gauss3d/1", "value": 0.7064, "unit": "um",
                    "u": 0.00206, "u_method": "fit_covariance", "n": 40, "of": {"comparator": "rayleigh"}}],
    "objects": [{"kind": "bead", "state": "kept", "position_um": [1, 2, 3]},
                {"kind": "bead", "state": "rejected", "reason": "edge", "position_um": [0, 2, 3]}],
    "findings": [{"code": "saturated", "severity": "warning", "text": "Lower the exposure."}],
    "pictures": []})");
}

TEST(HtmlReport, ShowsValuesWithTheirUncertaintyAndWhereEachSettingCameFrom) {
  const std::string html = HtmlReport(Document(), {});
  EXPECT_NE(html.find("0.7064 ± 0.0041"), std::string::npos);
  EXPECT_NE(html.find("µm"), std::string::npos);
  EXPECT_NE(html.find("from the option"), std::string::npos);
  EXPECT_NE(html.find("rejected: edge"), std::string::npos);
  EXPECT_NE(html.find("comparator rayleigh"), std::string::npos);
  EXPECT_NE(html.find("Lower the exposure."), std::string::npos);
}

TEST(HtmlReport, TextFromFilesCannotBecomeMarkup) {
  const std::string html = HtmlReport(Document(), {});
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
}

TEST(HtmlReport, HoldsItsPicturesAndAsksForNothingFromElsewhere) {
  const std::string html = HtmlReport(
      Document(), {{"psf_xy", "image/png", std::string("\x89PNG\r\n", 6), "xy of one bead"}});
  EXPECT_NE(html.find("src=\"data:image/png;base64,iVBORw0K\""), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos);
}

TEST(HtmlReport, ListsAndSettingsReadAsTheyWereStated) {
  nlohmann::json document = Document();
  document["setup"]["emission_nm"] = {{"value", {520.0, 600.5}}, {"source", "file"}};
  const std::string html = HtmlReport(document, {});
  EXPECT_NE(html.find("<td>520, 600.5</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>0.2</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>fit covariance</td>"), std::string::npos);
}

TEST(HtmlReport, AChannelColumnStandsWhereAQuantityHasOne) {
  nlohmann::json document = Document();
  EXPECT_EQ(HtmlReport(document, {}).find("<th>Channel</th>"), std::string::npos);
  document["quantities"][0]["channel_name"] = "525/50";
  const std::string html = HtmlReport(document, {});
  EXPECT_NE(html.find("<th>Channel</th>"), std::string::npos);
  EXPECT_NE(html.find("<td>525/50</td>"), std::string::npos);
}

TEST(HtmlReport, ADocumentWithoutResultSaysSo) {
  nlohmann::json document = Document();
  document["quantities"] = nlohmann::json::array();
  EXPECT_NE(HtmlReport(document, {}).find("No result"), std::string::npos);
}

}  // namespace
}  // namespace monitor::report
