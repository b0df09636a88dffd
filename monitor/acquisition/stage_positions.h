#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "qc_metrics/stage.h"

namespace monitor::acquisition {

/// A list of moves, one row for each return of the stage.
struct StagePositions {
  std::vector<qc_metrics::StagePosition> rows;
  bool has_places = false;  ///< x_um and y_um are columns; else the images have to say
};

/// Whether a file that begins so is a text table rather than an image.
[[nodiscard]] bool LooksLikePositions(std::string_view beginning);

/// Reads a table with the columns direction and distance_um, and x_um, y_um, z_um, round; each
/// once, in any order, and no other. Lines that begin with # are left out. Errors  ReadError that
/// names the row: a column that is missing, unknown or there twice, a row of
///         another length, a cell that is no finite number within 10 m, a direction of more than 32
///         letters, more than 100,000 rows.
[[nodiscard]] StagePositions ReadStagePositions(std::string_view text);

/// The same from a file.
[[nodiscard]] StagePositions ReadStagePositionsFile(int fd, std::uint64_t file_bytes);

}  // namespace monitor::acquisition
