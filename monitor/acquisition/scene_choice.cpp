#include "monitor/acquisition/scene_choice.h"

#include <charconv>

#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::size_t kMaxListed = 20;
constexpr std::size_t kMaxNameBytes = 80;

std::string List(std::span<const SceneRow> rows) {
  std::string list;
  for (std::size_t i = 0; i < rows.size() && i < kMaxListed; ++i) {
    if (i > 0) list += ", ";
    list += std::to_string(i);
    if (!rows[i].name.empty()) {
      list += " = '" + Printable(std::string_view(rows[i].name).substr(0, kMaxNameBytes)) + "'";
    }
    list += " (" + rows[i].size + ")";
  }
  if (rows.size() > kMaxListed) {
    list += " and " + std::to_string(rows.size() - kMaxListed) + " more";
  }
  return list;
}

std::optional<std::size_t> Find(std::span<const SceneRow> rows, const std::string& wanted) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].name.empty() || rows[i].name != wanted) continue;
    if (found) return std::nullopt;  // two of one name: only the number tells them apart
    found = i;
  }
  if (found) return found;
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  const bool whole = fault == std::errc{} && end == wanted.data() + wanted.size();
  return whole && number < rows.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::size_t ChooseScene(std::span<const SceneRow> rows, const std::optional<std::string>& wanted) {
  if (!wanted && rows.size() == 1) return 0;
  if (wanted) {
    if (const std::optional<std::size_t> found = Find(rows, *wanted)) return *found;
    throw ReadError(ReadFault::kSceneNeeded,
                    "the file holds no scene '" +
                        Printable(std::string_view(*wanted).substr(0, kMaxNameBytes)) +
                        "' (or several of that name); it holds " + List(rows) +
                        "; name one of them by --set scene=NAME or its number");
  }
  throw ReadError(ReadFault::kSceneNeeded, "the file holds " + std::to_string(rows.size()) +
                                               " scenes: " + List(rows) +
                                               "; name the one to measure by --set scene=NAME or "
                                               "its number");
}

}  // namespace monitor::acquisition
