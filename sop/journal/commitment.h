#pragma once

#include <string>

namespace sop::journal {

/// A value that an event names without holding it: the event has the commitment for good, the
/// opening lies apart and can be erased. Without its salt the value cannot be found by trying.
struct Opening {
  std::string commitment;  ///< lower-case hex of SHA-256(salt || value)
  std::string salt;        ///< lower-case hex of 32 random bytes
  std::string value;       ///< UTF-8
};

/// Commits to `value` with a new salt.
[[nodiscard]] Opening CommitTo(std::string value);
/// Whether salt and value are what the commitment was made from.
[[nodiscard]] bool Opens(const Opening& opening);

}  // namespace sop::journal
