#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "monitor/agent/config.h"
#include "monitor/agent/matching.h"
#include "monitor/agent/measuring.h"

namespace monitor::agent {

/// Turns a measured file into a complete work folder: submission.json and the pictures it names
/// under blobs/ by digest, all synced. Returns the submission key.
///
/// The raw copy, when there is one, already lies in blobs/<sha256>; `config.archive` says whether.
[[nodiscard]] std::string WriteSubmission(const AgentConfig& config, const Candidate& candidate,
                                          const MeasuredFile& measured, const FileDigest& raw,
                                          const std::filesystem::path& work_folder);

}  // namespace monitor::agent
