#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1

#include <toml++/toml.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

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

// What no setup file has and what the parser (toml++ 3.3) does not survive: a table's header that
// begins with anything but a letter trips its assertion, and letters beyond ASCII outside of quotes
// and comments run past the cases of its test for blanks. A line ends whatever was open: no text of
// ours has two.
void RefuseWhatIsNoSetup(const std::string& text, const std::string& shown) {
  int line = 1;
  const auto refuse = [&](const char* why) {
    throw UsageError(shown + ", line " + std::to_string(line) + ": " + why);
  };
  bool begun = false;  // something stands on this line already
  char inside = '\0';  // the quote or the hash that is open
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '\n') {
      ++line;
      begun = false;
      inside = '\0';
    } else if (inside == '"' && letter == '\\' && i + 1 < text.size() && text[i + 1] != '\n') {
      ++i;
    } else if (inside == '\0') {
      if (letter == '[' && !begun) refuse("a setup file has keys and no tables");
      if (static_cast<unsigned char>(letter) >= 0x80U) {
        refuse("letters beyond ASCII stand in quotes only");
      }
      begun = begun || (letter != ' ' && letter != '\t' && letter != '\r');
      if (letter == '"' || letter == '\'' || letter == '#') inside = letter;
    } else if (letter == inside && letter != '#') {
      inside = '\0';
    }
  }
}

}  // namespace

SetupLayer ReadSetupFile(const std::string& path) {
  const std::string shown = "setup file '" + acquisition::Printable(path) + "'";
  toml::table table;
  try {
    const std::string text = ReadText(path);
    RefuseWhatIsNoSetup(text, shown);
    table = toml::parse(text);
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
