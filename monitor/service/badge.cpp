#include "monitor/service/badge.h"

#include <algorithm>
#include <array>

namespace monitor::service {
namespace {

struct Row {
  std::string_view verdict, word, ink, shape;
};

// The table of UI.md. Shapes sit in a 14 px box; inks have contrast 4.5 on white. From best to
// worst, as verdicts rank.
constexpr std::array<Row, 5> kRows = {{
    {"not_in_scope", "Not checked for this", "#59636E",
     R"(<path d="M2 7h10" stroke="INK" stroke-width="1.5"/>)"},
    {"in_spec", "In spec", "#1B7F5C", R"(<circle cx="7" cy="7" r="5.5" fill="INK"/>)"},
    {"in_spec_with_conditions", "With conditions", "#8A5A00",
     R"(<circle cx="7" cy="7" r="5" fill="none" stroke="INK" stroke-width="1.5"/>)"
     R"(<path d="M7 2a5 5 0 0 0 0 10z" fill="INK"/>)"},
    {"unknown", "Unknown", "#59636E",
     R"(<circle cx="7" cy="7" r="5" fill="none" stroke="INK" stroke-width="1.5" )"
     R"(stroke-dasharray="2.6 2.6"/>)"},
    {"out_of_spec", "Out of spec", "#B42318",
     R"(<rect x="1.5" y="1.5" width="11" height="11" fill="INK"/>)"
     R"(<path d="M4.5 4.5l5 5m0-5l-5 5" stroke="#fff" stroke-width="1.6"/>)"},
}};

std::size_t Rank(std::string_view verdict) {
  const auto row = std::ranges::find(kRows, verdict, &Row::verdict);
  // A verdict this version does not know is no evidence of anything.
  return row == kRows.end() ? 3 : static_cast<std::size_t>(row - kRows.begin());
}

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Inked(const Row& row) {
  std::string shape(row.shape);
  for (std::size_t at = shape.find("INK"); at != std::string::npos; at = shape.find("INK")) {
    shape.replace(at, 3, row.ink);
  }
  return shape;
}

/// Wide enough for the text in a common sans-serif; the viewer may have any font.
std::size_t WidthOf(std::string_view text) {
  const auto letters = static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
  return letters * 7 + 8;
}

}  // namespace

PublicState Summarise(const nlohmann::json& verdicts) {
  PublicState state;
  if (!verdicts.is_array() || verdicts.empty()) return state;
  std::size_t worst = 0;
  for (const auto& verdict : verdicts) {
    worst = std::max(worst, Rank(verdict.value("verdict", "unknown")));
    const auto until = verdict.find("valid_until");
    if (until == verdict.end() || !until->is_string()) continue;
    const auto text = until->get<std::string>();
    if (state.valid_until.empty() || text < state.valid_until) state.valid_until = text;
  }
  state.verdict = kRows.at(worst).verdict;
  if (worst == 0 || worst >= 3) state.valid_until.clear();
  return state;
}

std::string_view WordOf(std::string_view verdict) { return kRows.at(Rank(verdict)).word; }

std::string BadgeSvg(std::string_view name, std::string_view verdict, std::string_view checked,
                     std::string_view valid_until) {
  const Row& row = kRows.at(Rank(verdict));
  std::string dates = "on " + std::string(checked);
  if (!valid_until.empty()) dates += ", valid until " + std::string(valid_until);
  const std::string word(row.word);
  const std::string title = std::string(name) + ": " + word + " " + dates;
  const std::size_t name_width = WidthOf(name);
  const std::size_t word_x = name_width + 26;
  const std::size_t dates_x = word_x + WidthOf(word) + 4;
  const std::size_t width = dates_x + WidthOf(dates);
  const auto text = [](std::size_t x, std::string_view ink, std::string_view content,
                       std::string_view weight) {
    return "<text x=\"" + std::to_string(x) + "\" y=\"16\" fill=\"" + std::string(ink) +
           "\" font-weight=\"" + std::string(weight) + "\">" + Escape(content) + "</text>";
  };
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) +
                    "\" height=\"24\" role=\"img\" aria-label=\"" + Escape(title) + "\"><title>" +
                    Escape(title) + "</title>";
  svg += "<rect width=\"" + std::to_string(width) +
         "\" height=\"24\" rx=\"4\" fill=\"#fff\" stroke=\"#D0D7DE\"/>";
  svg += "<g font-family=\"system-ui, sans-serif\" font-size=\"12\">";
  svg += text(8, "#1F2328", name, "400");
  svg +=
      "<g transform=\"translate(" + std::to_string(name_width + 6) + " 5)\">" + Inked(row) + "</g>";
  svg += text(word_x, row.ink, word, "600");
  svg += text(dates_x, "#59636E", dates, "400");
  return svg + "</g></svg>\n";
}

}  // namespace monitor::service
