#include "monitor/cli/dispatch.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "monitor/measurement/nearest.h"
#include "monitor/measurement/software.h"

namespace monitor::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void PrintHelp(const Program& program) {
  std::printf("%.*s: %.*s\n\nUsage: %.*s COMMAND [ARGUMENT]...\n\nCommands:\n",
              static_cast<int>(program.name.size()), program.name.data(),
              static_cast<int>(program.purpose.size()), program.purpose.data(),
              static_cast<int>(program.name.size()), program.name.data());
  for (const Subcommand& command : program.commands) {
    std::printf("  %-10.*s %.*s\n", static_cast<int>(command.name.size()), command.name.data(),
                static_cast<int>(command.summary.size()), command.summary.data());
  }
  if (!program.sibling_commands.empty()) {
    std::printf("\nRun by %.*s, where it is installed:\n ",
                static_cast<int>(program.sibling.size()), program.sibling.data());
    for (std::string_view name : program.sibling_commands) {
      std::printf(" %.*s", static_cast<int>(name.size()), name.data());
    }
    std::printf("\n");
  }
  std::printf("\n%.*s COMMAND --help says more about one of them.\n",
              static_cast<int>(program.name.size()), program.name.data());
}

std::string PathBesideThisProgram(std::string_view file_name) {
  std::vector<char> path(4096);
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return std::string(file_name);
  std::string own(path.data(), static_cast<std::size_t>(length));
  return own.substr(0, own.rfind('/') + 1).append(file_name);
}

int RunSibling(const Program& program, char** argv) {
  const std::string path = PathBesideThisProgram(program.sibling);
  execv(path.c_str(), argv);
  std::fprintf(stderr,
               "%.*s: '%s' is a command of %.*s, which cannot be started (%s: %s); install the "
               "server half, or run this on the facility's server\n",
               static_cast<int>(program.name.size()), program.name.data(), argv[1],
               static_cast<int>(program.sibling.size()), program.sibling.data(), path.c_str(),
               std::strerror(errno));
  return kFailed;
}

int RunGuarded(const Program& program, const Subcommand& command, int argc, char** argv) {
  try {
    return command.run(argc - 1, argv + 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%.*s %s: %s\n", static_cast<int>(program.name.size()),
                 program.name.data(), argv[1], error.what());
    return kFailed;
  }
}

int RefuseUnknown(const Program& program, const char* word) {
  std::vector<std::string_view> known(program.sibling_commands.begin(),
                                      program.sibling_commands.end());
  for (const Subcommand& command : program.commands) known.push_back(command.name);
  const std::string nearest = measurement::NearestWord(word, known);
  const std::string hint = nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
  std::fprintf(stderr, "%.*s: '%s' is not a command%s (see %.*s --help)\n",
               static_cast<int>(program.name.size()), program.name.data(), word, hint.c_str(),
               static_cast<int>(program.name.size()), program.name.data());
  return kWrongUsage;
}

}  // namespace

int Dispatch(const Program& program, int argc, char** argv) {
  if (argc < 2) {
    PrintHelp(program);
    return kWrongUsage;
  }
  const std::string_view word = argv[1];
  if (word == "--help" || word == "-h" || word == "help") {
    PrintHelp(program);
    return 0;
  }
  if (word == "--version" || word == "version") {
    std::printf("%.*s %s (%s)\n", static_cast<int>(program.name.size()), program.name.data(),
                measurement::kVersion, measurement::kBuild);
    return 0;
  }
  for (const Subcommand& command : program.commands) {
    if (word == command.name) return RunGuarded(program, command, argc, argv);
  }
  for (std::string_view name : program.sibling_commands) {
    if (word == name) return RunSibling(program, argv);
  }
  return RefuseUnknown(program, argv[1]);
}

}  // namespace monitor::cli
