#include "sop/journal/utf8.h"

#include <cstdint>

namespace sop::journal {
namespace {

constexpr char32_t kMalformed = 0xFFFFFFFF;

/// Decodes the code point at `position` and moves behind it.
char32_t Decode(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position++]);
  if (lead < 0x80) return lead;
  const int extra = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4) return kMalformed;
  char32_t code = lead & (0x3FU >> extra);
  for (int i = 0; i < extra; ++i) {
    if (position == text.size()) return kMalformed;
    const auto next = static_cast<unsigned char>(text[position++]);
    if ((next & 0xC0) != 0x80) return kMalformed;
    code = (code << 6) | (next & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kSmallest[extra - 1] || code > 0x10FFFF || surrogate ? kMalformed : code;
}

}  // namespace

std::optional<std::u16string> Utf16FromUtf8(std::string_view text) {
  std::u16string units;
  units.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const char32_t code = Decode(text, position);
    if (code == kMalformed) return std::nullopt;
    if (code < 0x10000) {
      units.push_back(static_cast<char16_t>(code));
    } else {
      units.push_back(static_cast<char16_t>(0xD7C0 + (code >> 10)));
      units.push_back(static_cast<char16_t>(0xDC00 + (code & 0x3FF)));
    }
  }
  return units;
}

bool IsUtf8(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    if (Decode(text, position) == kMalformed) return false;
  }
  return true;
}

}  // namespace sop::journal
