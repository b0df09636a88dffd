#include <array>
#include <string_view>

#include "monitor/cli/commands.h"
#include "monitor/cli/dispatch.h"

// The agent half: what an acquisition PC installs. It starts in a few milliseconds because the
// agent starts it once for each file.
int main(int argc, char** argv) {
  using namespace monitor::cli;
  static constexpr std::array kCommands = {
      Subcommand{"agent", RunAgent, "watch folders, measure what arrives, send it to the service"},
      Subcommand{"measure", RunMeasure, "measure calibration images or logs"},
      Subcommand{"simulate", RunSimulate, "write calibration images or logs whose truth is known"},
  };
  static constexpr std::array<std::string_view, 7> kServerCommands = {
      "serve", "verify", "backup", "restore", "rebuild", "demo", "user"};
  return Dispatch({.name = "etalon",
                   .purpose = "quality management for imaging core facilities",
                   .commands = kCommands,
                   .sibling = "etalon-server",
                   .sibling_commands = kServerCommands},
                  argc, argv);
}
