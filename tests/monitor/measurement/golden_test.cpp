// Every row of GOLDEN.csv: what others published of real files, or computed independently of this
// project. The file itself is read here, so that a new row without a function fails; every file is
// read by the readers that the program uses. A tolerance is half of the last digit that the row
// gives, unless its function says another and why.
//
// Figures that are no quantity of ours (single pixels, first and last maximum, centroids of the
// light, percentiles of the raw image) are taken from the pixels that our reader delivers: they
// prove the reader.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <variant>

#include "monitor/acquisition/power_log.h"
#include "qc_metrics/detector_region.h"
#include "qc_metrics/sectioning.h"
#include "tests/monitor/measurement/golden_rows.h"

namespace monitor::measurement {
namespace {

// ---- sectioning, detector, power ---------------------------------------------------------------

Metrics Axial() {
  constexpr double kPixelUm = 0.09785;
  const acquisition::Image image = ReadGolden("sectioning/metroloj_axial.tif");
  qc_metrics::SectioningSettings settings{.z_step_um = kPixelUm};
  settings.layout = qc_metrics::AxialLayout::kXzImage;
  const auto measured =
      qc_metrics::MeasureSectioning({{image.planes.at(0).colRange(214, 296)}}, settings);
  const auto axial = std::get<qc_metrics::Sectioning>(measured);
  return {{"fwhm_z", [=] { return Found{{axial.region_fwhm_um.value}}; }},
          {"r2", [=] { return Found{{axial.region_r2}}; }},
          {"fit_d_sigma", [=] { return Found{{axial.region_fit.sigma * kPixelUm}}; }},
          {"fit_ssr", [=] { return Found{{axial.region_fit.ssr}}; }}};
}

Metrics Photomultipliers() {
  const acquisition::Image image = ReadGolden("detector/metroloj_CV.tif");
  qc_metrics::Stack region;
  for (const cv::Mat& plane : image.planes) {
    region.planes.push_back(plane(cv::Rect(109, 109, 65, 56)));
  }
  const auto measured = qc_metrics::MeasureRegion(region, std::nullopt, 255.0);
  Metrics rows;
  for (const auto& detector : std::get<std::vector<qc_metrics::UniformRegion>>(measured)) {
    rows["cv_PMT" + std::to_string(detector.frame + 1)] = [=] {
      return Found{{detector.cv.value}};
    };
  }
  return rows;
}

Metrics Pulses() {
  std::ifstream file(ETALON_CALIBRATION_DATA "/power/SmartLPM_blindData.csv");
  std::ostringstream text;
  text << file.rdbuf();
  const auto rows = static_cast<double>(acquisition::ReadPowerLog(text.str()).rows.size());
  return {{"n_samples", [=] { return Found{{rows}}; }}};
}

// ---- the rows ----------------------------------------------------------------------------------

struct Row {
  std::string file, metric;
  std::vector<std::string> values;
};

/// Cells of one line; quoted ones may hold commas.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

std::vector<Row> Rows() {
  std::ifstream file(ETALON_CALIBRATION_DATA "/GOLDEN.csv");
  std::vector<Row> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto cells = Cells(line);
    Row row{cells.at(0), cells.at(1), {}};
    std::istringstream words(cells.at(2));
    for (std::string word; words >> word;) row.values.push_back(word);
    rows.push_back(row);
  }
  return rows;
}

/// Half of the last digit, and what sums of doubles may differ by.
double HalfDigit(const std::string& text) {
  const auto point = text.find('.');
  const auto decimals =
      point == std::string::npos ? 0.0 : static_cast<double>(text.size() - point - 1);
  return 0.5 * std::pow(10.0, -decimals) + 1e-13 * std::abs(std::stod(text));
}

void Expect(const Row& row, const Found& found) {
  ASSERT_EQ(found.values.size(), row.values.size());
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const double published = std::stod(row.values[i]);
    const double tolerance = found.tolerance > 0.0 ? found.tolerance : HalfDigit(row.values[i]);
    if (found.refuted.empty()) {
      EXPECT_NEAR(found.values[i], published, tolerance);
    } else {
      EXPECT_GT(std::abs(found.values[i] - published), tolerance) << found.refuted;
    }
  }
}

TEST(Golden, EveryRowIsReproducedOrRefuted) {
  const std::vector<Row> rows = Rows();
  if (rows.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  std::map<std::string, Metrics> files = {
      {"beads/metroloj_PSF.tif", GoldenBead()},
      {"beads/mpicbg_four_beads.tif", GoldenFourBeads()},
      {"sectioning/metroloj_axial.tif", Axial()},
      {"detector/metroloj_CV.tif", Photomultipliers()},
      {"power/SmartLPM_blindData.csv", Pulses()},
      {"illumination/metroloj_field.tif", GoldenField("illumination/metroloj_field.tif")},
      {"illumination/lsm5_field_488.tif", GoldenField("illumination/lsm5_field_488.tif")}};
  EXPECT_GE(rows.size(), 96U);
  std::set<std::string> used;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.file + " " + row.metric);
    ASSERT_TRUE(files.contains(row.file)) << "a file without functions";
    ASSERT_TRUE(files[row.file].contains(row.metric)) << "a row without a function";
    Expect(row, files[row.file][row.metric]());
    used.insert(row.metric);
  }
  for (const auto& [file, metrics] : files) {
    for (const auto& [metric, function] : metrics) {
      EXPECT_TRUE(used.contains(metric)) << file << ": no row for " << metric;
    }
  }
}

}  // namespace
}  // namespace monitor::measurement
