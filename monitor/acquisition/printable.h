#pragma once

#include <string>
#include <string_view>

namespace monitor::acquisition {

/// `bytes` as plain UTF-8 that a page, a log line and JSON can carry: sound UTF-8 stays as it is,
/// bytes that are none become `\xHH` visibly, control characters too. A file name has no encoding,
/// and a file's own text need not keep the one it claims.
[[nodiscard]] std::string Printable(std::string_view bytes);

}  // namespace monitor::acquisition
