#pragma once

#include <cstdint>
#include <optional>

#include "monitor/service/record.h"

namespace httplib {
struct Request;
}

namespace monitor::service {

/// What a request may cost before anything of ours has looked at it.
struct GuardLimits {
  std::size_t header_count = 100;
  std::size_t header_bytes = 16 * 1024;  ///< request line and headers together
  std::size_t target_bytes = 2048;
  std::uint64_t json_bytes = 32ULL << 20;
  std::uint64_t blob_bytes = 4ULL << 30;  ///< a PUT below /api/v1/blobs/
};

/// The refusal that a request's head deserves, or nothing.
///
/// Stands between the HTTP library, which takes chunked and compressed bodies past its size limit
/// and decodes CR and LF into header values, and the routes, which may then trust: at most one
/// Content-Length, in range; no transfer or content coding; no control character in path, query or
/// header; nothing that shadows the peer's address.
[[nodiscard]] std::optional<Problem> Inspect(const httplib::Request& request,
                                             const GuardLimits& limits);

/// The declared length of a body that Inspect let pass; 0 when there is none.
[[nodiscard]] std::uint64_t DeclaredLength(const httplib::Request& request);

}  // namespace monitor::service
