#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace monitor::measurement {

/// A moment as RFC 3339 UTC, and whether the text it came from stated a time zone.
struct AcquiredTime {
  std::string utc;  ///< "2026-11-22T10:00:00.123Z"
  bool zone_stated = true;
};

/// Reads "2024-11-08T17:27:32.678", with a blank or T, with or without fraction and zone, and
/// TIFF's "2024:11:08 17:27:32". Without a zone it is this computer's local time. Absent: no
/// moment that the calendar has.
[[nodiscard]] std::optional<AcquiredTime> ParseAcquired(std::string_view text);

/// RFC 3339 UTC of a Unix time.
[[nodiscard]] std::string UtcText(std::int64_t unix_s, int milliseconds = 0);

}  // namespace monitor::measurement
