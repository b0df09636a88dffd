#pragma once

#include "monitor/cli/measure_options.h"

namespace monitor::cli {

/// Where the input of `power` is a live meter (scpi://, serial://, usbtmc://): records it to
/// `options.record_path` (else power_TIME.csv in this folder) and puts that file in its place, so
/// that there is a raw file with a digest. Keys duration_s, interval_s, and meter_wavelength_nm or
/// line_nm, to which the meter is set, hold for the recording. Each reading is in the file at once.
/// A meter that is not there leaves a record that says so.
/// Errors  UsageError: a file that exists already or cannot be written; --record without a meter.
void RecordLivePower(MeasureOptions& options);

}  // namespace monitor::cli
