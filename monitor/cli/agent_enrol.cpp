#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "monitor/agent/enrolment.h"
#include "monitor/agent/spool_lock.h"
#include "monitor/agent/strict_table.h"
#include "monitor/cli/commands.h"
#include "monitor/measurement/nearest.h"

namespace monitor::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr char kHelpText[] =
    "Gives this PC's agent a key of its own, which signs what it measures.\n\n"
    "Usage: etalon agent enrol [--service URL] --code CODE [--config FILE.toml]\n"
    "       etalon agent rotate-key --config FILE.toml\n\n"
    "  --code CODE    the one-time code that an administrator of the service made\n"
    "  --service URL  of the service, when it is not the configuration's\n"
    "  --config FILE  the agent's configuration; without it the token and the key are written to\n"
    "                 agent.token and agent.key in this folder\n\n"
    "rotate-key replaces the key by a new one that the old one signs. Stop the agent first.\n";

struct Options {
  std::string service, code, config;
  std::string error;  ///< not empty: wrong usage
  bool help = false;
};

Options Parse(int argc, char** argv) {
  static constexpr std::array<std::string_view, 4> kNames = {"--service", "--code", "--config",
                                                             "--help"};
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::string* value = word == "--service"  ? &options.service
                         : word == "--code"   ? &options.code
                         : word == "--config" ? &options.config
                                              : nullptr;
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (value != nullptr && i + 1 < argc) {
      *value = argv[++i];
    } else {
      const std::string nearest = measurement::NearestWord(word, kNames);
      options.error = "'" + std::string(word) + "' is not an option" +
                      (value != nullptr  ? " without a value"
                       : nearest.empty() ? ""
                                         : "; did you mean '" + nearest + "'?");
    }
  }
  return options;
}

agent::AgentConfig ConfigOf(const Options& options) {
  agent::AgentConfig config;
  config.token_file = std::filesystem::current_path() / "agent.token";
  if (!options.config.empty()) {
    config = agent::LoadConfig(options.config);
    if (config.token_file.empty()) {
      throw agent::ConfigError(options.config +
                               ": [agent] needs token_file, beside which the key is kept");
    }
  }
  if (!options.service.empty()) config.service = options.service;
  while (config.service.ends_with('/')) config.service.pop_back();
  return config;
}

int Enrol(const Options& options) {
  const agent::AgentConfig config = ConfigOf(options);
  agent::ServiceClient service(config.service, "");
  const agent::Credentials credentials{config.token_file};
  const auto answer = agent::Enrol(service, options.code, credentials, config.name);
  std::string instruments;
  for (const auto& id : answer.at("instruments")) {
    instruments += (instruments.empty() ? "" : ", ") + id.get<std::string>();
  }
  std::printf("enrolled as %s for %s; key %s in %s\n", answer.value("agent", "").c_str(),
              instruments.c_str(), answer.value("key_id", "").c_str(),
              credentials.KeyFile().c_str());
  return 0;
}

int Rotate(const Options& options) {
  const agent::AgentConfig config = ConfigOf(options);
  agent::ServiceClient service(config.service, agent::LoadToken(config));
  const agent::SpoolLock lock(config.spool_dir);  // a running agent would sign with the old key
  const auto answer = agent::RotateKey(service, {config.token_file}, config.name);
  std::printf("agent %s signs with key %s from now on\n", config.name.c_str(),
              answer.value("key_id", "").c_str());
  return 0;
}

int Refuse(const std::string& sentence) {
  std::fprintf(stderr, "etalon agent: %s (see etalon agent enrol --help)\n", sentence.c_str());
  return kWrongUsage;
}

}  // namespace

int RunAgentKey(int argc, char** argv) {
  const bool enrols = std::strcmp(argv[0], "enrol") == 0;
  const Options options = Parse(argc, argv);
  if (options.help) {
    std::fputs(kHelpText, stdout);
    return 0;
  }
  if (!options.error.empty()) return Refuse(options.error);
  if (enrols && options.code.empty()) return Refuse("say the code with --code CODE");
  if (enrols && options.service.empty() && options.config.empty()) {
    return Refuse("say which service with --service URL or --config FILE.toml");
  }
  if (!enrols && options.config.empty()) {
    return Refuse("say which configuration with --config FILE.toml");
  }
  try {
    return enrols ? Enrol(options) : Rotate(options);
  } catch (const agent::ConfigError& error) {
    std::fprintf(stderr, "etalon agent: %s\n", error.what());
    return kWrongUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "etalon agent: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace monitor::cli
