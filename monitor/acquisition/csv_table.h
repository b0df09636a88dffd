#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace monitor::acquisition {

/// The cells of a text table, blanks and quotes around them removed.
struct CsvTable {
  std::vector<std::vector<std::string_view>> rows;  ///< into the text it was made from
};

/// Splits `text` at the delimiter (tab, semicolon or comma) that its first 50 lines hold most.
/// Rows may be ragged; empty lines are left out.
/// Errors  ReadError: bytes that are no text, too many rows, a line without end.
[[nodiscard]] CsvTable SplitCsv(std::string_view text);

}  // namespace monitor::acquisition
