#pragma once

#include <cstdint>
#include <string>

#include "monitor/simulation/scenario.h"

namespace monitor::cli {

/// The command line of `etalon simulate`, understood.
struct SimulateOptions {
  const simulation::Scenario* scenario = nullptr;  ///< null: only where help is wanted
  std::string output;
  std::string truth;  ///< "-": standard output
  simulation::ScenarioSettings settings{{}};
  std::uint64_t seed = 1;
  bool help = false;
};

/// Reads the arguments after the subcommand's name.
/// Errors  measurement::UsageError, one sentence with the nearest known word.
[[nodiscard]] SimulateOptions ParseSimulateOptions(int argc, char** argv);

/// What `etalon simulate --help`, and with a kind `etalon simulate KIND --help`, prints.
[[nodiscard]] std::string SimulateHelp(const simulation::Scenario* scenario);

}  // namespace monitor::cli
