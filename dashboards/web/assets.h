#pragma once

#include <span>
#include <string_view>

namespace dashboards::web {

/// One file of the web application, compiled into the program: no asset comes from elsewhere.
struct Asset {
  std::string_view path;        ///< "/index.html" or "/assets/NAME-HASH.ext"
  std::string_view media_type;  ///< value of the Content-Type header
  std::string_view bytes;
  bool immutable;  ///< the name holds a digest of the content, so it may be cached for ever
};

/// All files; the data lives as long as the program. "/index.html" is the page of every address
/// that is no file and no API path.
[[nodiscard]] std::span<const Asset> Assets();

}  // namespace dashboards::web
