#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "monitor/simulation/demo_year.h"
#include "monitor/simulation/random.h"

namespace monitor::simulation {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr int kRounds = 14;  // first due day and thirteen four-weekly ones after it
constexpr days kInterval{28};
constexpr days kSinceLastRound{12};  // so that nothing is due on the day of the demonstration
constexpr int kForgottenRounds = 2;  // the widefield's power check

struct Place {
  const char* instrument;
  const char* configuration;
  const char* performer;
  const char* psf_procedure;  ///< theory, and so the limit, depends on the modality
};
constexpr std::array<Place, 3> kPlaces = {{{"lsm-1", "63x-561", "ana", "PSF-03"},
                                           {"sd-1", "100x-488", "ana", "PSF-04"},
                                           {"wf-1", "40x-gfp", "bruno", "PSF-05"}}};

struct Kind {
  const char* procedure;  ///< nullptr: that of the place
  const char* analysis;
  const char* stem;
  const char* ending;
  minutes after_start;
};
constexpr std::array<Kind, 3> kKinds = {
    {{nullptr, "psf", "psf", ".ome.tif", minutes(0)},
     {"FIELD-02", "illumination", "field", ".ome.tif", minutes(25)},
     {"POWER-01", "power", "power", ".csv", minutes(40)}}};

sys_seconds DueRound(sys_seconds now, int round) {
  return DemoStart(now) + round * kInterval + hours(8) + minutes(30);
}

/// FNV-1a over what makes a check unique: the same check always draws the same image.
std::uint64_t SeedOf(const PlannedCheck& check, int round) {
  std::uint64_t seed = 14695981039346656037u;
  for (const char c : check.instrument + check.procedure + check.purpose) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return seed + static_cast<std::uint64_t>(round) * 1000003u;
}

std::string FileName(const Kind& kind, sys_seconds at) {
  const auto day = std::chrono::floor<days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "%s_%04d%02u%02u_%02d%02d%s", kind.stem,
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), kind.ending);
  return name.data();
}

PlannedCheck Check(const Place& place, const Kind& kind, int round, sys_seconds at,
                   const char* purpose) {
  PlannedCheck check;
  check.instrument = place.instrument;
  check.configuration = place.configuration;
  check.procedure = kind.procedure == nullptr ? place.psf_procedure : kind.procedure;
  check.analysis = kind.analysis;
  check.purpose = purpose;
  check.performer = place.performer;
  check.acquired_at = at + kind.after_start;
  check.file_name = FileName(kind, check.acquired_at);
  check.seed = SeedOf(check, round);
  return check;
}

/// Remounting, refocusing and oil change every run a little.
void AddRemount(PlannedCheck& check) {
  Random random(check.seed ^ 0x5eed);
  check.state.lateral_factor *= 1.0 + 0.010 * random.Normal();
  check.state.axial_factor *= 1.0 + 0.015 * random.Normal();
  check.state.beam_offset += 0.008 * random.Normal();
  check.state.power_factor *= 1.0 + 0.006 * random.Normal();
}

/// The faults of the year. Rounds count from 0; the last is kRounds - 1.
void PlantFaults(PlannedCheck& check, int round) {
  const int last = kRounds - 1;
  if (check.instrument == "lsm-1" && check.analysis == "power") {
    // The laser ages from the middle of the year: no step, 4 % a round.
    check.state.power_factor *= std::pow(0.96, std::max(0, round - (last - 6)));
  }
  if (check.instrument == "sd-1" && check.analysis == "illumination" && round == last) {
    check.state.beam_offset += 0.42;
    check.state.beam_width *= 0.8;
  }
  if (check.instrument == "wf-1" && check.analysis == "psf" && round == last - 3 &&
      check.purpose == "as_found") {
    check.state.axial_factor *= 1.75;  // a bubble in the oil; the repeat is clean
  }
}

bool IsForgotten(const PlannedCheck& check, int round) {
  return check.instrument == "wf-1" && check.analysis == "power" &&
         round >= kRounds - kForgottenRounds;
}

bool IsRepeated(const PlannedCheck& check, int round) {
  return (check.instrument == "wf-1" && check.analysis == "psf" && round == kRounds - 4) ||
         (check.instrument == "sd-1" && check.analysis == "illumination" && round == kRounds - 1);
}

}  // namespace

sys_days DemoStart(sys_seconds now) {
  return std::chrono::floor<days>(now) - kSinceLastRound - (kRounds - 1) * kInterval;
}

std::vector<PlannedCheck> PlanDemoYear(sys_seconds now) {
  std::vector<PlannedCheck> year;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t p = 0; p < kPlaces.size(); ++p) {
      const sys_seconds at = DueRound(now, round) + static_cast<int>(p) * hours(1);
      for (const Kind& kind : kKinds) {
        PlannedCheck check = Check(kPlaces[p], kind, round, at, "as_found");
        if (IsForgotten(check, round)) continue;
        if (IsRepeated(check, round)) {
          PlannedCheck repeat = Check(kPlaces[p], kind, round, at + hours(5), "repeat");
          AddRemount(repeat);
          PlantFaults(repeat, round);
          year.push_back(std::move(repeat));
        }
        AddRemount(check);
        PlantFaults(check, round);
        year.push_back(std::move(check));
      }
    }
  }
  std::sort(year.begin(), year.end(), [](const PlannedCheck& a, const PlannedCheck& b) {
    return a.acquired_at < b.acquired_at;
  });
  return year;
}

std::vector<PlannedCheck> PlanRepeatStudy(const std::string& instrument, sys_seconds now) {
  constexpr int kRemounts = 6;
  std::vector<PlannedCheck> study;
  for (const Place& place : kPlaces) {
    if (instrument != place.instrument) continue;
    for (int i = 0; i < kRemounts; ++i) {
      const sys_seconds at = DueRound(now, 0) - days(10) + days(i / 2) + (i % 2) * hours(3);
      PlannedCheck check = Check(place, kKinds[0], 100 + i, at, "practice");
      check.performer = i % 2 == 0 ? "ana" : "bruno";
      AddRemount(check);
      study.push_back(std::move(check));
    }
  }
  return study;
}

PlannedCheck PlanCheckNow(sys_seconds now) {
  PlannedCheck check = Check(kPlaces[0], kKinds[0], 1000, now, "as_found");
  AddRemount(check);
  return check;
}

}  // namespace monitor::simulation
