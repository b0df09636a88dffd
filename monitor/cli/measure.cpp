#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include "monitor/acquisition/printable.h"
#include "monitor/cli/commands.h"
#include "monitor/cli/measure_options.h"
#include "monitor/cli/measure_table.h"
#include "monitor/cli/record_power.h"
#include "monitor/measurement/acquired_time.h"
#include "monitor/report/html_report.h"

namespace monitor::cli {
namespace {

using measurement::MeasurementResult;

std::string NowUtc() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return measurement::UtcText(ms / 1000, static_cast<int>(ms % 1000));
}

[[noreturn]] void RefuseWriting(const std::string& path) {
  throw measurement::UsageError("'" + acquisition::Printable(path) + "' cannot be written (" +
                                std::strerror(errno) + "); name another place");
}

void WriteAll(int fd, const std::string& bytes, const std::string& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) RefuseWriting(path);
    done += static_cast<std::size_t>(written);
  }
}

// Whoever reads the file sees all of it or none: it is written beside and renamed.
void WriteFile(const std::string& path, const std::string& bytes) {
  struct stat status {};
  const bool special = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  const std::string target = special ? path : path + ".part";
  const int fd = open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) RefuseWriting(path);
  WriteAll(fd, bytes, path);
  close(fd);
  if (!special && rename(target.c_str(), path.c_str()) != 0) RefuseWriting(path);
}

void WriteJson(const MeasurementResult& result, const std::string& path) {
  using nlohmann::json;
  const std::string text =
      result.document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (path == "-") {
    WriteAll(STDOUT_FILENO, text, "standard output");
  } else {
    WriteFile(path, text);
  }
}

void WritePictures(const MeasurementResult& result, const std::string& folder) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) RefuseWriting(folder);
  for (const report::Picture& picture : result.pictures) {
    WriteFile(folder + "/" + picture.name + report::Extension(picture), picture.bytes);
  }
}

// A bar on standard error; it appears only once there is something to wait for.
void DrawProgress(double fraction) {
  constexpr int kCells = 40;
  const int filled = static_cast<int>(fraction * kCells);
  std::string bar(static_cast<std::size_t>(kCells), ' ');
  bar.replace(0, static_cast<std::size_t>(filled), static_cast<std::size_t>(filled), '#');
  std::fprintf(stderr, "\r[%s] %3d %%", bar.c_str(), static_cast<int>(fraction * 100.0));
  if (fraction >= 1.0) std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
}

void WriteOutputs(const MeasureOptions& options, const MeasurementResult& result) {
  if (!options.json_path.empty()) WriteJson(result, options.json_path);
  if (!options.pictures_dir.empty()) WritePictures(result, options.pictures_dir);
  if (!options.report_path.empty()) {
    WriteFile(options.report_path, report::HtmlReport(result.document, result.pictures));
  }
  if (options.quiet) return;
  if (options.json_path.empty()) {
    WriteAll(STDOUT_FILENO, MeasureTable(result.document), "standard output");
  } else if (result.exit_code != measurement::kMeasured) {
    WriteAll(STDERR_FILENO, FindingLines(result.document), "standard error");
  }
}

int MeasureAndWrite(MeasureOptions options) {
  options.request.pictures = !options.pictures_dir.empty() || !options.report_path.empty();
  if (!options.quiet && isatty(STDERR_FILENO) != 0) options.request.progress = DrawProgress;
  RecordLivePower(options);
  options.request.measured_at = NowUtc();
  const MeasurementResult result = measurement::Measure(options.request);
  WriteOutputs(options, result);
  return result.exit_code;
}

}  // namespace

int RunMeasure(int argc, char** argv) {
  try {
    MeasureOptions options = ParseMeasureOptions(argc, argv);
    if (options.help) {
      std::fputs(MeasureHelp().c_str(), stdout);
      return 0;
    }
    return MeasureAndWrite(std::move(options));
  } catch (const measurement::UsageError& error) {
    std::fprintf(stderr, "etalon measure: %s (see etalon measure --help)\n", error.what());
    return measurement::kWrongUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "etalon measure: internal error: %s; keep the file and report it\n",
                 error.what());
    return measurement::kInternal;
  }
}

}  // namespace monitor::cli
