#include <cmath>
#include <utility>
#include <variant>

#include "monitor/acquisition/power_log.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/image_input.h"
#include "monitor/report/power_pictures.h"
#include "qc_metrics/power.h"

namespace monitor::measurement {
namespace {

constexpr double kSameLineNm = 2.0;  // a meter is set to whole nanometres, a line is within one

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

std::vector<qc_metrics::PowerSample> Samples(const acquisition::PowerLog& log, double mw_per_unit,
                                             Setup& setup) {
  const double interval_s = log.timed ? 0.0 : setup.Needed("frame_interval_s");
  std::vector<qc_metrics::PowerSample> samples;
  samples.reserve(log.rows.size());
  for (const acquisition::PowerRow& row : log.rows) {
    qc_metrics::PowerSample sample;
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

void CheckMeterWavelength(const std::vector<qc_metrics::PowerSample>& samples, const Setup& setup,
                          qc_metrics::Report& report) {
  const std::optional<double> meter_nm = setup.Number("meter_wavelength_nm");
  if (!meter_nm) return;
  for (const qc_metrics::PowerSample& sample : samples) {
    if (!sample.line_nm || std::abs(*sample.line_nm - *meter_nm) <= kSameLineNm) continue;
    report.findings.push_back(
        {"meter_wavelength", qc_metrics::Severity::kFault,
         "the meter was set to another wavelength than the laser line, so its calibration does not "
         "hold; set the meter to the line and measure again",
         std::nullopt});
    return;
  }
}

// Power at the objective and power at the fibre are two series, not one.
void NameLocation(const Setup& setup, qc_metrics::Report& report) {
  const std::optional<std::string> location = setup.Text("location");
  if (!location) return;
  for (qc_metrics::Quantity& quantity : report.quantities) quantity.of["location"] = *location;
}

}  // namespace

AnalysisOutcome AnalysePower(const AnalysisJob& job, const ReportProgress& progress) {
  AnalysisOutcome outcome;
  const acquisition::PowerLog log = ReadLog(job);
  outcome.formats.push_back(log.format);
  outcome.acquired_at = log.acquired_at;
  outcome.setup = Setup(job.layers.front(), log.metadata);
  const double mw_per_unit = MilliwattsPerUnit(log, outcome.setup);
  const std::vector<qc_metrics::PowerSample> samples = Samples(log, mw_per_unit, outcome.setup);
  if (NoteMissingKeys(outcome.setup, outcome)) return outcome;
  const auto measured = qc_metrics::MeasurePower(samples);
  outcome.report = qc_metrics::PowerReport(measured, samples);
  NameLocation(outcome.setup, outcome.report);
  CheckMeterWavelength(samples, outcome.setup, outcome.report);
  const auto* power = std::get_if<qc_metrics::Power>(&measured);
  outcome.measured = power != nullptr && !outcome.report.quantities.empty();
  if (power != nullptr && job.pictures) {
    outcome.pictures.push_back(report::PowerTrace(samples, *power));
  }
  progress(1.0);
  return outcome;
}

}  // namespace monitor::measurement
