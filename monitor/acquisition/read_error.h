#pragma once

#include <stdexcept>
#include <string>

namespace monitor::acquisition {

/// Why a file gives no pixels or samples; decides the exit code and the finding.
enum class ReadFault {
  kUnreadable,   ///< broken, truncated, contradictory, or no file of a known format
  kUnsupported,  ///< sound, but of a kind that is not measured (colour, complex numbers ...)
  kSceneNeeded,  ///< several images, and nobody said which one; the sentence lists them
};

/// The one exception of this module. The text is one sentence that says what to do and names no
/// file: the caller knows which one it asked for.
class ReadError : public std::runtime_error {
 public:
  ReadError(ReadFault fault, const std::string& sentence)
      : std::runtime_error(sentence), fault_(fault) {}

  [[nodiscard]] ReadFault fault() const { return fault_; }

 private:
  ReadFault fault_;
};

}  // namespace monitor::acquisition
