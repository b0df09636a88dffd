#include "monitor/agent/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "monitor/agent/strict_table.h"
#include "monitor/measurement/converter.h"
#include "monitor/measurement/setup_keys.h"

namespace monitor::agent {
namespace {

using std::filesystem::path;

constexpr std::array<std::string_view, 4> kPurposes = {"as_found", "repeat", "as_left", "practice"};
constexpr std::array<std::string_view, 3> kArchives = {"copy", "reference", "none"};
constexpr double kDay_s = 86400.0;

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000.0));
}

path Resolve(const path& file, const std::string& text) {
  const path base = std::filesystem::absolute(file).parent_path();
  path resolved = (base / text).lexically_normal();
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

void ReadListen(StrictTable& table, AgentConfig& config) {
  const std::string text = table.Text("listen").value_or("127.0.0.1:9187");
  const auto colon = text.rfind(':');
  const std::string_view port =
      colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1);
  const auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), config.listen_port);
  const bool whole = error == std::errc() && end == port.data() + port.size();
  if (!whole || colon == 0 || config.listen_port < 0 || config.listen_port > 65535) {
    table.RefuseKey("listen", "must be ADDRESS:PORT, such as \"127.0.0.1:9187\"");
  }
  config.listen_host = text.substr(0, colon);
}

void ReadAgent(const toml::table& toml, const path& file, AgentConfig& config) {
  StrictTable table(toml, "[agent]", file.string(), {"name", "service", "token_file", "listen"});
  config.name = table.RequiredText("name");
  config.service = table.RequiredText("service");
  if (!config.service.starts_with("http://") && !config.service.starts_with("https://")) {
    table.RefuseKey("service", "must begin with http:// or https://");
  }
  while (config.service.ends_with('/')) config.service.pop_back();
  if (const auto token = table.Text("token_file")) config.token_file = Resolve(file, *token);
  ReadListen(table, config);
}

void ReadSpool(const toml::table* toml, const path& file, AgentConfig& config) {
  config.spool_dir = Resolve(file, "spool");
  if (toml == nullptr) return;
  StrictTable table(*toml, "[spool]", file.string(), {"dir", "archive"});
  config.spool_dir = Resolve(file, table.Text("dir").value_or("spool"));
  const std::string archive = table.Choice("archive", "copy", kArchives);
  config.archive = archive == "copy"        ? Archive::kCopy
                   : archive == "reference" ? Archive::kReference
                                            : Archive::kNone;
}

void ReadLimits(const toml::table* toml, const path& file, AgentConfig& config) {
  if (toml == nullptr) return;
  StrictTable table(*toml, "[limits]", file.string(), {"memory_mb", "time_s"});
  const double memory_mb = table.Number("memory_mb", 4096, 64, 1 << 20);
  const double time_s = table.Number("time_s", 600, 1, kDay_s);
  config.memory_bytes = static_cast<std::uint64_t>(memory_mb) << 20;
  config.time_limit = std::chrono::seconds(static_cast<std::int64_t>(time_s));
}

void ReadConverter(const toml::table* toml, const path& file, AgentConfig& config) {
  if (toml == nullptr) return;
  StrictTable table(*toml, "[converter]", file.string(), {"command", "files"});
  config.converter = {table.Texts("command"), table.Texts("files")};
  if (config.converter.files.empty()) {
    table.RefuseKey("files", "must list the names that it converts, such as [\"*.nd2\"]");
  }
  try {
    measurement::CheckConverter(config.converter.command);
  } catch (const measurement::UsageError& error) {
    table.RefuseKey("command", error.what());
  }
}

// What `etalon measure` would refuse for every file of the rule is refused here, once.
void CheckSettings(const TextPairs& settings, const StrictTable& table) {
  measurement::SetupLayer layer;
  for (const auto& [key, value] : settings) {
    try {
      measurement::PutSetupText(key, value, layer);
    } catch (const measurement::UsageError& error) {
      table.RefusePair("set", key, error.what());
    }
  }
}

Rule ReadRule(const toml::table& toml, const path& file) {
  StrictTable table(toml, "[[watch.rule]]", file.string(),
                    {"glob", "configuration", "procedure", "purpose", "performer", "set", "match"});
  Rule rule;
  rule.glob = table.RequiredText("glob");
  if (rule.glob.starts_with('/')) {
    table.RefuseKey("glob", "must be relative to the watch's dir, such as \"**/psf_*.tif\"");
  }
  rule.configuration = table.RequiredText("configuration");
  rule.procedure = table.RequiredText("procedure");
  rule.purpose = table.Choice("purpose", "as_found", kPurposes);
  rule.performer = table.Text("performer");
  rule.set = table.Pairs("set");
  CheckSettings(rule.set, table);
  rule.match = table.Pairs("match");
  return rule;
}

Watch ReadWatch(const toml::table& toml, const path& file) {
  StrictTable table(toml, "[[watch]]", file.string(),
                    {"instrument", "dir", "settle_s", "poll_s", "since", "rule"});
  Watch watch;
  watch.instrument = table.RequiredText("instrument");
  watch.dir = Resolve(file, table.RequiredText("dir"));
  watch.settle = Milliseconds(table.Number("settle_s", 5, 0, kDay_s));
  watch.poll = Milliseconds(table.Number("poll_s", 2, 0.05, kDay_s));
  if (const auto date = table.Date("since")) {
    watch.since =
        std::chrono::sys_days(std::chrono::year(date->year) / std::chrono::month(date->month) /
                              std::chrono::day(date->day));
  }
  for (const toml::table* rule : table.Tables("rule")) watch.rules.push_back(ReadRule(*rule, file));
  return watch;
}

/// A spool below a watched folder would feed the agent its own copies for ever.
void RefuseSpoolInsideWatch(const AgentConfig& config, const path& file) {
  for (const Watch& watch : config.watches) {
    const auto [watch_end, spool_end] = std::mismatch(
        watch.dir.begin(), watch.dir.end(), config.spool_dir.begin(), config.spool_dir.end());
    if (watch_end != watch.dir.end()) continue;
    throw ConfigError(file.string() + ": the spool " + config.spool_dir.string() +
                      " lies inside the watched folder " + watch.dir.string() +
                      "; put it beside the folder");
  }
}

}  // namespace

AgentConfig ParseConfig(std::string_view toml_text, const path& file) {
  toml::table root;
  try {
    root = toml::parse(toml_text, file.string());
  } catch (const toml::parse_error& error) {
    throw ConfigError(file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                      std::string(error.description()));
  }
  StrictTable table(root, "the file", file.string(),
                    {"agent", "spool", "limits", "converter", "watch"});
  AgentConfig config;
  const toml::table* agent = table.Table("agent");
  if (agent == nullptr) table.RefuseKey("agent", "is missing; begin the file with [agent]");
  ReadAgent(*agent, file, config);
  ReadSpool(table.Table("spool"), file, config);
  ReadLimits(table.Table("limits"), file, config);
  ReadConverter(table.Table("converter"), file, config);
  for (const toml::table* watch : table.Tables("watch")) {
    config.watches.push_back(ReadWatch(*watch, file));
  }
  RefuseSpoolInsideWatch(config, file);
  return config;
}

AgentConfig LoadConfig(const path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream)
    throw ConfigError(file.string() + ": cannot be read; check the path given to --config");
  return ParseConfig(text, file);
}

}  // namespace monitor::agent
