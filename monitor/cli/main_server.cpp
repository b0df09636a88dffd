#include <array>

#include "monitor/cli/commands.h"
#include "monitor/cli/dispatch.h"

// The server half, reached as `etalon serve`, `etalon verify`, ...
int main(int argc, char** argv) {
  using namespace monitor::cli;
  static constexpr std::array<Subcommand, 7> kCommands = {{
      {"demo", RunDemo, "a facility with a year of measurements on loopback"},
      {"serve", RunServe, "keep the quality record and answer for it over HTTP"},
      {"verify", RunVerify, "check a record or backup against its checkpoints"},
      {"user", RunUser, "make accounts and grant roles"},
      {"backup", RunBackup, "copy the record while it is being served"},
      {"restore", RunRestore, "put a backup into place and say so in its log"},
      {"rebuild", RunRebuild, "build the read tables again from the journal"},
  }};
  return Dispatch({.name = "etalon-server",
                   .purpose = "the service half of etalon",
                   .commands = kCommands,
                   .sibling = {},
                   .sibling_commands = {}},
                  argc, argv);
}
