#include "monitor/cli/measure_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "monitor/report/number_text.h"
#include "qc_metrics/catalogue.h"

namespace monitor::cli {
namespace {

using nlohmann::json;

constexpr double kCoverageFactor = 2.0;

// Columns are counted in characters, not in bytes: the micro sign has two.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string NameOf(const json& quantity) {
  const auto id = quantity.at("id").get<std::string>();
  const qc_metrics::CatalogueEntry* entry = qc_metrics::FindQuantity(id);
  return entry == nullptr ? id : std::string(entry->name);
}

// A count, a line in nm: whole numbers that are known exactly carry no zeros behind a point.
std::string PlainNumber(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e9) {
    return std::to_string(static_cast<long long>(value));
  }
  return report::NumberText(value);
}

std::string WordOf(const json& value) {
  return value.is_string()   ? value.get<std::string>()
         : value.is_number() ? PlainNumber(value.get<double>())
                             : value.dump();
}

// "channel 525/50, line_nm 488, segment 1"
std::string WhatItIsOf(const json& quantity) {
  std::string text;
  if (quantity.contains("channel_name")) {
    text = quantity.at("channel_name").get<std::string>();
  } else if (quantity.contains("channel")) {
    text = "channel " + quantity.at("channel").dump();
  }
  if (!quantity.contains("of")) return text;
  for (const auto& [key, value] : quantity.at("of").items()) {
    text.append(text.empty() ? "" : ", ").append(key).append(" ").append(WordOf(value));
  }
  return text;
}

using Row = std::array<std::string, 5>;

Row RowOf(const json& quantity) {
  const auto value = quantity.at("value").get<double>();
  std::optional<double> expanded;
  if (quantity.contains("u")) expanded = kCoverageFactor * quantity.at("u").get<double>();
  return {NameOf(quantity), expanded ? report::ValueText(value, expanded) : PlainNumber(value),
          report::UnitText(quantity.at("unit").get<std::string>()),
          quantity.at("definition").get<std::string>(), WhatItIsOf(quantity)};
}

std::string Aligned(const std::vector<Row>& rows) {
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.append(row[i]).append(widths[i] - Width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text.append(line).append("\n");
  }
  return text;
}

std::string ObjectLine(const json& objects) {
  if (objects.empty()) return {};
  std::size_t kept = 0;
  std::map<std::string, std::size_t> rejected;
  std::string kind;
  for (const json& object : objects) {
    if (!object.contains("position_um")) continue;  // a part of a series in time
    kind = object.value("kind", "object");
    if (object.at("state") == "kept") {
      ++kept;
    } else {
      ++rejected[object.value("reason", "unknown")];
    }
  }
  if (kept == 0 && rejected.empty()) return {};
  std::ranges::replace(kind, '_', ' ');
  if (!kind.empty()) kind[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(kind[0])));
  std::string text = "\n" + kind + "s: " + std::to_string(kept) + " kept";
  for (const auto& [reason, count] : rejected) {
    text += ", " + std::to_string(count) + " rejected: " + reason;
  }
  return text + "\n";
}

std::string InputLines(const json& document) {
  std::string text;
  for (const json& input : document.at("inputs")) {
    text += input.at("name").get<std::string>();
    if (input.contains("format")) text += " (" + input.at("format").get<std::string>() + ")";
    text += "\n";
  }
  return text;
}

}  // namespace

std::string FindingLines(const json& document) {
  std::string text;
  for (const json& finding : document.at("findings")) {
    text += finding.at("severity").get<std::string>() + ": " +
            finding.at("code").get<std::string>() + ": " + finding.at("text").get<std::string>();
    if (finding.contains("channel")) text += " (channel " + finding.at("channel").dump() + ")";
    text += "\n";
  }
  return text;
}

std::string MeasureTable(const json& document) {
  std::string text = document.at("analysis").get<std::string>() + " of " + InputLines(document);
  std::vector<Row> rows;
  for (const json& quantity : document.at("quantities")) rows.push_back(RowOf(quantity));
  if (!rows.empty()) {
    rows.insert(rows.begin(), {"quantity", "value \xC2\xB1 U_est", "unit", "definition", "of"});
    text += "\n" + Aligned(rows) + "\nU_est: k = 2, estimate only\n";
  }
  text += ObjectLine(document.at("objects"));
  const std::string findings = FindingLines(document);
  if (!findings.empty()) text += "\n" + findings;
  return text;
}

}  // namespace monitor::cli
