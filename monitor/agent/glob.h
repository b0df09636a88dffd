#pragma once

#include <string_view>

namespace monitor::agent {

/// Whether `path` (relative, '/' between its parts) matches `glob`, as a whole.
///
/// `*` any run within one part, `?` one character within a part, `[abc]` `[a-z]` `[!a]` one of a
/// set, `**` as a whole part: any number of parts, also none. Everything else is itself; case
/// counts. Bytes are compared, so that names that are not UTF-8 match too.
/// Cost  O(|glob| x |path|): a hostile name cannot make it slow.
[[nodiscard]] bool MatchesGlob(std::string_view glob, std::string_view path);

}  // namespace monitor::agent
