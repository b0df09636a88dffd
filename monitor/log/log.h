#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace monitor::log {

enum class Severity { kDebug, kInfo, kWarning, kError };

/// Drops what lies below; kInfo from the start.
void SetMinimumSeverity(Severity least);

/// Writes one JSON object as one line to standard error: {"time","severity","event",...fields}.
///
/// `event` is a fixed snake_case name ("request_failed"); what varies goes into `fields` (a JSON
/// object): never a token, a person or the content of a measurement.
/// Threads  safe to call from any thread.
void Log(Severity severity, std::string_view event,
         const nlohmann::json& fields = nlohmann::json::object());

}  // namespace monitor::log
