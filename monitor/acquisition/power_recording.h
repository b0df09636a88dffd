#pragma once

#include <functional>
#include <optional>
#include <string>

#include "monitor/acquisition/power_link.h"

namespace monitor::acquisition {

/// What to record.
struct PowerRecordPlan {
  std::string address{};                        ///< as stated in the record
  std::optional<double> meter_wavelength_nm{};  ///< absent: the meter's own setting is kept
  double duration_s = 300.0;                    ///< QUAREP's short series
  double interval_s = 1.0;
  double timeout_s = 3.0;    ///< for one reply
  std::string started_at{};  ///< RFC 3339 UTC
};

/// Takes each part of the record as soon as it is there; it may throw.
using RecordSink = std::function<void(const std::string& text)>;

/// Seconds since the start, never going back; and waiting until such a moment.
struct RecordClock {
  std::function<double()> now_s;
  std::function<void(double until_s)> wait;
};

/// A steady clock that begins now.
[[nodiscard]] RecordClock SteadyRecordClock();

/// Records a series of readings as text that ReadPowerLog() reads ("Etalon power record").
///
/// Method  `*IDN?`; the wavelength is set (`SENS:CORR:WAV`) where one is wanted and read back, so
///         that what is recorded is what the meter uses. A meter of Thorlabs is told to answer in
///         watts (`SENS:POW:UNIT`) and asked for its sensor (`SYST:SENS:IDN?`: name, serial number,
///         date of calibration). Then `MEAS:POW?` at each interval, in
///         watts. A reply that is no number is refused and counted, one of 9.9e37 or more is over
///         range; neither becomes a reading. Five refused replies in a row end the series, and so
///         does a meter that does not answer or hangs up: what was read stays in the record, with
///         the reason.
/// Returns the number of readings.
/// Errors  LinkError when the meter does not even say who it is, or keeps another unit than watts.
std::size_t RecordPower(PowerLink& link, const PowerRecordPlan& plan, const RecordClock& clock,
                        const RecordSink& sink, const std::function<void(double)>& progress);

}  // namespace monitor::acquisition
