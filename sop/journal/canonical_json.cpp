#include "sop/journal/canonical_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "sop/journal/utf8.h"

namespace sop::journal {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxExactInteger = std::uint64_t{1} << 53;

[[noreturn]] void Refuse(const std::string& sentence) { throw CanonicalJsonError(sentence); }

void AppendString(std::string_view text, std::string& out) {
  if (!IsUtf8(text)) Refuse("a string is not valid UTF-8");
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view kEscaped = "\"\\\b\t\n\f\r";
    constexpr std::string_view kLetters = "\"\\btnfr";
    if (const auto at = kEscaped.find(c); at != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kLetters[at]);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0x0f]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

/// ECMAScript Number::toString (ECMA-262, 6.1.6.1.20) on the shortest digits that round-trip.
std::string NumberText(double value) {
  if (!std::isfinite(value)) Refuse("a number is not finite");
  if (value == 0.0) return "0";  // minus zero too
  std::array<char, 40> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                     std::chars_format::scientific);
  const std::string_view text(buffer.data(), written.ptr);
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 2 : 1;  // from_chars takes '-' but not '+'
  std::from_chars(text.data() + e + sign, text.data() + text.size(), exponent);

  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // ECMA's n: the value is 0.digits * 10^n
  std::string out = value < 0.0 ? "-" : "";
  if (count <= point && point <= 21) {
    return out + digits + std::string(static_cast<std::size_t>(point - count), '0');
  }
  if (0 < point && point <= 21) {
    return out + digits.insert(static_cast<std::size_t>(point), 1, '.');
  }
  if (-6 < point && point <= 0) {
    return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  if (count > 1) digits.insert(1, 1, '.');
  return out + digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

void Append(const json& value, int depth, std::string& out);

void AppendObject(const json& value, int depth, std::string& out) {
  using Member = std::pair<std::u16string, json::const_iterator>;
  std::vector<Member> members;
  members.reserve(value.size());
  for (auto it = value.begin(); it != value.end(); ++it) {
    auto key = Utf16FromUtf8(it.key());
    if (!key) Refuse("a key is not valid UTF-8");
    members.emplace_back(std::move(*key), it);
  }
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.first < b.first; });
  out.push_back('{');
  const char* separator = "";
  for (const Member& member : members) {
    out += std::exchange(separator, ",");
    AppendString(member.second.key(), out);
    out.push_back(':');
    Append(member.second.value(), depth, out);
  }
  out.push_back('}');
}

void AppendArray(const json& value, int depth, std::string& out) {
  out.push_back('[');
  const char* separator = "";
  for (const json& item : value) {
    out += std::exchange(separator, ",");
    Append(item, depth, out);
  }
  out.push_back(']');
}

bool IsBeyondExact(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() > kMaxExactInteger;
  const auto integer = value.get<std::int64_t>();
  return integer > std::int64_t{kMaxExactInteger} || integer < -std::int64_t{kMaxExactInteger};
}

void AppendInteger(const json& value, std::string& out) {
  if (IsBeyondExact(value)) Refuse("an integer is beyond 2^53; write it as a string");
  out += std::to_string(value.get<std::int64_t>());
}

void Append(const json& value, int depth, std::string& out) {
  switch (value.type()) {
    case json::value_t::null:
      out += "null";
      return;
    case json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case json::value_t::string:
      AppendString(value.get_ref<const std::string&>(), out);
      return;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      AppendInteger(value, out);
      return;
    case json::value_t::number_float:
      out += NumberText(value.get<double>());
      return;
    case json::value_t::object:
    case json::value_t::array:
      if (depth == kMaxJsonDepth) Refuse("the value is nested too deeply");
      value.is_object() ? AppendObject(value, depth + 1, out) : AppendArray(value, depth + 1, out);
      return;
    case json::value_t::binary:
    case json::value_t::discarded:
      Refuse("a value has no JSON form");
  }
}

/// Builds the document from parser events, so that a limit acts before memory or stack is spent.
class StrictBuilder : public nlohmann::json_sax<json> {
 public:
  json TakeRoot() { return std::move(root_); }

  bool null() override { return Place(nullptr); }
  bool boolean(bool value) override { return Place(value); }
  bool number_integer(std::int64_t value) override {
    return value < -std::int64_t{kMaxExactInteger}
               ? PlaceLarge(static_cast<double>(value), std::to_string(value))
               : Place(value);
  }
  bool number_unsigned(std::uint64_t value) override {
    return value > kMaxExactInteger ? PlaceLarge(static_cast<double>(value), std::to_string(value))
                                    : Place(value);
  }
  bool number_float(double value, const std::string& text) override {
    const bool integer = text.find_first_of(".eE") == std::string::npos;
    return integer ? PlaceLarge(value, text) : Place(value);
  }
  bool string(std::string& value) override { return Place(std::move(value)); }
  bool binary(json::binary_t&) override { Refuse("the text is not JSON"); }
  bool start_object(std::size_t) override { return Open(json::object()); }
  bool key(std::string& value) override {
    auto& members = stack_.back()->get_ref<json::object_t&>();
    const auto [member, is_new] = members.emplace(value, nullptr);
    if (!is_new) Refuse("the key '" + value.substr(0, 64) + "' occurs twice in one object");
    member_ = &member->second;
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(json::array()); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    Refuse("the text is not valid JSON at byte " + std::to_string(position));
  }

 private:
  json* Insert(json&& value) {
    if (++count_ > kMaxJsonValues) Refuse("the text holds too many values");
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (stack_.back()->is_array()) {
      stack_.back()->push_back(std::move(value));
      return &stack_.back()->back();
    }
    *member_ = std::move(value);
    return member_;
  }
  bool Place(json&& value) {
    Insert(std::move(value));
    return true;
  }
  /// Integers beyond 2^53 are doubles to every reader of RFC 8785; digits are never lost silently.
  bool PlaceLarge(double value, const std::string& text) {
    if (NumberText(value) != text) Refuse("an integer is beyond 2^53; write it as a string");
    return Place(value);
  }
  bool Open(json&& value) {
    if (stack_.size() == static_cast<std::size_t>(kMaxJsonDepth)) {
      Refuse("the text is nested too deeply");
    }
    stack_.push_back(Insert(std::move(value)));
    return true;
  }
  bool Close() {
    stack_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> stack_;
  json* member_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace

std::string Canonicalise(const json& value) {
  std::string out;
  Append(value, 0, out);
  return out;
}

json ParseStrict(std::string_view text) {
  if (text.size() > kMaxJsonBytes) Refuse("the text is too long");
  // The parser would take a NUL for the end and skip a byte order mark.
  if (text.find('\0') != std::string_view::npos) Refuse("the text holds a NUL byte");
  if (text.starts_with("\xEF\xBB\xBF")) Refuse("the text begins with a byte order mark");
  StrictBuilder builder;
  json::sax_parse(text.begin(), text.end(), &builder);
  return builder.TakeRoot();
}

}  // namespace sop::journal
