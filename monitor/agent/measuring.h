#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "monitor/agent/child.h"
#include "monitor/agent/durable_file.h"
#include "monitor/agent/matching.h"
#include "monitor/agent/register_cache.h"

namespace monitor::agent {

/// One file to be measured in a child process.
struct MeasuringJob {
  std::string program;  ///< the `etalon` to run
  Instructions instructions;
  const Rule* rule = nullptr;
  std::filesystem::path input;  ///< what the child reads (the spooled copy, or the file itself)
  std::string name;             ///< the file's own name, UTF-8, for the document
  FileDigest digest;
  std::filesystem::path work_folder;  ///< holds result.json, pictures/, output.txt meanwhile
  ChildLimits limits;
  std::vector<std::string> converter;  ///< command that the file goes through; empty: none
};

enum class MeasuringOutcome { kMeasured, kUnmeasurable, kUnreadable };
[[nodiscard]] std::string_view Name(MeasuringOutcome outcome);

struct MeasuredFile {
  MeasuringOutcome outcome = MeasuringOutcome::kUnreadable;
  std::string document_text;  ///< verbatim bytes of the child, or the agent's own document
  nlohmann::json document;
  std::vector<std::filesystem::path> pictures;  ///< files that the child made
  std::chrono::milliseconds duration{0};
};

/// Nothing to keep: the agent is stopping; the file is measured at the next start.
struct Interrupted {};

/// The command itself was wrong: nothing is said about the file, so nothing is kept of it.
struct SettingsRejected {
  std::string sentence;  ///< what the child said
};

/// Runs `etalon measure` on one file. Unless the command was refused (exit code 2), whatever the
/// child does, the file gets a document: its own, or, when it was killed or left none, one with the
/// finding `unreadable` that says what happened. `measured_at` is used for that one only (RFC 3339
/// UTC).
[[nodiscard]] std::variant<MeasuredFile, Interrupted, SettingsRejected> MeasureInChild(
    const MeasuringJob& job, const std::string& measured_at, const std::function<bool()>& stop);

/// The command line of the child; apart, so that a test can read it.
[[nodiscard]] std::vector<std::string> MeasureCommand(const MeasuringJob& job);

}  // namespace monitor::agent
