#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sop::journal {

using EventTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-11-22T10:00:00.123Z": RFC 3339, UTC, always three decimals, years 0000 to 9999.
[[nodiscard]] std::string FormatEventTime(EventTime time);
/// Reads exactly that form; nothing for any other.
[[nodiscard]] std::optional<EventTime> ParseEventTime(std::string_view text);

/// One entry of the journal. The journal does not look into `body`.
struct Event {
  std::string type;         ///< [a-z][a-z0-9_]*, at most 64 characters
  int version = 1;          ///< of the body's form; >= 1
  std::string recorded_at;  ///< in the form of FormatEventTime
  std::string actor;        ///< "admin", "agent:confocal-room"; 1 to 200 bytes
  nlohmann::json body;      ///< an object
};

/// The bytes that are stored and hashed: RFC 8785, one line without a newline.
/// Whatever ParseEvent would refuse is refused here: what is written can always be verified.
/// Errors  CanonicalJsonError naming the member that is wrong; JsonTooLarge.
[[nodiscard]] std::string EventLine(const Event& event);
/// Reads a stored line; anything but the exact bytes that EventLine would write is refused.
/// Errors  CanonicalJsonError, one sentence.
[[nodiscard]] Event ParseEvent(std::string_view line);

}  // namespace sop::journal
