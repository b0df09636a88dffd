#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sop {

struct Shape;

/// One member that an object of the record may have.
struct Member {
  /// What it may hold.
  enum class Kind {
    kId,       ///< [A-Za-z0-9][A-Za-z0-9._-]{0,63}
    kText,     ///< UTF-8, at most 100,000 bytes
    kNumber,   ///< finite
    kCount,    ///< a whole number, 0 to 1,000,000
    kVersion,  ///< text that is not empty, or a count
    kFlag,     ///< true or false
    kDay,      ///< "2026-11-22"
    kTime,     ///< RFC 3339, a day alone being its first instant
    kIds,      ///< a list of at most 1,000 ids, none twice
    kMap,      ///< at most 1,000 texts, numbers, flags and lists of numbers under free names
    kObject,   ///< an object of the shape `of`
    kRows,     ///< a list of at most 1,000 such objects
  };
  std::string_view name;
  Kind kind = Kind::kText;
  bool required = false;
  const Shape* of = nullptr;  ///< of kObject and kRows
};

/// The members that an object may have; any other is a fault.
struct Shape {
  std::vector<Member> members;
  [[nodiscard]] const Member* Find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> Names() const;
};

enum class FaultKind {
  kUnknownType,
  kUnknownMember,
  kMissingMember,
  kWrongValue,
  kStudyTooSmall,  ///< too few repeats, people or days to state a reproducibility
};

/// Why something may not be recorded.
struct Fault {
  FaultKind kind;
  std::string path;      ///< "limits[0].upper"; empty: the whole body
  std::string sentence;  ///< names the path and what is expected, without a full stop
  /// Of kUnknownMember: what was written, cut to 64 bytes, and what may stand there.
  std::string word = "";
  std::vector<std::string_view> known = {};
};

/// The first fault of `value`, which stands at `path` of a body (empty: it is the body).
[[nodiscard]] std::optional<Fault> ShapeFault(const Shape& shape, const nlohmann::json& value,
                                              const std::string& path);

}  // namespace sop
