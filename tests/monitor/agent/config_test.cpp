#include "monitor/agent/config.h"

#include <gtest/gtest.h>

#include <string>

#include "monitor/agent/strict_table.h"

namespace monitor::agent {
namespace {

constexpr char kGood[] = R"([agent]
name = "confocal-room"
service = "http://127.0.0.1:8080/"
token_file = "agent.token"
listen = "127.0.0.1:9187"
[spool]
dir = "spool"
archive = "reference"
[limits]
memory_mb = 512
time_s = 30
[[watch]]
instrument = "lsm-1"
dir = "qc/lsm-1/"
settle_s = 0.5
poll_s = 2
since = 2026-01-31
[[watch.rule]]
glob = "**/psf_*.tif"
configuration = "63x-561"
procedure = "PSF-03"
purpose = "repeat"
performer = "ana"
set = { z_step_um = 0.2, bead_diameter_um = 1, modality = "confocal" }
match = { channel_name = "525/50" }
)";

std::string ErrorOf(const std::string& text) {
  try {
    (void)ParseConfig(text, "/etc/etalon/agent.toml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(AgentConfigConverter, IsACommandAndTheNamesThatGoThroughIt) {
  const std::string agent = "[agent]\nname = \"a\"\nservice = \"http://h\"\n[converter]\n";
  const AgentConfig config = ParseConfig(
      agent + "command = [\"bfconvert\", \"{input}\", \"{output}\"]\nfiles = [\"*.nd2\"]\n",
      "agent.toml");
  EXPECT_EQ(config.converter.command,
            (std::vector<std::string>{"bfconvert", "{input}", "{output}"}));
  EXPECT_EQ(config.converter.files, std::vector<std::string>{"*.nd2"});
  EXPECT_NE(
      ErrorOf(agent + "command = [\"bfconvert\", \"{input}\"]\nfiles = [\"*\"]\n").find("{output}"),
      std::string::npos);
  EXPECT_NE(ErrorOf(agent + "command = [\"a\", \"{input}\", \"{output}\"]\n").find("files"),
            std::string::npos);
  EXPECT_NE(ErrorOf(agent + "command = \"a {input} {output}\"\nfiles = [\"*\"]\n").find("list"),
            std::string::npos);
}

TEST(Config, ReadsEverythingAndResolvesPathsFromItsOwnFolder) {
  const AgentConfig config = ParseConfig(kGood, "/etc/etalon/agent.toml");
  EXPECT_EQ(config.name, "confocal-room");
  EXPECT_EQ(config.service, "http://127.0.0.1:8080");
  EXPECT_EQ(config.token_file, "/etc/etalon/agent.token");
  EXPECT_EQ(config.listen_host, "127.0.0.1");
  EXPECT_EQ(config.listen_port, 9187);
  EXPECT_EQ(config.spool_dir, "/etc/etalon/spool");
  EXPECT_EQ(config.archive, Archive::kReference);
  EXPECT_EQ(config.memory_bytes, 512U << 20);
  EXPECT_EQ(config.time_limit, std::chrono::seconds(30));
  ASSERT_EQ(config.watches.size(), 1U);
  const Watch& watch = config.watches[0];
  EXPECT_EQ(watch.dir, "/etc/etalon/qc/lsm-1");
  EXPECT_EQ(watch.settle, std::chrono::milliseconds(500));
  EXPECT_EQ(watch.since, std::chrono::sys_days(std::chrono::year(2026) / 1 / 31));
  ASSERT_EQ(watch.rules.size(), 1U);
  const Rule& rule = watch.rules[0];
  EXPECT_EQ(rule.purpose, "repeat");
  EXPECT_EQ(rule.performer, "ana");
  const TextPairs set = {{"bead_diameter_um", "1"}, {"modality", "confocal"}, {"z_step_um", "0.2"}};
  EXPECT_EQ(rule.set, set);
  EXPECT_EQ(rule.match.at(0).second, "525/50");
}

TEST(Config, NamesFileLineAndNearestKeyOfAnUnknownOne) {
  EXPECT_EQ(ErrorOf(Replaced(kGood, "settle_s", "setle_s")),
            "/etc/etalon/agent.toml:15: 'setle_s' is not a key of [[watch]]; did you mean "
            "'settle_s'?");
  EXPECT_EQ(ErrorOf(Replaced(kGood, "purpose", "porpoise")),
            "/etc/etalon/agent.toml:22: 'porpoise' is not a key of [[watch.rule]]; did you mean "
            "'purpose'?");
  EXPECT_NE(ErrorOf(std::string(kGood) + "[wotch]\n").find("did you mean 'watch'?"),
            std::string::npos);
}

TEST(Config, ChecksTypesAndRanges) {
  EXPECT_EQ(
      ErrorOf(Replaced(kGood, "poll_s = 2", "poll_s = \"2\"")),
      "/etc/etalon/agent.toml:16: in [[watch]], 'poll_s' must be a number from 0.05 to 86400");
  EXPECT_NE(ErrorOf(Replaced(kGood, "settle_s = 0.5", "settle_s = -1")).find("0 to 86400"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Replaced(kGood, "\"reference\"", "\"copies\"")).find("copy, reference, none"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Replaced(kGood, ":9187", "")).find("ADDRESS:PORT"), std::string::npos);
  EXPECT_NE(ErrorOf(Replaced(kGood, "http://", "ftp://")).find("http://"), std::string::npos);
  EXPECT_NE(ErrorOf(Replaced(kGood, "2026-01-31", "\"2026-01-31\"")).find("without quotes"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Replaced(kGood, "z_step_um = 0.2", "z_step_um = [0.2]")).find("z_step_um"),
            std::string::npos);
}

TEST(Config, SaysWhatIsMissing) {
  EXPECT_EQ(ErrorOf(Replaced(kGood, "procedure = \"PSF-03\"\n", "")),
            "/etc/etalon/agent.toml:18: in [[watch.rule]], 'procedure' is missing; add it");
  EXPECT_NE(ErrorOf("[spool]\n").find("'agent' is missing"), std::string::npos);
  EXPECT_NE(ErrorOf("[agent\n").find("agent.toml:1"), std::string::npos);
}

TEST(Config, AMistypedKeyIsNotAMissingOne) {
  EXPECT_EQ(ErrorOf(Replaced(kGood, "name = ", "nmae = ")),
            "/etc/etalon/agent.toml:2: 'nmae' is not a key of [agent]; did you mean 'name'?");
  const std::string watch = ErrorOf(Replaced(kGood, "[[watch]]", "[[wathc]]"));
  EXPECT_NE(watch.find("did you mean 'watch'?"), std::string::npos) << watch;
  EXPECT_NE(ErrorOf("[[wathc]]\n").find("agent.toml:1: 'wathc'"), std::string::npos);
}

TEST(Config, RefusesSettingsThatMeasuringWouldRefuse) {
  EXPECT_EQ(ErrorOf(Replaced(kGood, "z_step_um = 0.2", "z_stp_um = 0.2")),
            "/etc/etalon/agent.toml:24: in [[watch.rule]], 'set': unknown setup key 'z_stp_um'; "
            "did you mean 'z_step_um'?");
  EXPECT_EQ(ErrorOf(Replaced(kGood, "z_step_um = 0.2", "z_step_um = -0.2")).substr(0, 52),
            "/etc/etalon/agent.toml:24: in [[watch.rule]], 'set':");
  EXPECT_NE(ErrorOf(Replaced(kGood, "z_step_um = 0.2", "z_step_um = \"thin\"")).find("'thin'"),
            std::string::npos);
}

TEST(Config, RefusesASpoolThatWouldWatchItself) {
  EXPECT_NE(ErrorOf(Replaced(kGood, "dir = \"spool\"", "dir = \"qc/lsm-1/spool\"")).find("beside"),
            std::string::npos);
}

}  // namespace
}  // namespace monitor::agent
