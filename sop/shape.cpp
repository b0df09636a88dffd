#include "sop/shape.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "sop/iso_time.h"

namespace sop {
namespace {

using nlohmann::json;
using Kind = Member::Kind;

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxTextBytes = 100'000;
constexpr std::size_t kMaxRows = 1'000;
constexpr int kMaxCount = 1'000'000;
constexpr std::size_t kShownBytes = 64;  ///< of a name that somebody made up

bool IsText(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().size() <= kMaxTextBytes;
}

bool IsId(const json& value) {
  if (!value.is_string()) return false;
  const auto& id = value.get_ref<const std::string&>();
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !id.empty() && id.size() <= kMaxIdBytes && plain(id[0]) &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsNumber(const json& value) { return value.is_number() && std::isfinite(value.get<double>()); }

bool IsCount(const json& value) {
  return value.is_number_integer() && value >= 0 && value <= kMaxCount;
}

bool IsVersion(const json& value) {
  return IsCount(value) || (IsText(value) && !value.get_ref<const std::string&>().empty());
}

bool IsSetting(const json& value) {
  const bool numbers = value.is_array() && value.size() <= kMaxRows &&
                       std::all_of(value.begin(), value.end(), IsNumber);
  return numbers || IsText(value) || IsNumber(value) || value.is_boolean();
}

bool IsIds(const json& value) {
  if (!value.is_array() || value.size() > kMaxRows) return false;
  std::set<std::string> seen;
  return std::all_of(value.begin(), value.end(),
                     [&](const json& id) { return IsId(id) && seen.insert(id).second; });
}

bool IsMap(const json& value) {
  return value.is_object() && value.size() <= kMaxRows &&
         std::all_of(value.begin(), value.end(), IsSetting);
}

bool Fits(const json& value, Kind kind) {
  switch (kind) {
    case Kind::kId:
      return IsId(value);
    case Kind::kText:
      return IsText(value);
    case Kind::kNumber:
      return IsNumber(value);
    case Kind::kCount:
      return IsCount(value);
    case Kind::kVersion:
      return IsVersion(value);
    case Kind::kFlag:
      return value.is_boolean();
    case Kind::kDay:
      return IsText(value) && ParseDay(value.get_ref<const std::string&>());
    case Kind::kTime:
      return IsText(value) && ParseTime(value.get_ref<const std::string&>());
    case Kind::kIds:
      return IsIds(value);
    case Kind::kMap:
      return IsMap(value);
    case Kind::kObject:
      return value.is_object();
    case Kind::kRows:
      return value.is_array() && value.size() <= kMaxRows;
  }
  return false;  // unreachable for a valid enumerator
}

std::string Expected(Kind kind) {
  switch (kind) {
    case Kind::kId:
      return "an id of 1 to 64 letters, digits, dots, dashes and underscores";
    case Kind::kText:
      return "text of at most 100000 bytes";
    case Kind::kNumber:
      return "a number";
    case Kind::kCount:
      return "a whole number, 0 to 1000000";
    case Kind::kVersion:
      return "text or a whole number, 0 or more";
    case Kind::kFlag:
      return "true or false";
    case Kind::kDay:
      return "a day such as 2026-11-22";
    case Kind::kTime:
      return "a time such as 2026-11-22T10:00:00Z";
    case Kind::kIds:
      return "a list of at most 1000 ids, none twice";
    case Kind::kMap:
      return "an object of texts, numbers, lists of numbers, true and false";
    case Kind::kObject:
      return "an object";
    case Kind::kRows:
      return "a list of at most 1000 objects";
  }
  return "something else";  // unreachable for a valid enumerator
}

Fault Wrong(const std::string& path, Kind kind) {
  const std::string what = path.empty() ? "the body" : "'" + path + "'";
  return {FaultKind::kWrongValue, path, what + " must be " + Expected(kind)};
}

std::optional<Fault> MemberFault(const Member& member, const json& value, const std::string& path) {
  if (!Fits(value, member.kind)) return Wrong(path, member.kind);
  if (member.kind == Kind::kObject) return ShapeFault(*member.of, value, path);
  if (member.kind != Kind::kRows) return std::nullopt;
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto fault = ShapeFault(*member.of, value[i], path + "[" + std::to_string(i) + "]");
    if (fault) return fault;
  }
  return std::nullopt;
}

}  // namespace

const Member* Shape::Find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

std::vector<std::string_view> Shape::Names() const {
  std::vector<std::string_view> names;
  for (const Member& member : members) names.push_back(member.name);
  return names;
}

std::optional<Fault> ShapeFault(const Shape& shape, const json& value, const std::string& path) {
  if (!value.is_object()) return Wrong(path, Kind::kObject);
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const auto& [name, entry] : value.items()) {
    const Member* member = shape.Find(name);
    const std::string word = name.substr(0, kShownBytes);
    if (member == nullptr) {
      return Fault{FaultKind::kUnknownMember, prefix + word,
                   "'" + prefix + word + "' is not known here", word, shape.Names()};
    }
    if (auto fault = MemberFault(*member, entry, prefix + name)) return fault;
  }
  for (const Member& member : shape.members) {
    if (!member.required || value.contains(member.name)) continue;
    const std::string name = prefix + std::string(member.name);
    return Fault{FaultKind::kMissingMember, name, "'" + name + "' is missing"};
  }
  return std::nullopt;
}

}  // namespace sop
