#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace monitor::agent {

enum class CheckpointVerdict {
  kConsistent,
  kRolledBack,   ///< the log shown is shorter than the kept one
  kRewritten,    ///< another origin, or another root at the same size
  kUnreadable,   ///< what the service showed is no checkpoint; nothing changed
  kKeptDamaged,  ///< the kept note is none any more; it was put aside as `<file>.damaged`
};

/// Compares `note` (a C2SP checkpoint: origin, size, root, ...) with the one kept in `file` and,
/// when the log has grown, keeps it instead. After kRolledBack and kRewritten the old note stays
/// and the new one is written to `<file>.bad`: together they are the evidence, and neither is
/// replaced until a person has removed the second. Errors  StorageError.
[[nodiscard]] CheckpointVerdict RememberCheckpoint(const std::filesystem::path& file,
                                                   const std::string& note);

/// Evidence lies beside `file`, from this run or a former one.
[[nodiscard]] bool HasCheckpointEvidence(const std::filesystem::path& file);

}  // namespace monitor::agent
