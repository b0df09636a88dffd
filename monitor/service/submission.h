#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "monitor/service/time_text.h"

namespace monitor::service {

/// A checked submission.
struct Submission {
  nlohmann::json envelope;  ///< as sent, the document a verbatim string: the event's body, signed
  nlohmann::json document;  ///< parsed; fields that nobody knows are kept
  std::string key, instrument, configuration, procedure, purpose;
  bool attributed = false;  ///< a performer is named
};

/// Checks form, document and key. Unknown fields of the envelope are errors; those inside the
/// document are kept and ignored.
/// Errors  Problem 422 `unknown_field`, `missing_field`, `wrong_value`, `wrong_document`,
///         `key_mismatch`.
[[nodiscard]] Submission ReadSubmission(const nlohmann::json& submission);

}  // namespace monitor::service
