#include "monitor/measurement/measure.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <opencv2/core/utility.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "monitor/acquisition/read_error.h"
#include "monitor/measurement/acquired_time.h"
#include "monitor/measurement/analysis.h"
#include "monitor/measurement/document.h"
#include "monitor/measurement/findings.h"
#include "monitor/measurement/sha256.h"
#include "monitor/measurement/software.h"

namespace monitor::measurement {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;  // durations only

constexpr std::array<std::string_view, 8> kAnalyses = {
    "psf",      "illumination", "coregistration", "power",
    "detector", "stage",        "sectioning",     "geometry"};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

json Skeleton(const MeasurementRequest& request) {
  return {{"schema", "etalon.measurement/1"},
          {"analysis", request.analysis},
          {"software", {{"name", kSoftwareName}, {"version", kVersion}, {"build", kBuild}}},
          {"measured_at", request.measured_at},
          {"timing", json::object()},
          {"inputs", json::array()},
          {"setup", json::object()},
          {"quantities", json::array()},
          {"objects", json::array()},
          {"findings", json::array()},
          {"pictures", json::array()}};
}

void AddFinding(const qc_metrics::Finding& finding, json& document) {
  document["findings"].push_back(FindingToJson(finding));
}

// What is freed serves the next map of the same size: else each comes from the kernel anew, page by
// page; and the heap's first megabytes come as huge pages where the kernel has them. OpenCV's
// threads are not wanted (a second file has the other core), and to start them costs more than most
// analyses.
void PrepareChild() {
  constexpr int kKeptBytes = 256 << 20;
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
  void* heap = std::aligned_alloc(kHugePageBytes, 2 * kHugePageBytes);
  madvise(heap, 2 * kHugePageBytes, MADV_HUGEPAGE);
  std::free(heap);
  cv::setNumThreads(0);
}

// What the child answers: a sentence with an exit code, or the outcome.
std::string AnswerOf(const AnalysisJob& job, const ReportProgress& progress) {
  json answer;
  const auto start = Clock::now();
  PrepareChild();
  try {
    answer = OutcomeToJson(Analyse(job, progress));
  } catch (const UsageError& error) {
    answer = {{"wrong_usage", error.what()}};
  } catch (const acquisition::ReadError& error) {
    answer = {{"read_fault", error.what()}, {"fault", static_cast<int>(error.fault())}};
  }
  answer["analysis_s"] = SecondsSince(start);
  const std::vector<std::uint8_t> bytes = json::to_cbor(answer);
  return std::string(bytes.begin(), bytes.end());
}

void NoteReadFault(const json& answer, MeasurementResult& result) {
  using acquisition::ReadFault;
  const auto fault = static_cast<ReadFault>(answer.at("fault").get<int>());
  qc_metrics::Finding finding{"unreadable", qc_metrics::Severity::kFault,
                              answer.at("read_fault").get<std::string>(), std::nullopt};
  result.exit_code = fault == ReadFault::kUnreadable ? kUnreadable : kUnmeasurable;
  if (fault == ReadFault::kUnsupported) finding.code = "unsupported_format";
  if (fault == ReadFault::kSceneNeeded) finding.code = "metadata_missing:scene";
  AddFinding(finding, result.document);
}

void NoteAcquired(const InputFile& file, const json& answer, json& document) {
  std::optional<AcquiredTime> stated;
  if (answer.contains("acquired_at")) {
    stated = ParseAcquired(answer.at("acquired_at").get<std::string>());
  }
  document["acquired_at"] = stated ? stated->utc : UtcText(file.modified_unix_s());
  using qc_metrics::Severity;
  if (!stated) {
    AddFinding(
        {"clock", Severity::kInfo,
         "the file states no time of acquisition; its modification time is taken", std::nullopt},
        document);
  } else if (!stated->zone_stated) {
    AddFinding({"clock", Severity::kInfo,
                "the file's time of acquisition names no time zone; this computer's is taken",
                std::nullopt},
               document);
  }
  const auto acquired = ParseAcquired(document["acquired_at"].get<std::string>());
  const auto measured = ParseAcquired(document["measured_at"].get<std::string>());
  if (acquired && measured && acquired->utc.substr(0, 19) > measured->utc.substr(0, 19)) {
    AddFinding({"clock", Severity::kWarning,
                "the file was acquired after it was measured, so one of the two clocks is wrong; "
                "check the clock of the acquisition computer",
                std::nullopt},
               document);
  }
}

// All inputs held open; a missing one is a finding and nothing is measured.
std::vector<InputFile> OpenAll(const MeasurementRequest& request, MeasurementResult& result) {
  std::vector<InputFile> files;
  for (const InputSpec& input : request.inputs) {
    const std::string name = ShownName(input.path);
    auto opened = InputFile::Open(input.path);
    if (auto* file = std::get_if<InputFile>(&opened)) {
      result.document["inputs"].push_back({{"name", name}, {"bytes", file->bytes()}});
      files.push_back(std::move(*file));
      continue;
    }
    result.document["inputs"].push_back({{"name", name}});
    AddFinding(UnreadableFinding(name, std::get<std::string>(opened)), result.document);
    result.exit_code = kUnreadable;
  }
  return files;
}

// What the converter made of each input; the digests stay those of the inputs themselves.
std::vector<InputFile> ConvertAll(const MeasurementRequest& request, MeasurementResult& result) {
  std::vector<InputFile> converted;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    auto made = Convert(request.converter, request.inputs[i].path, request.limits);
    if (auto* file = std::get_if<InputFile>(&made)) {
      converted.push_back(std::move(*file));
      result.document["inputs"][i]["converter"] = ShownName(request.converter.front());
      continue;
    }
    AddFinding(UnreadableFinding(ShownName(request.inputs[i].path), std::get<std::string>(made)),
               result.document);
    result.exit_code = kUnreadable;
  }
  return converted;
}

AnalysisJob JobOf(const MeasurementRequest& request, const std::vector<InputFile>& files) {
  AnalysisJob job;
  job.analysis = request.analysis;
  job.pictures = request.pictures;
  for (std::size_t i = 0; i < files.size(); ++i) {
    SetupLayers layers = request.setup;
    for (const auto& [key, value] : request.inputs[i].keys) layers.option[key] = value;
    job.files.push_back(&files[i]);
    job.names.push_back(ShownName(request.inputs[i].path));
    job.layers.push_back(std::move(layers));
  }
  return job;
}

void TakeDigests(const std::vector<InputFile>& files, std::vector<std::string>& digests,
                 double& seconds) {
  const auto start = Clock::now();
  for (const InputFile& file : files) digests.push_back(FileDigest(file));
  seconds = SecondsSince(start);
}

void NoteOutcome(const std::vector<InputFile>& files, json& answer, MeasurementResult& result) {
  json& document = result.document;
  const auto formats = answer.at("formats").get<std::vector<std::string>>();
  for (std::size_t i = 0; i < formats.size() && i < document["inputs"].size(); ++i) {
    document["inputs"][i]["format"] = formats[i];
  }
  for (const json& part : answer.value("parts", json::array())) {
    const auto index = part.at("input").get<std::size_t>();
    if (index >= document["inputs"].size()) continue;
    document["inputs"][index]["parts"].push_back(
        {{"name", part.at("name")}, {"sha256", part.at("sha256")}, {"bytes", part.at("bytes")}});
  }
  for (const char* member : {"setup", "quantities", "objects", "findings"}) {
    document[member] = std::move(answer.at(member));
  }
  NoteAcquired(files.front(), answer, document);
  result.exit_code = answer.at("measured").get<bool>() ? kMeasured : kUnmeasurable;
  result.pictures = TakePictures(answer);
  for (const report::Picture& picture : result.pictures) {
    document["pictures"].push_back({{"name", picture.name},
                                    {"media_type", picture.media_type},
                                    {"sha256", BytesDigest(picture.bytes)}});
  }
}

void NoteAnswer(const std::vector<InputFile>& files, const std::string& bytes,
                MeasurementResult& result) {
  json answer = json::from_cbor(bytes);
  if (answer.contains("wrong_usage")) {
    throw UsageError(answer.at("wrong_usage").get<std::string>());
  }
  result.document["timing"]["analysis_s"] = answer.at("analysis_s");
  if (!answer.contains("read_fault")) {
    NoteOutcome(files, answer, result);
    return;
  }
  NoteReadFault(answer, result);
  NoteAcquired(files.front(), json::object(), result.document);
}

void NoteDigests(const std::vector<InputFile>& files, const std::vector<std::string>& digests,
                 MeasurementResult& result) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    json& input = result.document["inputs"][i];
    if (!digests[i].empty()) input["sha256"] = digests[i];
    if (!digests[i].empty() && files[i].IsUnchanged()) continue;
    // The digest may be of other bytes than the pixels: no result may carry it.
    AddFinding(UnreadableFinding(input["name"].get<std::string>(),
                                 "it changed while it was read; wait until it is complete and "
                                 "measure it again"),
               result.document);
    input.erase("sha256");
    result.document["quantities"] = json::array();
    result.document["objects"] = json::array();
    result.exit_code = kUnreadable;
  }
}

}  // namespace

std::span<const std::string_view> AnalysisNames() { return kAnalyses; }

MeasurementResult Measure(const MeasurementRequest& request) {
  MeasurementResult result;
  result.document = Skeleton(request);
  const std::vector<InputFile> files = OpenAll(request, result);
  if (files.size() != request.inputs.size()) return result;
  std::vector<InputFile> converted;
  if (!request.converter.empty()) {
    converted = ConvertAll(request, result);
    if (converted.size() != files.size()) {
      NoteAcquired(files.front(), json::object(), result.document);
      std::vector<std::string> digests;
      double seconds = 0.0;
      TakeDigests(files, digests, seconds);
      NoteDigests(files, digests, result);
      return result;
    }
  }
  const AnalysisJob job = JobOf(request, converted.empty() ? files : converted);
  IsolatedChild child(request.limits,
                      [&job](const ReportProgress& progress) { return AnswerOf(job, progress); });
  std::vector<std::string> digests;
  double digest_s = 0.0;
  std::variant<std::string, ChildDeath> answer;
  {
    std::jthread digesting([&] { TakeDigests(files, digests, digest_s); });
    answer = child.Wait(request.progress);
  }
  result.document["timing"]["digest_s"] = digest_s;
  if (const auto* death = std::get_if<ChildDeath>(&answer)) {
    AddFinding(UnreadableFinding(job.names.front(), death->sentence), result.document);
    result.exit_code = kUnreadable;
    NoteAcquired(files.front(), json::object(), result.document);
  } else {
    NoteAnswer(files, std::get<std::string>(answer), result);
  }
  NoteDigests(files, digests, result);
  return result;
}

}  // namespace monitor::measurement
