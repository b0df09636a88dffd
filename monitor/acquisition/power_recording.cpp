#include "monitor/acquisition/power_recording.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <thread>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/power_preamble.h"
#include "monitor/acquisition/printable.h"

namespace monitor::acquisition {
namespace {

constexpr double kOverRange = 9.9e37;  // SCPI's infinity; its "not a number" is 9.91e37
constexpr int kMostRefusedInARow = 5;
constexpr std::size_t kShownLetters = 60;

std::string Text(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string Shown(const std::string& reply) { return Printable(reply.substr(0, kShownLetters)); }

bool IsThorlabs(std::string_view meter) {
  constexpr std::string_view kMaker = "thorlabs";
  return meter.size() >= kMaker.size() &&
         std::equal(kMaker.begin(), kMaker.end(), meter.begin(),
                    [](char a, char b) { return a == (b | 0x20); });
}

class Recording {
 public:
  Recording(PowerLink& link, const PowerRecordPlan& plan, const RecordClock& clock,
            const RecordSink& sink)
      : link_(link), plan_(plan), clock_(clock), sink_(sink) {}

  void Introduce() {
    Comment(std::string(kRecordTitle) + " 1");
    Comment("address: " + Printable(plan_.address));
    Comment("started: " + plan_.started_at);
    const std::string meter = Ask("*IDN?");
    Comment("meter: " + Shown(meter));
    if (IsThorlabs(meter)) {
      ChooseWatts();
      NameSensor();
    }
    SetWavelength();
    Comment(Text("planned: %.0f s", plan_.duration_s) +
            Text(", one reading every %g s", plan_.interval_s));
    sink_("elapsed[s],power[W]\n");
  }

  std::size_t Run(const std::function<void(double)>& progress) {
    const auto wanted = static_cast<std::size_t>(
        std::max(1.0, std::floor(plan_.duration_s / plan_.interval_s + 1e-9)));
    std::string ended;
    for (std::size_t i = 0; i < wanted && ended.empty(); ++i) {
      clock_.wait(plan_.interval_s * static_cast<double>(i));
      ended = TakeReading();
      if (progress) progress(static_cast<double>(i + 1) / static_cast<double>(wanted));
    }
    if (refused_ > 0) {
      Comment("refused: " + std::to_string(refused_) + " reply or replies, the first '" +
              first_refused_ + "'");
    }
    if (over_range_ > 0) {
      Comment("over range: " + std::to_string(over_range_) + " reading(s)");
    }
    if (!ended.empty()) {
      Comment("ended early: " + ended + ", after " + std::to_string(readings_) + " of " +
              std::to_string(wanted) + " readings");
    }
    return readings_;
  }

 private:
  void Comment(const std::string& text) { sink_("# " + text + "\n"); }

  std::string Ask(const std::string& question) {
    link_.Drain();
    link_.Send(question);
    return link_.Receive(plan_.timeout_s);
  }

  // These meters answer in dBm where somebody chose it.
  void ChooseWatts() {
    link_.Send("SENS:POW:UNIT W");
    const std::string unit = Ask("SENS:POW:UNIT?");
    if (unit != "W") throw LinkError("the meter answers in '" + Shown(unit) + "' and not in watts");
  }

  // "S130C,12041712,12-Apr-2012,1,18,33": name, serial number, date of calibration, three numbers.
  void NameSensor() {
    std::istringstream fields(Ask("SYST:SENS:IDN?"));
    std::array<std::string, 3> words;
    for (std::string& word : words) std::getline(fields, word, ',');
    if (words[1].empty()) return;  // "no sensor"
    Comment("sensor: " + Shown(words[0]) + ", calibrated " + Shown(words[2]));
    Comment("sensor_serial: " + Shown(words[1]));
  }

  // What the meter says it uses is recorded, not what it was told.
  void SetWavelength() {
    if (plan_.meter_wavelength_nm) {
      link_.Send("SENS:CORR:WAV " + Text("%g", *plan_.meter_wavelength_nm));
    }
    std::string reply;
    try {
      reply = Ask("SENS:CORR:WAV?");
    } catch (const LinkError&) {
      return;  // a meter without a wavelength; the readings will tell whether it is still there
    }
    if (const auto nm = PositiveNumber(reply)) Comment("meter_wavelength_nm: " + Text("%g", *nm));
  }

  // One reading; empty, or why there will be no more.
  std::string TakeReading() {
    const double asked_s = clock_.now_s();
    std::string reply;
    try {
      reply = Ask("MEAS:POW?");
    } catch (const LinkError& error) {
      return error.what();
    }
    const auto power_w = FiniteNumber(reply);
    if (power_w && std::abs(*power_w) < kOverRange) {
      sink_(Text("%.4f,", 0.5 * (asked_s + clock_.now_s())) + Text("%.9g\n", *power_w));
      ++readings_;
      refused_in_a_row_ = 0;
      return {};
    }
    if (power_w) {
      ++over_range_;
      return {};
    }
    if (refused_++ == 0) first_refused_ = Shown(reply);
    return ++refused_in_a_row_ < kMostRefusedInARow
               ? std::string()
               : "the meter gave no number " + std::to_string(kMostRefusedInARow) +
                     " times in a row";
  }

  PowerLink& link_;
  const PowerRecordPlan& plan_;
  const RecordClock& clock_;
  const RecordSink& sink_;
  std::size_t readings_ = 0;
  int refused_ = 0;
  int refused_in_a_row_ = 0;
  int over_range_ = 0;
  std::string first_refused_;
};

}  // namespace

RecordClock SteadyRecordClock() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  return {.now_s = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); },
          .wait =
              [start](double until_s) {
                std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                          std::chrono::duration<double>(until_s)));
              }};
}

std::size_t RecordPower(PowerLink& link, const PowerRecordPlan& plan, const RecordClock& clock,
                        const RecordSink& sink, const std::function<void(double)>& progress) {
  Recording recording(link, plan, clock, sink);
  recording.Introduce();
  return recording.Run(progress);
}

}  // namespace monitor::acquisition
