#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace monitor::log {

enum class Level { kDebug, kInfo, kWarning, kError };

/// Sends the log of this process to standard error, one JSON object a line:
/// {"time","level","program","event",...fields}. Call once, in main; before it nothing is written.
void Configure(std::string_view program, Level least = Level::kInfo);

/// Writes one line. `event` is a fixed snake_case name ("request_failed"); what varies goes into
/// `fields` (a JSON object), never a token, a person or the content of a measurement.
/// Threads  safe to call from any thread.
void Write(Level level, std::string_view event,
           const nlohmann::json& fields = nlohmann::json::object());

}  // namespace monitor::log
