#pragma once

#include <string>

#include "monitor/agent/service_client.h"

namespace monitor::agent {

/// What an answer means for the spool entry that was being sent.
enum class Fate {
  kDone,
  kRefused,        ///< by our service, for good
  kEntryFailed,    ///< this entry is tried again later, younger ones pass
  kServiceFailed,  ///< the service or the way to it is not in order: everything waits
};

/// The answer to POST /api/v1/measurements. Done only with a receipt of our service for `key`: a
/// proxy or a captive portal says 200 to everything, and the entry is deleted after this.
[[nodiscard]] Fate FateOfSubmission(const Answer& answer, const std::string& key);
/// The answer to PUT of a blob: done only when it names the digest.
[[nodiscard]] Fate FateOfUpload(const Answer& answer, const std::string& sha256);
/// Any other answer than the wanted one. Refused only by a problem of our own service (its `type`
/// begins with "/problems/"): a 404 or 405 of something in between says nothing about the entry.
[[nodiscard]] Fate FateOfFailure(const Answer& answer);

/// The answer to HEAD of a blob: 200 with the digest as entity tag, which only our service sends.
[[nodiscard]] bool HoldsBlob(const Answer& answer, const std::string& sha256);

}  // namespace monitor::agent
