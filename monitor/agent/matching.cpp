#include "monitor/agent/matching.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "monitor/agent/glob.h"

namespace monitor::agent {
namespace {

std::optional<double> AsNumber(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// 0.2 in a file may be 0.20000000298 after its journey through a float.
bool SameValue(std::string_view stated, std::string_view wanted) {
  if (stated == wanted) return true;
  const auto a = AsNumber(stated);
  const auto b = AsNumber(wanted);
  return a && b && std::abs(*a - *b) <= 1e-6 * std::max(std::abs(*a), std::abs(*b));
}

bool States(const TextPairs& metadata, const TextPairs& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& want) {
    return std::any_of(metadata.begin(), metadata.end(), [&](const auto& have) {
      return have.first == want.first && SameValue(have.second, want.second);
    });
  });
}

std::optional<std::string_view> RelativeTo(const std::filesystem::path& dir,
                                           std::string_view path) {
  const std::string& base = dir.native();
  if (path.size() <= base.size() + 1 || !path.starts_with(base) || path[base.size()] != '/') {
    return std::nullopt;
  }
  return path.substr(base.size() + 1);
}

std::vector<Candidate> ByPath(const AgentConfig& config, const std::string& path) {
  std::vector<Candidate> candidates;
  for (const Watch& watch : config.watches) {
    const auto relative = RelativeTo(watch.dir, path);
    if (!relative) continue;
    for (const Rule& rule : watch.rules) {
      if (MatchesGlob(rule.glob, *relative)) candidates.push_back({&watch, &rule});
    }
  }
  return candidates;
}

}  // namespace

std::string_view Name(InboxReason reason) {
  switch (reason) {
    case InboxReason::kNoRule:
      return "no_rule";
    case InboxReason::kSeveralRules:
      return "several_rules";
    case InboxReason::kMetadataDiffers:
      return "metadata_differs";
    case InboxReason::kSymlink:
      return "symlink";
    case InboxReason::kUnknownProcedure:
      return "unknown_procedure";
    case InboxReason::kUnknownConfiguration:
      return "unknown_configuration";
    case InboxReason::kRegisterNeverRead:
      return "register_never_read";
    case InboxReason::kUnreadable:
      return "unreadable";
    case InboxReason::kSettingsRejected:
      return "settings_rejected";
  }
  return "unknown";
}

std::string Describe(const Candidate& candidate) {
  return candidate.watch->instrument + "/" + candidate.rule->configuration + " " +
         candidate.rule->procedure;
}

std::variant<Candidate, Unmatched> MatchFile(const AgentConfig& config, const std::string& path,
                                             const MetadataReader& metadata) {
  const std::vector<Candidate> by_path = ByPath(config, path);
  if (by_path.empty()) return Unmatched{InboxReason::kNoRule, {}};
  std::optional<TextPairs> stated;
  std::vector<Candidate> candidates;
  for (const Candidate& candidate : by_path) {
    const TextPairs& wanted = candidate.rule->match;
    if (!wanted.empty() && !stated) stated = metadata(path);
    if (wanted.empty() || States(*stated, wanted)) candidates.push_back(candidate);
  }
  if (candidates.empty()) return Unmatched{InboxReason::kMetadataDiffers, by_path};
  if (candidates.size() > 1) return Unmatched{InboxReason::kSeveralRules, candidates};
  return candidates.front();
}

}  // namespace monitor::agent
