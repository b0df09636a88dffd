#pragma once

#include <chrono>
#include <map>
#include <string>

namespace monitor::simulation {

/// The demonstration facility's own files by name: facility.toml and its procedures. Every schedule
/// starts on `start`.
[[nodiscard]] std::map<std::string, std::string> DemoFiles(std::chrono::sys_days start);

}  // namespace monitor::simulation
