#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::service {

/// What a member of a command's body may hold.
enum class Kind {
  kId,       ///< [A-Za-z0-9._-], 1 to 64 characters
  kText,     ///< UTF-8, at most 100,000 bytes
  kNumber,   ///< finite
  kInteger,  ///< |n| <= 1,000,000
  kVersion,  ///< text or an integer
  kFlag,     ///< true or false
  kDay,      ///< "2026-11-22"
  kTime,     ///< RFC 3339
  kMap,      ///< an object of scalars with free names
  kObject,   ///< an object with the members of `of`
  kRows,     ///< an array of such objects
};

struct Shape;

struct Member {
  std::string_view name;
  Kind kind = Kind::kText;
  bool required = false;
  const Shape* of = nullptr;  ///< of kObject and kRows
};

/// The members that an object may have; any other is an error.
struct Shape {
  std::vector<Member> members;
  [[nodiscard]] const Member* Find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> Names() const;
};

/// The shape of a command's body, or nullptr for a type that no command has.
[[nodiscard]] const Shape* CommandShape(std::string_view type);

/// Problem 422 `unknown_field`, `missing_field` or `wrong_value`, naming the path.
void CheckShape(const Shape& shape, const nlohmann::json& value, const std::string& path);

/// Checks the body of `type` and writes its defaults out, so that the event says what holds.
/// Errors  Problem 422; 400 `unknown_command` for an unknown type.
[[nodiscard]] nlohmann::json NormaliseCommand(std::string_view type, nlohmann::json body);

}  // namespace monitor::service
