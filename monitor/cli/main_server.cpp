#include <span>

#include "monitor/cli/commands.h"
#include "monitor/cli/dispatch.h"

// The server half, reached as `etalon serve`, `etalon verify`, ...
int main(int argc, char** argv) {
  using namespace monitor::cli;
  static constexpr std::span<const Subcommand> kCommands = {};
  return Dispatch({.name = "etalon-server",
                   .purpose = "the service half of etalon",
                   .commands = kCommands,
                   .sibling = {},
                   .sibling_commands = {}},
                  argc, argv);
}
