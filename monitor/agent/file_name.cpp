#include "monitor/agent/file_name.h"

#include <cstddef>

namespace monitor::agent {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

/// Length of the well-formed UTF-8 sequence at the front, 0 when there is none (RFC 3629).
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string EncodeName(std::string_view name) {
  std::string encoded;
  while (!name.empty()) {
    const std::size_t length = SequenceLength(name);
    const auto byte = static_cast<unsigned char>(name[0]);
    if (length == 0 || byte == '%') {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
      name.remove_prefix(1);
    } else {
      encoded += name.substr(0, length);
      name.remove_prefix(length);
    }
  }
  return encoded;
}

std::string DecodeName(std::string_view encoded) {
  std::string name;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const int high = i + 2 < encoded.size() ? HexValue(encoded[i + 1]) : -1;
    const int low = i + 2 < encoded.size() ? HexValue(encoded[i + 2]) : -1;
    if (encoded[i] == '%' && high >= 0 && low >= 0) {
      name += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      name += encoded[i];
    }
  }
  return name;
}

}  // namespace monitor::agent
