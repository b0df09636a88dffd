#include "monitor/agent/measuring.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "monitor/agent/file_name.h"
#include "monitor/measurement/software.h"
#include "monitor/measurement/submission_key.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxDocumentBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxPictureBytes = std::uint64_t{32} << 20;
constexpr std::size_t kMaxPictures = 64;
constexpr std::size_t kQuotedOutput = 300;
constexpr std::chrono::seconds kGrace{5};
constexpr int kMeasured = 0;
constexpr int kWrongUsage = 2;
constexpr int kUnmeasurable = 3;
constexpr int kUnreadable = 4;

/// The configuration's settings as the TOML that --configuration-setup reads. A JSON string is a
/// TOML string too.
std::string SetupToml(const json& setup) {
  std::string toml;
  for (const auto& [key, value] : setup.items()) {
    if (value.is_primitive() && !value.is_null()) {
      toml += json(key).dump() + " = " + value.dump() + "\n";
    }
  }
  return toml;
}

std::string LastWords(const fs::path& output) {
  std::error_code error;
  if (!fs::exists(output, error) || fs::file_size(output, error) > kMaxDocumentBytes) return "";
  std::string text = ReadFile(output, kMaxDocumentBytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  text = text.substr(text.rfind('\n') + 1).substr(0, kQuotedOutput);
  return IsUtf8(text) ? text : EncodeName(text);
}

std::string WhatHappened(const MeasuringJob& job, const ChildResult& child) {
  const std::string words = LastWords(job.work_folder / "output.txt");
  const std::string said = words.empty() ? "" : "; it said: " + words;
  switch (child.end) {
    case ChildEnd::kTimedOut:
      return "measuring took longer than " + std::to_string(job.limits.time.count() / 1000) +
             " s and was stopped; raise [limits] time_s if the file is good";
    case ChildEnd::kKilled:
      return "measuring ended by signal " + std::to_string(child.code) +
             "; the file may be damaged, or [limits] memory_mb too low" + said;
    case ChildEnd::kNotStarted:
      return "measuring could not be started (error " + std::to_string(child.code) + ")";
    case ChildEnd::kExited:
    case ChildEnd::kInterrupted:
      break;
  }
  return "measuring ended with exit code " + std::to_string(child.code) + " and no usable result" +
         said;
}

/// A stored finding in place of a result: neither a crash nor a silence.
json UnreadableDocument(const MeasuringJob& job, const std::string& text,
                        const std::string& measured_at) {
  return {
      {"schema", "etalon.measurement/1"},
      {"analysis", job.instructions.analysis},
      {"software",
       {{"name", "etalon"}, {"version", measurement::kVersion}, {"build", measurement::kBuild}}},
      {"timing", json::object()},
      {"inputs", json::array({{{"name", job.name},
                               {"sha256", job.digest.sha256},
                               {"bytes", job.digest.bytes},
                               {"format", "unknown"}}})},
      {"measured_at", measured_at},
      {"setup", json::object()},
      {"quantities", json::array()},
      {"objects", json::array()},
      {"findings", json::array({{{"code", "unreadable"}, {"severity", "fault"}, {"text", text}}})},
      {"pictures", json::array()}};
}

bool IsAbout(const json& document, const FileDigest& digest) {
  if (!document.is_object() || document.value("schema", "") != "etalon.measurement/1") return false;
  const auto inputs = document.find("inputs");
  if (inputs == document.end() || !inputs->is_array() || inputs->empty()) return false;
  return (*inputs)[0].is_object() && (*inputs)[0].value("sha256", "") == digest.sha256;
}

std::optional<MeasuredFile> ReadResult(const MeasuringJob& job, const ChildResult& child) {
  const bool has_result =
      child.end == ChildEnd::kExited &&
      (child.code == kMeasured || child.code == kUnmeasurable || child.code == kUnreadable);
  const fs::path file = job.work_folder / "result.json";
  std::error_code error;
  if (!has_result || !fs::exists(file, error)) return std::nullopt;
  MeasuredFile measured;
  try {
    measured.document_text = ReadFile(file, kMaxDocumentBytes);
    measured.document = json::parse(measured.document_text, nullptr, false);
    if (!IsAbout(measured.document, job.digest)) return std::nullopt;
    (void)measurement::SubmissionKey(measured.document, "", "", "");  // throws where one is missing
  } catch (const std::exception&) {  // a value of an unexpected type, or too long
    return std::nullopt;
  }
  measured.outcome = child.code == kMeasured       ? MeasuringOutcome::kMeasured
                     : child.code == kUnmeasurable ? MeasuringOutcome::kUnmeasurable
                                                   : MeasuringOutcome::kUnreadable;
  return measured;
}

std::vector<fs::path> MadePictures(const fs::path& folder) {
  std::vector<fs::path> pictures;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    if (item->is_regular_file(error) && item->file_size(error) <= kMaxPictureBytes) {
      pictures.push_back(item->path());
    }
    if (pictures.size() == kMaxPictures) break;
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace

std::string_view Name(MeasuringOutcome outcome) {
  switch (outcome) {
    case MeasuringOutcome::kMeasured:
      return "measured";
    case MeasuringOutcome::kUnmeasurable:
      return "unmeasurable";
    case MeasuringOutcome::kUnreadable:
      return "unreadable";
  }
  return "unknown";
}

std::vector<std::string> MeasureCommand(const MeasuringJob& job) {
  std::vector<std::string> command = {job.program,
                                      "measure",
                                      job.instructions.analysis,
                                      job.input.string(),
                                      "--json",
                                      (job.work_folder / "result.json").string(),
                                      "--pictures",
                                      (job.work_folder / "pictures").string(),
                                      "--quiet"};
  if (!job.instructions.setup.empty()) {
    command.insert(command.end(),
                   {"--configuration-setup", (job.work_folder / "setup.toml").string()});
  }
  // The reader's own limits bind a little earlier than ours, so that its finding says why.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(job.limits.time).count();
  command.insert(command.end(), {"--limit-mb", std::to_string(job.limits.memory_bytes >> 20U),
                                 "--limit-s", std::to_string(seconds)});
  if (!job.converter.empty()) {
    command.insert(command.end(), {"--converter", json(job.converter).dump()});
  }
  for (const auto& [key, value] : job.rule->set) {
    command.insert(command.end(), {"--set", key + "=" + value});
  }
  return command;
}

std::variant<MeasuredFile, Interrupted, SettingsRejected> MeasureInChild(
    const MeasuringJob& job, const std::string& measured_at, const std::function<bool()>& stop) {
  fs::create_directories(job.work_folder / "pictures");
  WriteFileDurably(job.work_folder / "setup.toml", SetupToml(job.instructions.setup));
  ChildLimits limits = job.limits;
  limits.time += kGrace;
  const ChildResult child =
      RunChild(MeasureCommand(job), job.work_folder / "output.txt", limits, stop);
  if (child.end == ChildEnd::kInterrupted) return Interrupted{};
  if (child.end == ChildEnd::kExited && child.code == kWrongUsage) {
    return SettingsRejected{LastWords(job.work_folder / "output.txt")};
  }
  std::optional<MeasuredFile> measured = ReadResult(job, child);
  if (!measured) {
    measured.emplace();
    measured->document = UnreadableDocument(job, WhatHappened(job, child), measured_at);
    measured->document_text = measured->document.dump();
  } else {
    measured->pictures = MadePictures(job.work_folder / "pictures");
  }
  measured->duration = child.duration;
  return *std::move(measured);
}

}  // namespace monitor::agent
