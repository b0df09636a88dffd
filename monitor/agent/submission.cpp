#include "monitor/agent/submission.h"

#include <set>

#include "monitor/agent/durable_file.h"
#include "monitor/measurement/software.h"
#include "monitor/measurement/submission_key.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Moves the pictures that the document names to blobs/; what it does not name is not evidence.
json KeepPictures(const MeasuredFile& measured, const fs::path& work_folder) {
  std::set<std::string> made;
  for (const fs::path& picture : measured.pictures) {
    const FileDigest digest = DigestAndCopy(picture, {});
    SyncFile(picture);
    fs::rename(picture, work_folder / "blobs" / digest.sha256);
    made.insert(digest.sha256);
  }
  json kept = json::array();
  for (const json& row : measured.document.value("pictures", json::array())) {
    const std::string sha256 = row.value("sha256", "");
    if (!made.contains(sha256)) continue;
    kept.push_back({{"name", row.value("name", "")},
                    {"media_type", row.value("media_type", "image/png")},
                    {"sha256", sha256}});
  }
  return kept;
}

}  // namespace

std::string WriteSubmission(const Submitter& submitter, const Candidate& candidate,
                            const MeasuredFile& measured, const FileDigest& raw,
                            const fs::path& work_folder) {
  const AgentConfig& config = submitter.config;
  const Rule& rule = *candidate.rule;
  const std::string key = measurement::SubmissionKey(measured.document, candidate.watch->instrument,
                                                     rule.configuration, rule.procedure);
  json submission = {
      {"schema", "etalon.submission/1"},
      {"key", key},
      {"instrument", candidate.watch->instrument},
      {"configuration", rule.configuration},
      {"procedure", rule.procedure},
      {"purpose", rule.purpose},
      {"performer", nullptr},
      {"agent", {{"name", config.name}, {"version", measurement::kVersion}}},
      {"document", measured.document_text},
      {"raw", json::array({{{"name", measured.document["inputs"][0].value("name", "")},
                            {"sha256", raw.sha256},
                            {"bytes", raw.bytes},
                            {"archived", config.archive == Archive::kCopy}}})},
      {"pictures", KeepPictures(measured, work_folder)}};
  if (rule.performer) submission["performer"] = *rule.performer;
  if (submitter.signer) measurement::Sign(submission, *submitter.signer);
  WriteFileDurably(work_folder / "submission.json", submission.dump());
  return key;
}

}  // namespace monitor::agent
