#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace monitor::agent {

enum class CheckpointVerdict { kConsistent, kRolledBack, kRewritten, kUnreadable };

/// Compares `note` (a C2SP checkpoint: origin, size, root, ...) with the one kept in `file` and,
/// when the log has grown, keeps it instead. A shorter log, another origin, or another root at the
/// same size leaves the old note in place: it is the evidence.
[[nodiscard]] CheckpointVerdict RememberCheckpoint(const std::filesystem::path& file,
                                                   const std::string& note);

}  // namespace monitor::agent
