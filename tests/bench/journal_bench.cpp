// Appends to a record and asks it: `journal_bench --data DIR [--database URL] --events N`.
// Prints one JSON document. Times are wall and, where one thread does the work, processor time.

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "monitor/measurement/submission_key.h"
#include "monitor/service/record.h"
#include "monitor/service/time_text.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr int kInstruments = 20;
constexpr int kConfigurations = 3;
constexpr int kClients = 64;
constexpr std::int64_t kStepMs = 60'000;  ///< of the record's own time, between two measurements
const std::int64_t kStartMs = ToMs(ParseTime("2020-01-01T00:00:00Z").value());

std::string Id(const char* word, int n) { return std::string(word) + std::to_string(n); }

/// A facility of 60 configurations, each to be checked once a month.
std::string FacilityText() {
  std::string text =
      "[facility]\nname = \"Bench\"\ntime_zone = \"Europe/Lisbon\"\nlog_origin = \"demo/bench\"\n"
      "[[procedure]]\nid = \"PSF-03\"\ntitle = \"Point spread function\"\nanalysis = \"psf\"\n"
      "recurrence = \"FREQ=MONTHLY;BYMONTHDAY=1\"\nstart = 2020-01-01\nwindow_start_d = 7\n"
      "window_end_d = 7\n[[profile]]\nid = \"routine\"\nname = \"Routine\"\n"
      "needs = [{ procedure = \"PSF-03\" }]\n";
  for (const char* axis : {"x", "y", "z"}) {
    text += "[[limit]]\nprocedure = \"PSF-03\"\nquantity = \"psf.fwhm." + std::string(axis) +
            "\"\ndefinition = \"etalon.gauss3d/1\"\nupper = 1.0\nsource = \"acceptance test\"\n";
  }
  for (int i = 0; i < kInstruments; ++i) {
    text += "[[instrument]]\nid = \"" + Id("lsm-", i) + "\"\nname = \"LSM\"\n";
    for (int c = 0; c < kConfigurations; ++c) {
      text += "[[configuration]]\nid = \"" + Id("obj-", c) + "\"\ninstrument = \"" + Id("lsm-", i) +
              "\"\nname = \"Objective\"\n[[assignment]]\nprocedure = \"PSF-03\"\n" +
              "instrument = \"" + Id("lsm-", i) + "\"\nconfiguration = \"" + Id("obj-", c) + "\"\n";
    }
  }
  return text;
}

Json Quantity(const std::string& axis, double value) {
  return {{"id", "psf.fwhm." + axis},
          {"definition", "etalon.gauss3d/1"},
          {"value", value},
          {"unit", "um"},
          {"u", 0.01},
          {"u_parts", {{"estimate", 0.01}}},
          {"n", 5},
          {"channel", 0},
          {"channel_name", "525/50"}};
}

/// The `n`-th submission: three quantities, one in twenty out of limits.
Json Submission(int n) {
  const std::string instrument = Id("lsm-", n % kInstruments);
  const std::string configuration = Id("obj-", n / kInstruments % kConfigurations);
  std::string digest = std::to_string(n);
  digest.insert(0, 64 - digest.size(), 'a');
  const std::string time = TimeText(FromMs(kStartMs + n * kStepMs - 1000));
  const double z = n % 20 == 7 ? 1.4 : 0.7 + 0.01 * (n % 13);
  const Json document = {
      {"schema", "etalon.measurement/1"},
      {"analysis", "psf"},
      {"software", {{"name", "etalon"}, {"version", "0.1.0"}, {"build", "bench"}}},
      {"inputs", Json::array({{{"name", "psf.tif"}, {"sha256", digest}, {"bytes", 3}}})},
      {"acquired_at", time},
      {"measured_at", time},
      {"setup", {{"z_step_um", {{"value", 0.2}, {"source", "file"}}}}},
      {"quantities", Json::array({Quantity("x", 0.25), Quantity("y", 0.26), Quantity("z", z)})}};
  return {{"schema", "etalon.submission/1"},
          {"key", measurement::SubmissionKey(document, instrument, configuration, "PSF-03")},
          {"instrument", instrument},
          {"configuration", configuration},
          {"procedure", "PSF-03"},
          {"purpose", "as_found"},
          {"performer", "ana"},
          {"agent", {{"name", "room"}, {"version", "0.1.0"}}},
          {"document", document.dump()},
          {"raw", Json::array({{{"name", "psf.tif"}, {"sha256", digest}, {"bytes", 3}}})},
          {"pictures", Json::array()}};
}

double WallMs() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
double CpuMs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

/// Median times of one call.
template <typename Call>
Json Timed(int rounds, Call call) {
  std::vector<double> wall;
  std::vector<double> cpu;
  for (int i = 0; i < rounds; ++i) {
    const double begin = WallMs();
    const double used = CpuMs(CLOCK_THREAD_CPUTIME_ID);
    call();
    cpu.push_back(CpuMs(CLOCK_THREAD_CPUTIME_ID) - used);
    wall.push_back(WallMs() - begin);
  }
  std::ranges::sort(wall);
  std::ranges::sort(cpu);
  const auto middle = static_cast<std::size_t>(rounds / 2);
  return {{"wall_ms", wall[middle]}, {"cpu_ms", cpu[middle]}};
}

class Bench {
 public:
  Bench(const std::string& data, const std::string& database) {
    const double begin = WallMs();
    const double used = CpuMs(CLOCK_PROCESS_CPUTIME_ID);
    record_ = std::make_unique<QualityRecord>(
        RecordOptions{.data_dir = data,
                      .log_origin = "demo/bench",
                      .clock = [this] { return FromMs(now_ms_.load()); },
                      .database = database});
    figures_["start"] = {{"wall_ms", WallMs() - begin},
                         {"cpu_ms", CpuMs(CLOCK_PROCESS_CPUTIME_ID) - used}};
    record_->ApplyFacility(FacilityText(), ".", "admin");
  }

  /// Grows the record to `events` by many agents at once, then asks.
  void Grow(std::int64_t events) {
    const std::int64_t before = Size();
    const int last = next_ + static_cast<int>((events - before) / 2);
    std::atomic<int> shared{next_};
    const double begin = WallMs();
    const double used = CpuMs(CLOCK_PROCESS_CPUTIME_ID);
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back([&] {
        for (int n = shared++; n < last; n = shared++) Submit(n);
      });
    }
    for (std::thread& client : clients) client.join();
    next_ = std::max(next_, last);
    const double wall = WallMs() - begin;
    const auto grown = static_cast<double>(Size() - before);
    Json& row = figures_["sizes"][std::to_string(events)];
    row["append"] = {{"events", grown},
                     {"events_per_s", 1e3 * grown / wall},
                     {"cpu_us_per_event",
                      1e3 * (CpuMs(CLOCK_PROCESS_CPUTIME_ID) - used) / std::max(grown, 1.0)}};
    Ask(row);
  }

  [[nodiscard]] Json Figures() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    figures_["peak_mb"] = static_cast<double>(usage.ru_maxrss) / 1024;
    return figures_;
  }

 private:
  [[nodiscard]] std::int64_t Size() const {
    return record_->Events(0, 0).at("tree_size").get<std::int64_t>();
  }
  void Submit(int n) {
    const std::int64_t time = kStartMs + n * kStepMs;
    for (std::int64_t now = now_ms_; now < time && !now_ms_.compare_exchange_weak(now, time);) {
    }
    record_->Submit(service::Submission(n), "ana");
  }
  void Ask(Json& row) {
    const auto pick = [&](int below) {
      return std::uniform_int_distribution<int>(0, below - 1)(random_);
    };
    const auto request = [&] {
      return QualityRecord::FitnessRequest{Id("lsm-", pick(kInstruments)),
                                           Id("obj-", pick(kConfigurations)), "routine", "", ""};
    };
    row["single_event"] = Timed(21, [&] { Submit(next_++); });
    row["fitness"] = Timed(101, [&] { (void)record_->Fitness(request(), {}); });
    row["fitness_as_of"] = Timed(101, [&] {
      (void)record_->Fitness(request(),
                             TimeText(FromMs(kStartMs + kStepMs * (1000 + pick(next_ - 1000)))));
    });
    row["instruments"] = Timed(21, [&] { (void)record_->Instruments({}); });
    row["metrics"] = Timed(21, [&] { (void)record_->MetricsSnapshot(); });
    row["page"] = Timed(21, [&] {
      (void)record_->Measurements({"lsm-1", "obj-1", "", "", 50}, {});
    });
  }

  std::atomic<std::int64_t> now_ms_{kStartMs};
  std::unique_ptr<QualityRecord> record_;
  int next_ = 0;
  std::mt19937 random_{1};
  Json figures_;
};

}  // namespace
}  // namespace monitor::service

int main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const std::int64_t events = std::stoll(options["--events"]);
  try {
    monitor::service::Bench bench(options["--data"], options["--database"]);
    for (const std::int64_t size : std::set<std::int64_t>{10'000, 100'000, events}) {
      if (size <= events && events > 0) bench.Grow(size);
    }
    std::cout << bench.Figures().dump(1) << '\n';
  } catch (const std::exception& error) {
    std::cerr << "journal_bench: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
