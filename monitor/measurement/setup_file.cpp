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

}  // namespace

SetupLayer ReadSetupFile(const std::string& path) {
  const std::string shown = "setup file '" + acquisition::Printable(path) + "'";
  toml::table table;
  try {
    table = toml::parse(ReadText(path));
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
