#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::acquisition {

/// The cells of a text table, blanks and quotes around them removed.
struct CsvTable {
  std::vector<std::vector<std::string_view>> rows;  ///< into the text it was made from
  std::vector<std::size_t> lines;                   ///< 1-based line of each row
  std::vector<std::string_view> comments;           ///< lines that begin with '#', without it
  char delimiter = '\t';
};

/// Splits `text` at the delimiter (tab, semicolon or comma) that its first 50 lines hold most.
/// Rows may be ragged; empty lines and lines that begin with '#' are no rows.
/// Errors  ReadError: bytes that are no text, too many rows, a line without end.
[[nodiscard]] CsvTable SplitCsv(std::string_view text);

/// The finite number in a cell, its decimal sign a point or one comma ("0,25"); SmartLPM's square
/// brackets around it are taken off.
[[nodiscard]] std::optional<double> CellNumber(std::string_view cell);

}  // namespace monitor::acquisition
