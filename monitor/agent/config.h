#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace monitor::agent {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// Which files are measured how: one `[[watch.rule]]`.
struct Rule {
  std::string glob;           ///< relative to the watch's folder
  std::string configuration;  ///< id at the service
  std::string procedure;      ///< id at the service
  std::string purpose;        ///< as_found | repeat | as_left | practice
  std::optional<std::string> performer;
  TextPairs set;    ///< passed on as --set key=value
  TextPairs match;  ///< metadata that the file itself must state; empty: any file
};

/// One folder (often a share) that belongs to one instrument.
struct Watch {
  std::string instrument;
  std::filesystem::path dir;
  std::chrono::milliseconds settle{5000};  ///< unchanged for so long counts as complete
  std::chrono::milliseconds poll{2000};
  std::optional<std::chrono::sys_days> since;  ///< files modified before are left alone
  std::vector<Rule> rules;
};

enum class Archive { kCopy, kReference, kNone };

/// A program of the site for formats that are not read here: `[converter]`.
struct ConverterRule {
  std::vector<std::string> command;  ///< words; {input} and {output} stand for the files
  std::vector<std::string> files;    ///< globs of the names that go through it
};

struct AgentConfig {
  std::string name;
  std::string service;               ///< "http://127.0.0.1:8080"
  std::filesystem::path token_file;  ///< empty: no token is sent
  std::string listen_host;
  int listen_port = 9187;
  std::filesystem::path spool_dir;
  Archive archive = Archive::kCopy;
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;  ///< data a measuring child may hold
  std::chrono::seconds time_limit{600};                 ///< wall time of one measuring child
  ConverterRule converter;
  std::vector<Watch> watches;
};

/// Parses agent.toml strictly. Relative paths count from `file`'s folder.
/// Errors  ConfigError (strict_table.h), naming file, line and, for an unknown key, the nearest.
[[nodiscard]] AgentConfig ParseConfig(std::string_view toml_text,
                                      const std::filesystem::path& file);
[[nodiscard]] AgentConfig LoadConfig(const std::filesystem::path& file);

}  // namespace monitor::agent
