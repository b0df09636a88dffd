#include "qc_metrics/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

namespace qc_metrics {
namespace {

TEST(Catalogue, IdsAreUniqueAndWellFormed) {
  const std::regex form("[a-z]+(\\.[a-z0-9_]+)+");
  std::set<std::string> ids;
  for (const auto& row : Catalogue()) {
    EXPECT_TRUE(ids.insert(std::string(row.id)).second) << row.id << " stands twice";
    EXPECT_TRUE(std::regex_match(std::string(row.id), form)) << row.id;
    EXPECT_FALSE(row.name.empty()) << row.id;
    EXPECT_FALSE(row.unit.empty()) << row.id;
  }
}

TEST(Catalogue, HasEveryQuantityOfTheContract) {
  for (const auto* id : {"psf.fwhm.x",
                         "psf.fwhm.y",
                         "psf.fwhm.z",
                         "psf.fwhm.minor",
                         "psf.fwhm.major",
                         "psf.fwhm.lateral",
                         "psf.tilt",
                         "psf.asymmetry",
                         "psf.fwhm_ratio.lateral",
                         "psf.fwhm_ratio.axial",
                         "psf.snr",
                         "psf.sbr",
                         "psf.r2",
                         "psf.beads.kept",
                         "psf.beads.rejected",
                         "illumination.uniformity",
                         "illumination.centring",
                         "illumination.cv",
                         "illumination.saturated",
                         "illumination.tilt.x",
                         "illumination.tilt.y",
                         "illumination.peak.x",
                         "illumination.peak.y",
                         "coregistration.shift.x",
                         "coregistration.shift.y",
                         "coregistration.shift.z",
                         "coregistration.distance.lateral",
                         "coregistration.distance.axial",
                         "coregistration.distance.total",
                         "coregistration.ratio",
                         "coregistration.magnification",
                         "coregistration.rotation",
                         "power.mean",
                         "power.sd",
                         "power.min",
                         "power.max",
                         "power.stability",
                         "power.noise",
                         "power.linearity.r2",
                         "power.linearity.worst_deviation",
                         "power.drift",
                         "power.settling_time",
                         "detector.offset",
                         "detector.read_noise.median",
                         "detector.read_noise.rms",
                         "detector.dsnu",
                         "detector.full_well",
                         "detector.gain",
                         "detector.dark_current",
                         "detector.prnu",
                         "detector.linearity_error",
                         "detector.snr",
                         "detector.cv",
                         "detector.hot_pixels",
                         "stage.repeatability.x",
                         "stage.repeatability.y",
                         "stage.repeatability.z",
                         "stage.backlash.x",
                         "stage.backlash.y",
                         "stage.drift_velocity",
                         "stage.stabilisation_time",
                         "sectioning.fwhm.z",
                         "sectioning.r2",
                         "geometry.pixel_size.x",
                         "geometry.pixel_size.y",
                         "geometry.rotation",
                         "geometry.shear",
                         "geometry.distortion"}) {
    EXPECT_NE(FindQuantity(id), nullptr) << id;
  }
}

TEST(Catalogue, FindsARowByItsIdOnly) {
  const auto* row = FindQuantity("psf.fwhm.z");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->unit, "um");
  EXPECT_EQ(row->prometheus_family, "etalon_psf_fwhm_meters");
  EXPECT_EQ(row->prometheus_label, "axis=\"z\"");
  EXPECT_EQ(FindQuantity("psf.fwhm"), nullptr);
  EXPECT_EQ(FindQuantity(""), nullptr);
}

TEST(Catalogue, DefinitionsCarryAVersion) {
  const std::regex form("[a-z_]+\\.[a-z0-9_]+/[0-9]+");
  for (const auto& row : Catalogue()) {
    EXPECT_TRUE(std::regex_match(std::string(row.default_definition), form)) << row.id;
  }
}

TEST(Catalogue, FamiliesAreValidPrometheusNamesInBaseUnits) {
  const std::regex name("etalon_[a-z0-9_]+");
  const std::regex unit(
      ".*_(meters|meters_per_second|ratio|ratio_per_second|watts|seconds|radians|adu|electrons|"
      "electrons_per_adu|electrons_per_second|pixels|beads)");
  const std::regex label("([a-z_]+=\"[a-z0-9_]+\"(,[a-z_]+=\"[a-z0-9_]+\")*)?");
  for (const auto& row : Catalogue()) {
    if (row.prometheus_family.empty()) continue;
    EXPECT_TRUE(std::regex_match(std::string(row.prometheus_family), name)) << row.id;
    EXPECT_TRUE(std::regex_match(std::string(row.prometheus_family), unit)) << row.id;
    EXPECT_TRUE(std::regex_match(std::string(row.prometheus_label), label)) << row.id;
  }
}

TEST(Catalogue, NoTwoRowsShareOneTimeSeries) {
  std::set<std::string> series;
  for (const auto& row : Catalogue()) {
    if (row.prometheus_family.empty()) continue;
    const auto key = std::string(row.prometheus_family) + "{" + std::string(row.prometheus_label);
    EXPECT_TRUE(series.insert(key).second) << row.id;
  }
}

TEST(Catalogue, RowsOfOneFamilyShareUnitLabelNameAndScale) {
  std::map<std::string, const CatalogueEntry*> first;
  for (const auto& row : Catalogue()) {
    if (row.prometheus_family.empty()) continue;
    const auto* other = first.emplace(row.prometheus_family, &row).first->second;
    EXPECT_EQ(row.unit, other->unit) << row.id;
    EXPECT_EQ(row.prometheus_scale, other->prometheus_scale) << row.id;
    EXPECT_EQ(row.prometheus_label.substr(0, row.prometheus_label.find('=')),
              other->prometheus_label.substr(0, other->prometheus_label.find('=')))
        << row.id;
  }
}

TEST(Catalogue, ScaleLeadsFromTheUnitToTheBaseUnit) {
  const std::map<std::string, double> scales = {{"um", 1e-6},
                                                {"mW", 1e-3},
                                                {"deg", 3.14159265358979323846 / 180.0},
                                                {"1/h", 1.0 / 3600.0},
                                                {"um/min", 1e-6 / 60.0}};
  for (const auto& row : Catalogue()) {
    const auto scale = scales.find(std::string(row.unit));
    const double expected = scale == scales.end() ? 1.0 : scale->second;
    EXPECT_DOUBLE_EQ(row.prometheus_scale, expected) << row.id;
  }
}

}  // namespace
}  // namespace qc_metrics
