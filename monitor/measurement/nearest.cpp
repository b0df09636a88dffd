#include "monitor/measurement/nearest.h"

#include <algorithm>
#include <vector>

namespace monitor::measurement {
namespace {

constexpr std::size_t kLongestWord = 64;  // a hostile key must not cost a quadratic time

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string NearestWord(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t fewest = kLongestWord;
  for (std::string_view candidate : known) {
    const std::size_t edits = EditDistance(word, candidate);
    // A key typed without its unit ("pixel_size") is as near as a misspelt one.
    const bool prefix = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t cost = prefix ? std::min<std::size_t>(edits, 1) : edits;
    if (cost < fewest) {
      fewest = cost;
      best = candidate;
    }
  }
  const std::size_t allowed = std::max<std::size_t>(2, std::max(word.size(), best.size()) / 3);
  return fewest <= allowed ? std::string(best) : std::string();
}

}  // namespace monitor::measurement
