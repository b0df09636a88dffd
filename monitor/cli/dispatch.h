#pragma once

#include <span>
#include <string_view>

namespace monitor::cli {

/// One row of a main's table of subcommands.
struct Subcommand {
  std::string_view name;
  int (*run)(int argc, char** argv);
  std::string_view summary;  ///< one line of `--help`
};

/// What a program is called, what it can do itself and what it passes on.
struct Program {
  std::string_view name;     ///< "etalon"
  std::string_view purpose;  ///< first line of `--help`
  std::span<const Subcommand> commands;
  std::string_view sibling;                            ///< "etalon-server"; empty: none
  std::span<const std::string_view> sibling_commands;  ///< commands that the sibling runs
};

/// Runs the subcommand that `argv[1]` names, like git does; --help and --version are answered here.
/// A command of the sibling replaces this process by the sibling found beside it.
/// Errors  an unknown command is one sentence with the nearest known one, and exit code 2.
[[nodiscard]] int Dispatch(const Program& program, int argc, char** argv);

}  // namespace monitor::cli
