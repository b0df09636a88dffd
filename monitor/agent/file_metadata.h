#pragma once

#include <filesystem>
#include <string>

#include "monitor/agent/config.h"
#include "monitor/agent/matching.h"

namespace monitor::agent {

/// Reads what a file states of itself by running `program agent --metadata FILE` as a limited
/// child, once for each state of the file. A file that cannot be read states nothing.
[[nodiscard]] MetadataReader ChildMetadataReader(const AgentConfig& config, std::string program);

/// The pairs of the child's answer, a JSON object of texts; empty when it is none.
[[nodiscard]] TextPairs ParseMetadata(const std::string& printed);

}  // namespace monitor::agent
