#pragma once

namespace monitor::cli {

// One function a subcommand, each in the file of its name. `argv[0]` is the subcommand's own name;
// the result is the process's exit code (CONTRACTS: 0 done, 2 wrong usage, 1 failed; measure has
// its own list).

int RunAgent(int argc, char** argv);
int RunAgentKey(int argc, char** argv);  ///< etalon agent enrol | rotate-key
int RunBackup(int argc, char** argv);
int RunDemo(int argc, char** argv);
int RunMeasure(int argc, char** argv);
int RunRebuild(int argc, char** argv);
int RunRestore(int argc, char** argv);
int RunServe(int argc, char** argv);
int RunSimulate(int argc, char** argv);
int RunUser(int argc, char** argv);
int RunVerify(int argc, char** argv);

}  // namespace monitor::cli
