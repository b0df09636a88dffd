#include "monitor/service/metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "qc_metrics/catalogue.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

Json Snapshot() {
  return Json::parse(R"({
    "journal_events": 42,
    "measurements": [{"instrument": "lsm-1", "configuration": "63x \"oil\"", "procedure": "PSF-03",
      "acquired_at": "2026-03-01T08:00:00.250Z",
      "quantities": [
        {"id": "psf.fwhm.z", "definition": "etalon.gauss3d/1", "channel_name": "525/50",
         "value": 0.30000000000000004, "u": 0.0123456789012345678, "limit": {"upper": 1.1}},
        {"id": "psf.fwhm.z", "definition": "etalon.gauss3d/1", "channel_name": "525/50",
         "value": 9.9},
        {"id": "psf.unknown", "definition": "x/1", "value": 1}]}],
    "fitness": [{"instrument": "lsm-1", "configuration": "63x \"oil\"", "profile": "routine",
                 "verdict": "out_of_spec"}],
    "procedures": [{"instrument": "lsm-1", "configuration": "63x \"oil\"", "procedure": "PSF-03",
                    "due": "2026-04-01"},
                   {"instrument": "lsm-1", "configuration": "63x \"oil\"", "procedure": "X"}],
    "agents": [{"name": "room", "last_seen": "2026-03-01T08:00:00Z"}]})");
}

std::string Page() {
  RequestMeter meter;
  meter.Declare("GET /api/v1/instruments/{id}");
  meter.Count("GET /api/v1/instruments/{id}", 0.004, RequestMeter::Outcome::kDone);
  meter.Count("nonsense", 3.0, RequestMeter::Outcome::kRefused);
  return MetricsPage({.snapshot = Snapshot(),
                      .last_seen = {{"room", "2026-03-01T09:00:00Z"}},
                      .requests = meter.Rows()});
}

/// The value of the only line that begins with `family` and holds all of `parts`.
double ValueOf(const std::string& page, const std::string& family,
               const std::vector<std::string>& parts = {}) {
  std::istringstream lines(page);
  std::string line;
  std::vector<std::string> found;
  while (std::getline(lines, line)) {
    bool matches = line.starts_with(family + "{") || line.starts_with(family + " ");
    for (const std::string& part : parts) matches = matches && line.find(part) != line.npos;
    if (matches) found.push_back(line);
  }
  EXPECT_EQ(found.size(), 1U) << family << "\n" << page;
  if (found.size() != 1) return -1;
  return std::strtod(found[0].substr(found[0].rfind(' ') + 1).c_str(), nullptr);
}

TEST(Metrics, ValuesAreTheJsonValuesInBaseUnitsToTheLastBit) {
  const auto* entry = qc_metrics::FindQuantity("psf.fwhm.z");
  ASSERT_NE(entry, nullptr);
  const std::string page = Page();
  const double scale = entry->prometheus_scale;
  EXPECT_EQ(ValueOf(page, "etalon_psf_fwhm_meters", {"axis=\"z\"", "channel=\"525/50\""}),
            0.30000000000000004 * scale);
  EXPECT_EQ(ValueOf(page, "etalon_psf_fwhm_uncertainty_meters"), 0.0123456789012345678 * scale);
  EXPECT_EQ(ValueOf(page, "etalon_psf_fwhm_upper_limit_meters"), 1.1 * scale);
  EXPECT_EQ(ValueOf(page, "etalon_measurement_acquired_timestamp_seconds"), 1772352000.25);
}

TEST(Metrics, StateFamilies) {
  const std::string page = Page();
  EXPECT_EQ(ValueOf(page, "etalon_fitness", {"verdict=\"out_of_spec\""}), 1.0);
  EXPECT_EQ(ValueOf(page, "etalon_fitness", {"verdict=\"in_spec\""}), 0.0);
  EXPECT_EQ(ValueOf(page, "etalon_fitness", {"verdict=\"unknown\""}), 0.0);
  EXPECT_EQ(ValueOf(page, "etalon_procedure_due_timestamp_seconds"), 1775001600.0);
  EXPECT_EQ(ValueOf(page, "etalon_agent_last_seen_timestamp_seconds"), 1772355600.0);
  EXPECT_EQ(ValueOf(page, "etalon_journal_events_total"), 42.0);
  EXPECT_NE(page.find("configuration=\"63x \\\"oil\\\"\""), std::string::npos);
}

TEST(Metrics, RequestsCountFromZero) {
  const std::string page = Page();
  EXPECT_EQ(ValueOf(page, "etalon_http_requests_total",
                    {"route=\"GET /api/v1/instruments/{id}\"", "outcome=\"failed\""}),
            0.0);
  EXPECT_EQ(ValueOf(page, "etalon_http_requests_total", {"route=\"other\"", "\"refused\""}), 1.0);
  EXPECT_EQ(ValueOf(page, "etalon_http_request_duration_seconds_bucket",
                    {"route=\"GET ", "le=\"0.005\""}),
            1.0);
  EXPECT_EQ(ValueOf(page, "etalon_http_request_duration_seconds_bucket",
                    {"route=\"other\"", "le=\"+Inf\""}),
            1.0);
}

TEST(Metrics, TheUnitStaysLast) {
  EXPECT_EQ(WithInfix("etalon_psf_fwhm_meters", "upper_limit"),
            "etalon_psf_fwhm_upper_limit_meters");
  EXPECT_EQ(WithInfix("etalon_stage_drift_velocity_meters_per_second", "uncertainty"),
            "etalon_stage_drift_velocity_uncertainty_meters_per_second");
}

/// Every quantity of the catalogue at once, with uncertainty and limits, must satisfy promtool and
/// name no unit that is not a base unit.
TEST(Metrics, PromtoolFindsNothing) {
  Json snapshot = Snapshot();
  Json& quantities = snapshot["measurements"][0]["quantities"];
  for (const auto& entry : qc_metrics::Catalogue()) {
    quantities.push_back({{"id", entry.id},
                          {"definition", entry.default_definition},
                          {"value", 0.5},
                          {"u", 0.1},
                          {"of", {{"line_nm", 488}, {"channels", {0, 1}}}},
                          {"limit", {{"lower", 0.1}, {"upper", 0.9}}}});
  }
  const std::string page = MetricsPage({.snapshot = snapshot, .last_seen = {}, .requests = {}});
  for (const char* bad : {"_um", "_mw", "_percent", "_microns", "_milliwatts", "_nm{"}) {
    EXPECT_EQ(page.find(std::string(bad) + "{"), std::string::npos) << bad;
  }
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool";
  std::string file = (std::filesystem::temp_directory_path() / "metrics-XXXXXX").string();
  close(mkstemp(file.data()));
  std::ofstream(file) << page;
  EXPECT_EQ(std::system(("promtool check metrics < " + file).c_str()), 0) << page;
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace monitor::service
