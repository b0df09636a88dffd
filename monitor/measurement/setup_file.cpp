#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1

#include <toml++/toml.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "monitor/acquisition/printable.h"
#include "monitor/measurement/setup_keys.h"

namespace monitor::measurement {
namespace {

constexpr std::streamsize kMaxSetupBytes = 1 << 20;

std::string Shortest(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

// The text that the same key would have on the command line, so that both are checked alike.
std::string TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return Shortest(number->get());
  if (const auto* array = node.as_array()) {
    std::string all;
    for (const toml::node& element : *array) {
      if (element.is_array() || element.is_table()) throw UsageError("takes no nested value");
      all.append(all.empty() ? "" : ",").append(TextOf(element));
    }
    return all;
  }
  throw UsageError("takes a number, a text or an array of one of them");
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(kMaxSetupBytes) + 1, '\0');
  file.read(text.data(), kMaxSetupBytes + 1);
  if (!file && file.gcount() == 0 && !file.eof()) {
    throw UsageError("setup file '" + acquisition::Printable(path) + "' cannot be read");
  }
  if (file.gcount() > kMaxSetupBytes) {
    throw UsageError("setup file '" + acquisition::Printable(path) + "' is larger than 1 MB");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// Turns a setup file into the ASCII that the parser (toml++ 3.3) gets. Its test for blanks runs
/// past its cases on letters beyond ASCII, so that they are written as escapes where they may stand
/// (double quotes; comments do not matter) and refused elsewhere; a table's header that begins with
/// a sign trips its assertion, and no setup file has tables. A line ends whatever was open: no text
/// of ours has two.
class AsciiToml {
 public:
  AsciiToml(std::string text, std::string shown)
      : whole_(std::move(text)), text_(whole_), shown_(std::move(shown)) {}

  [[nodiscard]] std::string Text() {
    std::string ascii;
    while (!text_.empty()) {
      const auto byte = static_cast<unsigned char>(text_.front());
      if (byte >= 0x80U) {
        ascii += TakeBeyondAscii();
        continue;
      }
      Note(text_.front());
      ascii += text_.front();
      text_.remove_prefix(1);
    }
    return ascii;
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw UsageError(shown_ + ", line " + std::to_string(line_) + ": " + why);
  }

  void Note(char letter) {
    const bool escaped = std::exchange(escaped_, false);
    if (letter == '\n') {
      ++line_;
      begun_ = false;
      inside_ = '\0';
    } else if (inside_ == '\0') {
      if (letter == '[' && !begun_) Refuse("a setup file has keys and no tables");
      begun_ = begun_ || (letter != ' ' && letter != '\t' && letter != '\r');
      if (letter == '"' || letter == '\'' || letter == '#') inside_ = letter;
    } else if (inside_ == '"' && letter == '\\') {
      escaped_ = !escaped;
    } else if (letter == inside_ && letter != '#' && !escaped) {
      inside_ = '\0';
    }
  }

  std::string TakeBeyondAscii() {
    const auto lead = static_cast<unsigned char>(text_.front());
    const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
    std::uint32_t letter = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0U;
      if (lead < 0xC2U || lead > 0xF4U || (next & 0xC0U) != 0x80U) Refuse("this is no UTF-8");
      letter = letter << 6U | (next & 0x3FU);
    }
    text_.remove_prefix(length);
    escaped_ = false;
    if (inside_ == '#') return "?";
    if (inside_ != '"') Refuse("letters beyond ASCII stand in double quotes only");
    char escape[16];
    std::snprintf(escape, sizeof escape, "\\U%08X", letter);
    return escape;
  }

  std::string whole_;
  std::string_view text_;  // what is left of it
  std::string shown_;
  int line_ = 1;
  bool begun_ = false;    // something stands on this line already
  bool escaped_ = false;  // a backslash stands in front
  char inside_ = '\0';    // the quote or the hash that is open
};

}  // namespace

SetupLayer ReadSetupFile(const std::string& path) {
  const std::string shown = "setup file '" + acquisition::Printable(path) + "'";
  toml::table table;
  try {
    table = toml::parse(AsciiToml(ReadText(path), shown).Text());
  } catch (const toml::parse_error& error) {
    throw UsageError(shown + ", line " + std::to_string(error.source().begin.line) + ": " +
                     acquisition::Printable(error.description()));
  }
  SetupLayer layer;
  for (const auto& [key, node] : table) {
    try {
      PutSetupText(key.str(), TextOf(node), layer);
    } catch (const UsageError& error) {
      throw UsageError(shown + ", line " + std::to_string(key.source().begin.line) + ", '" +
                       acquisition::Printable(key.str()) + "': " + error.what());
    }
  }
  return layer;
}

}  // namespace monitor::measurement
