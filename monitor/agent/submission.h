#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "monitor/agent/config.h"
#include "monitor/agent/matching.h"
#include "monitor/agent/measuring.h"
#include "monitor/measurement/agent_signature.h"

namespace monitor::agent {

/// Who submits: its configuration, and its key when it has one.
struct Submitter {
  const AgentConfig& config;
  const std::optional<measurement::AgentSigner>& signer;
};

/// Turns a measured file into a complete work folder: submission.json and the pictures it names
/// under blobs/ by digest, all synced. Returns the submission key.
///
/// The raw copy, when there is one, already lies in blobs/<sha256>; the configuration's `archive`
/// says whether.
[[nodiscard]] std::string WriteSubmission(const Submitter& submitter, const Candidate& candidate,
                                          const MeasuredFile& measured, const FileDigest& raw,
                                          const std::filesystem::path& work_folder);

}  // namespace monitor::agent
