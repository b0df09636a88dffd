#include <cstdio>

#include "monitor/cli/commands.h"

namespace monitor::cli {

int RunMeasure(int argc, char** argv) {
  (void)argc;
  std::fprintf(stderr, "etalon %s: not built yet\n", argv[0]);
  return 5;
}

}  // namespace monitor::cli
