#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "monitor/agent/config.h"
#include "monitor/agent/durable_file.h"
#include "monitor/agent/file_metadata.h"
#include "monitor/agent/run.h"
#include "monitor/agent/strict_table.h"
#include "monitor/cli/agent_metadata.h"
#include "monitor/cli/commands.h"
#include "monitor/measurement/nearest.h"

namespace monitor::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr std::uint64_t kMaxInboxBytes = 64 << 20;

constexpr char kHelpText[] =
    "Watches folders, measures what arrives, and sends it to the service.\n\n"
    "Usage: etalon agent --config FILE.toml [--once | --inbox | --check]\n"
    "       etalon agent --metadata FILE\n"
    "       etalon agent enrol | rotate-key  (each has its own --help)\n\n"
    "  --config FILE  the agent's configuration\n"
    "  --once         measure what is there, send it, then exit 0\n"
    "  --inbox        list the files that wait for a person, as the running agent last saw them\n"
    "  --check        read the configuration, say whether it is good, and exit\n"
    "  --metadata FILE  print what an image states of itself, as a rule's match compares it\n";

enum class Task { kRun, kOnce, kInbox, kCheck, kMetadata, kHelp };

struct Options {
  Task task = Task::kRun;
  std::string config;
  std::string file;   ///< of kMetadata
  std::string error;  ///< not empty: wrong usage
};

Options Parse(int argc, char** argv) {
  static constexpr std::array<std::string_view, 6> kNames = {"--config",   "--once",  "--inbox",
                                                             "--metadata", "--check", "--help"};
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--config" && i + 1 < argc) {
      options.config = argv[++i];
    } else if (word.starts_with("--config=")) {
      options.config = word.substr(std::strlen("--config="));
    } else if (word == "--metadata" && i + 1 < argc) {
      options.task = Task::kMetadata;
      options.file = argv[++i];
      return options;
    } else if (word == "--once") {
      options.task = Task::kOnce;
    } else if (word == "--inbox") {
      options.task = Task::kInbox;
    } else if (word == "--check") {
      options.task = Task::kCheck;
    } else if (word == "--help" || word == "-h") {
      options.task = Task::kHelp;
      return options;
    } else {
      const std::string nearest = measurement::NearestWord(word, kNames);
      options.error = "'" + std::string(word) + "' is not an option" +
                      (word == "--config" || word == "--metadata" ? " without a file"
                       : nearest.empty()                          ? ""
                                         : "; did you mean '" + nearest + "'?");
      return options;
    }
  }
  if (options.config.empty()) options.error = "say which configuration with --config FILE.toml";
  return options;
}

std::atomic<bool> g_stop{false};  // what a signal handler may touch

void OnStopSignal(int) { g_stop = true; }

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = OnStopSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a broken connection is an error value, not the end
}

/// This program; a test names another one.
std::string MeasuringProgram() {
  if (const char* other = std::getenv("ETALON_MEASURE_PROGRAM")) return other;
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "etalon";
}

int PrintInbox(const agent::AgentConfig& config) {
  const auto file = config.spool_dir / "inbox.json";
  if (!std::filesystem::exists(file)) {
    std::fprintf(stderr, "etalon agent: %s does not exist; has the agent run yet?\n", file.c_str());
    return kFailed;
  }
  const auto listing = nlohmann::json::parse(agent::ReadFile(file, kMaxInboxBytes), nullptr, false);
  for (const auto& row : listing.is_object() ? listing.value("entries", nlohmann::json::array())
                                             : nlohmann::json::array()) {
    std::string candidates;
    for (const auto& name : row.value("candidates", nlohmann::json::array())) {
      candidates += (candidates.empty() ? "" : ", ") + name.get<std::string>();
    }
    std::printf("%s  %-22s %s%s%s%s\n", row.value("seen_at", "").c_str(),
                row.value("reason", "").c_str(), row.value("name", "").c_str(),
                candidates.empty() ? "" : "  (", candidates.c_str(), candidates.empty() ? "" : ")");
  }
  return 0;
}

int Run(const Options& options) {
  const agent::AgentConfig config = agent::LoadConfig(options.config);
  if (options.task == Task::kInbox) return PrintInbox(config);
  if (options.task == Task::kCheck) {
    std::printf("%s is good: %zu watched folders\n", options.config.c_str(), config.watches.size());
    return 0;
  }
  HandleSignals();
  const std::string program = MeasuringProgram();
  return agent::RunAgent(
      config, program, agent::ChildMetadataReader(config, program),
      options.task == Task::kOnce ? agent::RunMode::kOnce : agent::RunMode::kUntilStopped, g_stop);
}

}  // namespace

int RunAgent(int argc, char** argv) {
  const std::string_view task = argc > 1 ? argv[1] : "";
  if (task == "enrol" || task == "rotate-key") return RunAgentKey(argc - 1, argv + 1);
  const Options options = Parse(argc, argv);
  if (options.task == Task::kHelp) {
    std::fputs(kHelpText, stdout);
    return 0;
  }
  if (!options.error.empty()) {
    std::fprintf(stderr, "etalon agent: %s (see etalon agent --help)\n", options.error.c_str());
    return kWrongUsage;
  }
  try {
    return options.task == Task::kMetadata ? PrintMetadata(options.file) : Run(options);
  } catch (const agent::ConfigError& error) {
    std::fprintf(stderr, "etalon agent: %s\n", error.what());
    return kWrongUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "etalon agent: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace monitor::cli
