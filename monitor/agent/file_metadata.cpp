#include "monitor/agent/file_metadata.h"

#include <sys/stat.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>

#include "monitor/agent/child.h"
#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

constexpr std::uint64_t kMaxPrintedBytes = 1 << 20;
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

MetadataReader ChildMetadataReader(const AgentConfig& config, std::string program) {
  auto remembered = std::make_shared<std::map<State, TextPairs>>();
  const auto output = config.spool_dir / "metadata.txt";
  const ChildLimits limits{config.memory_bytes, kTimeLimit};
  return [=](const std::string& path) {
    const State state = StateOf(path);
    const auto found = remembered->find(state);
    if (found != remembered->end()) return found->second;
    if (remembered->size() >= kMaxRemembered) remembered->clear();
    const ChildResult child =
        RunChild({program, "agent", "--metadata", path}, output, limits, [] { return false; });
    TextPairs pairs;
    if (child.end == ChildEnd::kExited && child.code == 0) {
      pairs = ParseMetadata(ReadFile(output, kMaxPrintedBytes));
    }
    (*remembered)[state] = pairs;
    return pairs;
  };
}

}  // namespace monitor::agent
