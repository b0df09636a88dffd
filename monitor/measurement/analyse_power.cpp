#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>
#include <variant>

#include "monitor/acquisition/power_log.h"
#include "monitor/acquisition/power_run_sheet.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/measurement/sha256.h"
#include "monitor/report/power_pictures.h"
#include "qc_metrics/power.h"
#include "qc_metrics/power_run_sheet.h"

namespace monitor::measurement {
namespace {

using qc_metrics::PowerSample;
using qc_metrics::Severity;

constexpr double kSameLineNm = 2.0;  // a meter is set to whole nanometres, a line is within one
constexpr std::size_t kMostSheetBytes = std::size_t{16} << 20;
constexpr double kPi = 3.14159265358979323846;
constexpr double kUm2PerCm2 = 1e8;
constexpr double kWattsPerMw = 1e-3;

acquisition::PowerLog ReadLog(const AnalysisJob& job) {
  try {
    return acquisition::ReadPowerLogFile(job.files.front()->fd(), job.files.front()->bytes());
  } catch (const acquisition::ReadError& error) {
    throw acquisition::ReadError(error.fault(), "'" + job.names.front() + "': " + error.what());
  }
}

// The unit that the log or a person states. There is no third way: a factor of a thousand is not
// to be seen in the numbers.
double MilliwattsPerUnit(const acquisition::PowerLog& log, Setup& setup) {
  if (log.mw_per_unit) return *log.mw_per_unit;
  const std::optional<std::string> unit = setup.Text("power_unit");
  if (unit) return *acquisition::MilliwattsPer(*unit);
  (void)setup.Needed("power_unit");
  return 0.0;
}

std::vector<PowerSample> Samples(const acquisition::PowerLog& log, double mw_per_unit,
                                 Setup& setup) {
  const double interval_s = log.timed ? 0.0 : setup.Needed("frame_interval_s");
  std::vector<PowerSample> samples;
  samples.reserve(log.rows.size());
  for (const acquisition::PowerRow& row : log.rows) {
    PowerSample sample;
    sample.time_s = log.timed ? *row.time_s : interval_s * static_cast<double>(samples.size());
    sample.power_mw = row.power * mw_per_unit;
    sample.line_nm = row.line_nm ? row.line_nm : setup.Number("line_nm");
    sample.setting_percent =
        row.setting_percent ? row.setting_percent : setup.Number("setting_percent");
    sample.temperature_c = row.temperature_c;
    samples.push_back(sample);
  }
  return samples;
}

std::string ReadSheetText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) text.clear();
  if (text.empty() || text.size() > kMostSheetBytes) {
    throw acquisition::ReadError(acquisition::ReadFault::kUnreadable,
                                 "the run sheet '" + path +
                                     "' cannot be read, is empty or larger than 16 MB; name the "
                                     "file of this log's pulses");
  }
  return text;
}

// The pulses take line and setting from the run sheet, or the log is not measured.
bool TakeRunSheet(const std::optional<std::string>& acquired_at, AnalysisOutcome& outcome,
                  std::vector<PowerSample>& samples) {
  const std::optional<std::string> path = outcome.setup.Text("run_sheet");
  if (!path) return true;
  const std::string text = ReadSheetText(*path);
  acquisition::RunSheet sheet = acquisition::ReadRunSheet(text);
  const SetupSource source = outcome.setup.Entries().find("run_sheet")->second.source;
  outcome.setup.Put("run_sheet_sha256", {BytesDigest(text), source});
  const auto start_s = acquired_at ? acquisition::MomentOfIso(*acquired_at) : std::nullopt;
  const double origin_s = sheet.dated && start_s ? *start_s : 0.0;
  for (auto& row : sheet.rows) {
    row.start_s -= origin_s;
    row.end_s -= origin_s;
  }
  auto matched = qc_metrics::MatchRunSheet(samples, sheet.rows);
  if (const auto* reason = std::get_if<std::string>(&matched)) {
    outcome.report.findings.push_back({"run_sheet", Severity::kFault,
                                       "The run sheet does not fit the log: " + *reason + ".",
                                       std::nullopt});
    return false;
  }
  auto& match = std::get<qc_metrics::RunSheetMatch>(matched);
  samples = std::move(match.samples);
  if (sheet.dated && start_s && std::abs(match.offset_s) > match.tolerance_s) {
    outcome.report.findings.push_back(
        {"clock", Severity::kWarning,
         "the log's clock is " + std::to_string(std::lround(match.offset_s)) +
             " s off the run sheet's; the pulses were matched by their pattern. Set the clocks",
         std::nullopt});
  }
  return true;
}

void CheckMeterWavelength(const std::vector<PowerSample>& samples, const Setup& setup,
                          qc_metrics::Report& report) {
  const std::optional<double> meter_nm = setup.Number("meter_wavelength_nm");
  if (!meter_nm) return;
  for (const PowerSample& sample : samples) {
    if (!sample.line_nm || std::abs(*sample.line_nm - *meter_nm) <= kSameLineNm) continue;
    report.findings.push_back(
        {"meter_wavelength", Severity::kFault,
         "the meter was set to another wavelength than the laser line, so its calibration does not "
         "hold; set the meter to the line and measure again",
         std::nullopt});
    return;
  }
}

// Power at the objective and power at the fibre are two series, not one.
void NameIdentity(const Setup& setup, qc_metrics::Report& report) {
  for (const char* key : {"location", "objective", "scan_mode"}) {
    const std::optional<std::string> text = setup.Text(key);
    if (!text) continue;
    for (qc_metrics::Quantity& quantity : report.quantities) quantity.of[key] = *text;
    for (qc_metrics::Object& object : report.objects) {
      for (qc_metrics::Quantity& quantity : object.quantities) quantity.of[key] = *text;
    }
  }
}

// What a power is of is stated, or its absence is.
void NoteUnstated(const std::vector<PowerSample>& samples, const Setup& setup,
                  qc_metrics::Report& report) {
  constexpr std::array<const char*, 6> kKeys = {
      "location", "objective", "scan_mode", "sensor_serial", "meter_wavelength_nm", "warm_up_min"};
  std::string missing;
  const auto add = [&missing](const char* key) {
    missing.append(missing.empty() ? "" : ", ").append(key);
  };
  if (!samples.front().line_nm) add("line_nm");
  if (!samples.front().setting_percent) add("setting_percent");
  for (const char* key : kKeys) {
    if (!setup.Entries().contains(key)) add(key);
  }
  if (missing.empty()) return;
  report.findings.push_back({"settings_not_stated", Severity::kInfo,
                             "Neither the log nor the setup states " + missing +
                                 "; powers are compared only where these agree.",
                             std::nullopt});
}

// The lit area, cm2, as a person states it.
std::optional<double> LitArea(const Setup& setup) {
  if (const auto area_um2 = setup.Number("field_area_um2")) return *area_um2 / kUm2PerCm2;
  const auto diameter_um = setup.Number("spot_diameter_um");
  if (!diameter_um) return std::nullopt;
  return 0.25 * kPi * *diameter_um * *diameter_um / kUm2PerCm2;
}

// Power over area, where the power is that at the sample.
void DeriveIrradiance(const Setup& setup, qc_metrics::Report& report) {
  const auto area_cm2 = LitArea(setup);
  if (!area_cm2) return;
  const std::string location = setup.Text("location").value_or("");
  if (location.find("sample") == location.npos && location.find("objective") == location.npos) {
    report.findings.push_back(
        {"settings_not_stated", Severity::kWarning,
         "The lit area is stated, but not that the power was measured at the objective's exit or "
         "the sample plane (location); no irradiance is derived.",
         std::nullopt});
    return;
  }
  std::vector<qc_metrics::Quantity> derived;
  for (const qc_metrics::Quantity& quantity : report.quantities) {
    if (quantity.id != "power.mean") continue;
    derived.push_back(quantity);
    derived.back().id = "power.irradiance";
    derived.back().definition = "etalon.irradiance_derived/1";
    derived.back().unit = "W/cm2";
    derived.back().value *= kWattsPerMw / *area_cm2;
    if (derived.back().u) *derived.back().u *= kWattsPerMw / *area_cm2;
  }
  report.quantities.insert(report.quantities.end(), derived.begin(), derived.end());
}

void AddPictures(std::span<const PowerSample> samples, const qc_metrics::Power& power,
                 AnalysisOutcome& outcome) {
  outcome.pictures.push_back(report::PowerTrace(samples, power));
  if (auto chart = report::PowerLinearityChart(power)) outcome.pictures.push_back(*chart);
  if (auto chart = report::PowerPulsesChart(power)) outcome.pictures.push_back(*chart);
}

void Report(const std::vector<PowerSample>& samples, bool pictures, AnalysisOutcome& outcome) {
  const auto measured = qc_metrics::MeasurePower(samples);
  auto report = qc_metrics::PowerReport(measured, samples);
  NameIdentity(outcome.setup, report);
  DeriveIrradiance(outcome.setup, report);
  CheckMeterWavelength(samples, outcome.setup, report);
  const auto* power = std::get_if<qc_metrics::Power>(&measured);
  outcome.measured = power != nullptr && !report.quantities.empty();
  if (outcome.measured) NoteUnstated(samples, outcome.setup, report);
  report.findings.insert(report.findings.end(), outcome.report.findings.begin(),
                         outcome.report.findings.end());
  outcome.report = std::move(report);
  if (power != nullptr && pictures) AddPictures(samples, *power, outcome);
}

}  // namespace

AnalysisOutcome AnalysePower(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  const acquisition::PowerLog log = ReadLog(job);
  outcome.formats.push_back(log.format);
  outcome.acquired_at = log.acquired_at;
  outcome.setup = Setup(job.layers.front(), log.metadata);
  const double mw_per_unit = MilliwattsPerUnit(log, outcome.setup);
  std::vector<PowerSample> samples = Samples(log, mw_per_unit, outcome.setup);
  outcome.report.findings = log.notes;
  if (NoteMissingKeys(outcome.setup, outcome)) return outcome;
  if (TakeRunSheet(log.acquired_at, outcome, samples)) Report(samples, job.pictures, outcome);
  progress(1.0);
  return outcome;
}

}  // namespace monitor::measurement
