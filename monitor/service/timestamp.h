#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace monitor::service {

/// A time stamp that is none: the authority refused, or its reply does not hold. One sentence.
struct TimestampError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What an RFC 3161 authority states about some bytes.
struct Timestamp {
  std::chrono::sys_seconds time;
  std::string authority;  ///< common name of the certificate that signed
};

/// The DER of a TimeStampReq over SHA-256 of `data`, with a new random nonce, asking for the
/// certificates.
[[nodiscard]] std::string TimestampRequest(std::string_view data);

/// Checks the DER of a TimeStampResp against the request that it answers (imprint, nonce) and its
/// signature up to a root in the PEM file `ca_file`.
/// Errors  TimestampError.
[[nodiscard]] Timestamp CheckReply(std::string_view request, std::string_view reply,
                                   const std::string& ca_file);

/// The same for a kept reply, whose request is gone: the imprint must be that of `data`. The
/// signer's certificates must have been valid at the stated time, not now.
[[nodiscard]] Timestamp CheckKeptReply(std::string_view data, std::string_view reply,
                                       const std::string& ca_file);

}  // namespace monitor::service
