#include "monitor/acquisition/stage_positions.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "monitor/acquisition/csv_table.h"
#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::size_t kMostRows = 100'000;
constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr std::size_t kMostLetters = 32;
constexpr double kFarthestUm = 1e7;
constexpr std::array<std::string_view, 6> kColumns = {"round", "direction", "distance_um",
                                                      "x_um",  "y_um",      "z_um"};
enum Column : std::size_t { kRound, kDirection, kDistance, kX, kY, kZ };

using Places = std::array<std::optional<std::size_t>, kColumns.size()>;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

std::string Quoted(std::string_view text) { return "'" + Printable(text.substr(0, 60)) + "'"; }

Places ReadHeader(const std::vector<std::string_view>& cells) {
  Places places;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::size_t column = 0;
    while (column < kColumns.size() && kColumns[column] != cells[i]) ++column;
    if (column == kColumns.size()) {
      Refuse("the list of positions has a column " + Quoted(cells[i]) +
             "; its columns are round, direction, distance_um, x_um, y_um and z_um");
    }
    if (places[column]) Refuse("the list of positions has two columns " + Quoted(cells[i]));
    places[column] = i;
  }
  for (const Column needed : {kDirection, kDistance}) {
    if (!places[needed]) {
      Refuse("the list of positions lacks the column " + std::string(kColumns[needed]));
    }
  }
  if (places[kX].has_value() != places[kY].has_value() || (places[kZ] && !places[kX])) {
    Refuse("the list of positions needs both x_um and y_um, or neither");
  }
  return places;
}

double Number(std::string_view cell, std::size_t row, std::string_view column) {
  const std::optional<double> value = FiniteNumber(cell);
  if (value && std::abs(*value) <= kFarthestUm) return *value;
  Refuse("row " + std::to_string(row) + " of the list of positions has " + Quoted(cell) + " as " +
         std::string(column) + ", which is no number within 10 m");
}

qc_metrics::StagePosition ReadRow(const std::vector<std::string_view>& cells, const Places& places,
                                  std::size_t row) {
  qc_metrics::StagePosition position;
  const std::string_view direction = cells[*places[kDirection]];
  if (direction.size() > kMostLetters) {
    Refuse("row " + std::to_string(row) +
           " of the list of positions has a direction of more than " +
           std::to_string(kMostLetters) + " letters");
  }
  position.direction = Printable(direction);
  position.distance_um = Number(cells[*places[kDistance]], row, "distance_um");
  if (position.distance_um < 0.0) {
    Refuse("row " + std::to_string(row) +
           " of the list of positions has a distance below 0; the direction has the sign");
  }
  if (position.direction.empty() && position.distance_um > 0.0) {
    Refuse("row " + std::to_string(row) + " of the list of positions moves in no direction");
  }
  if (places[kRound]) (void)Number(cells[*places[kRound]], row, "round");
  for (const Column axis : {kX, kY, kZ}) {
    if (!places[axis]) continue;
    position.position_um[axis - kX] = Number(cells[*places[axis]], row, kColumns[axis]);
  }
  position.has_z = places[kZ].has_value();
  return position;
}

}  // namespace

bool LooksLikePositions(std::string_view beginning) {
  return beginning.find('\0') == std::string_view::npos &&
         beginning.find("distance_um") != std::string_view::npos &&
         beginning.find("direction") != std::string_view::npos;
}

StagePositions ReadStagePositions(std::string_view text) {
  const CsvTable table = SplitCsv(text);
  StagePositions out;
  std::optional<Places> places;
  std::size_t columns = 0;
  std::size_t row = 0;
  for (const auto& cells : table.rows) {
    ++row;
    if (cells.empty() || cells.front().starts_with('#')) continue;
    if (!places) {
      places = ReadHeader(cells);
      columns = cells.size();
      out.has_places = (*places)[kX].has_value();
      continue;
    }
    if (cells.size() != columns) {
      Refuse("row " + std::to_string(row) + " of the list of positions has " +
             std::to_string(cells.size()) + " cells, its header " + std::to_string(columns));
    }
    if (out.rows.size() == kMostRows) Refuse("the list of positions has more than 100000 rows");
    out.rows.push_back(ReadRow(cells, *places, row));
  }
  if (out.rows.empty()) Refuse("the list of positions has no rows");
  return out;
}

StagePositions ReadStagePositionsFile(int fd, std::uint64_t file_bytes) {
  if (file_bytes > kMostBytes) Refuse("the list of positions is larger than 16 MB");
  std::string text(file_bytes, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got <= 0) Refuse("the list of positions cannot be read to its end; copy it again");
    done += static_cast<std::size_t>(got);
  }
  return ReadStagePositions(text);
}

}  // namespace monitor::acquisition
