#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace monitor::acquisition {

/// One image of a file that holds several (a scene, a series, a position).
struct SceneRow {
  std::string name;  ///< as the file names it; empty: unnamed
  std::string size;  ///< for people, such as "251 x 251, 2 z"
};

/// Which row is wanted: the one whose name `wanted` is, else the one with that number from 0; the
/// only one where nothing is wanted.
/// Errors  ReadError kSceneNeeded, which lists the rows: several and none wanted, or no such row.
[[nodiscard]] std::size_t ChooseScene(std::span<const SceneRow> rows,
                                      const std::optional<std::string>& wanted);

}  // namespace monitor::acquisition
