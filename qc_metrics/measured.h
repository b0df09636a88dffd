#pragma once

#include <string_view>
#include <variant>

namespace qc_metrics {

/// Why a calibration image or log cannot be measured.
///
/// The list is closed on purpose: every value becomes a finding code, a `reason` label in
/// Prometheus and a row in the audit trail, so adding a value is an API change and renaming one is
/// forbidden.
enum class Fault {
  kUnsupportedFormat,  ///< not one channel of a supported pixel type (an empty image included)
  kTooSmall,           ///< shorter than the procedure's stated minimum side, depth or duration
  kNotFinite,          ///< NaN or infinity among the values
  kSaturated,          ///< more than 1 % of the pixels at or above the saturation level
  kNoSignal,           ///< nothing left once the offset is removed, or no bead found
  kTooFew,             ///< fewer objects, samples or segments than the definition needs
  kFitFailed,          ///< the estimator did not converge to a finite optimum
};

/// Stable snake_case identifier, for example "saturated".
[[nodiscard]] constexpr std::string_view Name(Fault fault) {
  switch (fault) {
    case Fault::kUnsupportedFormat:
      return "unsupported_format";
    case Fault::kTooSmall:
      return "too_small";
    case Fault::kNotFinite:
      return "not_finite";
    case Fault::kSaturated:
      return "saturated";
    case Fault::kNoSignal:
      return "no_signal";
    case Fault::kTooFew:
      return "too_few";
    case Fault::kFitFailed:
      return "fit_failed";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

/// A measurement, or the reason there is none.
///
/// An unmeasurable image is a quality finding that must be stored and shown, so it travels as a
/// value. NaN is never used as a marker and nothing is thrown for it.
template <typename T>
using Measured = std::variant<T, Fault>;

}  // namespace qc_metrics
