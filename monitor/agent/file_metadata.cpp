#include "monitor/agent/file_metadata.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "monitor/agent/child.h"
#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

constexpr int kMaxDoublings = 8;
constexpr std::size_t kMaxRemembered = 100'000;
constexpr std::chrono::seconds kTimeLimit{60};

using State = std::tuple<std::string, off_t, time_t, long>;

State StateOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {path, -1, 0, 0};
  return {path, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace

TextPairs ParseMetadata(const std::string& printed) {
  TextPairs pairs;
  const auto json = nlohmann::json::parse(printed, nullptr, false);
  if (!json.is_object()) return pairs;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) pairs.emplace_back(key, value.get<std::string>());
  }
  return pairs;
}

namespace {

/// A file's metadata, or how often reading it has failed. A failure may be the machine's (no
/// memory, the share away) and is tried again, at growing distances if it lasts.
struct Remembered {
  std::optional<TextPairs> pairs;
  int failures = 0;
  int asks_to_skip = 0;
};

std::optional<TextPairs> ReadInChild(const std::vector<std::string>& command,
                                     const std::filesystem::path& output,
                                     const ChildLimits& limits) {
  const ChildResult child = RunChild(command, output, limits, [] { return false; });
  if (child.end != ChildEnd::kExited || child.code != 0) return std::nullopt;
  const std::string printed = ReadFile(output, kMaxOutputBytes);
  if (printed.size() == kMaxOutputBytes) return std::nullopt;  // cut off
  return ParseMetadata(printed);
}

}  // namespace

MetadataReader ChildMetadataReader(const AgentConfig& config, std::string program) {
  auto remembered = std::make_shared<std::map<State, Remembered>>();
  const auto output = config.spool_dir / "metadata.txt";
  const ChildLimits limits{config.memory_bytes, kTimeLimit};
  return [=](const std::string& path) -> TextPairs {
    const State state = StateOf(path);
    if (remembered->size() >= kMaxRemembered && !remembered->contains(state)) remembered->clear();
    Remembered& known = (*remembered)[state];
    if (known.pairs) return *known.pairs;
    if (known.asks_to_skip > 0) {
      --known.asks_to_skip;
      return {};
    }
    known.pairs = ReadInChild({program, "agent", "--metadata", path}, output, limits);
    if (known.pairs) return *known.pairs;
    known.asks_to_skip = (1 << std::min(known.failures++, kMaxDoublings)) - 1;
    return {};
  };
}

}  // namespace monitor::agent
