#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "monitor/agent/config.h"

namespace monitor::agent {

/// Why a file waits for a person. Closed: each value is a `reason` label from the start.
enum class InboxReason {
  kNoRule,
  kSeveralRules,
  kMetadataDiffers,
  kSymlink,
  kUnknownProcedure,
  kUnknownConfiguration,
  kRegisterNeverRead,
  kUnreadable,
  kSettingsRejected,
};
inline constexpr std::array kInboxReasons = {InboxReason::kNoRule,
                                             InboxReason::kSeveralRules,
                                             InboxReason::kMetadataDiffers,
                                             InboxReason::kSymlink,
                                             InboxReason::kUnknownProcedure,
                                             InboxReason::kUnknownConfiguration,
                                             InboxReason::kRegisterNeverRead,
                                             InboxReason::kUnreadable,
                                             InboxReason::kSettingsRejected};
[[nodiscard]] std::string_view Name(InboxReason reason);

/// A rule in its watch; both live in the AgentConfig.
struct Candidate {
  const Watch* watch;
  const Rule* rule;
};

/// "lsm-1/63x-561 PSF-03", as people read it in the inbox.
[[nodiscard]] std::string Describe(const Candidate& candidate);

struct Unmatched {
  InboxReason reason;
  std::vector<Candidate> candidates;
};

/// What the file states of itself, as key and text; asked for only when a rule needs it.
using MetadataReader = std::function<TextPairs(const std::string& path)>;

/// The one rule for a file. Every watch whose folder holds the file takes part, so a file below two
/// watched folders is ambiguous, not measured twice. No rule is preferred to another: a file that
/// two rules want waits for a person, because a guess would be evidence about the wrong thing.
[[nodiscard]] std::variant<Candidate, Unmatched> MatchFile(const AgentConfig& config,
                                                           const std::string& path,
                                                           const MetadataReader& metadata);

}  // namespace monitor::agent
