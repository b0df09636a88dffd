#include "monitor/cli/record_power.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "monitor/acquisition/power_link.h"
#include "monitor/acquisition/power_preamble.h"
#include "monitor/acquisition/power_recording.h"
#include "monitor/acquisition/printable.h"
#include "monitor/measurement/acquired_time.h"

namespace monitor::cli {
namespace {

using measurement::UsageError;

constexpr double kConnectS = 5.0;

// What the input's own keys, --set, --setup and the configuration say, in this order.
std::optional<double> Stated(const MeasureOptions& options, const char* key) {
  const auto& request = options.request;
  for (const auto* layer : {&request.inputs.front().keys, &request.setup.option,
                            &request.setup.setup, &request.setup.configuration}) {
    const auto found = layer->find(key);
    if (found == layer->end()) continue;
    if (const auto* number = std::get_if<double>(&found->second)) return *number;
  }
  return std::nullopt;
}

acquisition::PowerRecordPlan PlanOf(const MeasureOptions& options) {
  acquisition::PowerRecordPlan plan;
  plan.address = options.request.inputs.front().path;
  plan.meter_wavelength_nm = Stated(options, "meter_wavelength_nm");
  if (!plan.meter_wavelength_nm) plan.meter_wavelength_nm = Stated(options, "line_nm");
  plan.duration_s = Stated(options, "duration_s").value_or(plan.duration_s);
  plan.interval_s = Stated(options, "interval_s").value_or(plan.interval_s);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  plan.started_at = measurement::UtcText(ms / 1000, static_cast<int>(ms % 1000));
  return plan;
}

std::string NameOf(const MeasureOptions& options, const acquisition::PowerRecordPlan& plan) {
  if (!options.record_path.empty()) return options.record_path;
  std::string time = plan.started_at.substr(0, 19);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return "power_" + time + "Z.csv";
}

// Raw data is never written over.
class RecordFile {
 public:
  explicit RecordFile(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (fd_ < 0) Refuse(errno == EEXIST ? "exists already; a record is never written over" : "");
  }
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;
  ~RecordFile() { close(fd_); }

  void Add(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t written = write(fd_, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) Refuse("");
      done += static_cast<std::size_t>(written);
    }
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw UsageError(
        "the record '" + acquisition::Printable(path_) + "' " +
        (why.empty() ? "cannot be written (" + std::string(std::strerror(errno)) + ")" : why) +
        "; name another with --record");
  }

  std::string path_;
  int fd_;
};

}  // namespace

void RecordLivePower(MeasureOptions& options) {
  const bool live = options.request.analysis == "power" &&
                    acquisition::IsPowerMeterAddress(options.request.inputs.front().path);
  if (!live && options.record_path.empty()) return;
  if (!live) throw UsageError("--record takes a live meter as the input of power");
  const acquisition::PowerRecordPlan plan = PlanOf(options);
  const std::string path = NameOf(options, plan);
  RecordFile file(path);
  const auto sink = [&file](const std::string& text) { file.Add(text); };
  if (!options.quiet) {
    std::fprintf(stderr, "recording %.0f s to %s\n", plan.duration_s, path.c_str());
  }
  try {
    const auto link = acquisition::ConnectPowerMeter(plan.address, kConnectS);
    (void)acquisition::RecordPower(*link, plan, acquisition::SteadyRecordClock(), sink,
                                   options.request.progress);
  } catch (const acquisition::LinkError& error) {
    // A meter that is not there is a result too: the record says so, and is measured like any.
    sink("# " + std::string(acquisition::kRecordTitle) + " 1\n# ended early: " + error.what() +
         "\n");
  }
  options.request.inputs.front().path = path;
}

}  // namespace monitor::cli
