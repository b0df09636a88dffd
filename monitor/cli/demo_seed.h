#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace monitor::cli {

/// Somebody of the demonstration facility, with what they sign in with.
struct DemoPerson {
  std::string account, name, role, password;
};

/// What the seeded facility hands on to the real service and agent.
struct SeededFacility {
  std::filesystem::path data_dir;
  std::string admin_token;
  std::string agent_token;
  std::vector<DemoPerson> people{};
  std::string agent_key;  ///< as its file holds it
  int measurements = 0;
};

/// Lives one year of the demonstration facility: draws every calibration image, has the real
/// `etalon measure` measure it in a child process, and submits the result to a quality record whose
/// clock is set to the day (allowed because its origin begins with "demo/"). `progress` is told how
/// many of how many checks are done.
[[nodiscard]] SeededFacility SeedDemoYear(const std::filesystem::path& dir,
                                          const std::filesystem::path& etalon,
                                          std::chrono::sys_seconds now,
                                          const std::function<void(int, int)>& progress);

}  // namespace monitor::cli
