#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "monitor/service/record.h"

namespace monitor::service {

/// What a route answers; the server adds the security headers and turns a matching ETag into 304.
struct Reply {
  int status = 200;
  std::string media_type = "application/json";
  std::string body;
  std::string file;  ///< not empty: the body is this file, streamed
  std::string etag;  ///< with quotes; empty: none
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// A JSON answer that may be kept for a moment. Its ETag leaves out what only says how much time
/// has passed ("as_of", "data_age_s"), so that a page that polls is told "unchanged".
[[nodiscard]] Reply JsonReply(const nlohmann::json& value);
/// The answer to a command: never cached.
[[nodiscard]] Reply CommandReply(int status, const nlohmann::json& value);
/// RFC 9457 application/problem+json.
[[nodiscard]] Reply ProblemReply(const Problem& problem);
/// A weak entity tag of `bytes`.
[[nodiscard]] std::string EntityTag(std::string_view bytes);

/// RFC 4180 text of `items` with one column a member; nested values are not shown.
[[nodiscard]] Reply CsvReply(const nlohmann::json& items, const std::vector<std::string>& columns);

}  // namespace monitor::service
