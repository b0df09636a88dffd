#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "qc_metrics/stage.h"

namespace qc_metrics {
namespace {

constexpr int kFewestReturns = 3;
constexpr int kFewestForU = 4;

struct Moments {
  double n = 0.0, mean = 0.0, squares = 0.0;  ///< squares: sum about the mean

  void Add(double value) {
    n += 1.0;
    const double step = value - mean;
    mean += step / n;
    squares += step * (value - mean);
  }

  [[nodiscard]] double Sd() const { return n > 1.0 ? std::sqrt(squares / (n - 1.0)) : 0.0; }
};

/// Root mean square of (s - sigma) / s over samples of `freedom` >= 3 degrees: what a sample SD is
/// uncertain by, relative to itself.
double RelativeSdU(double freedom) {
  const double ratio = std::sqrt(0.5 * freedom) *
                       std::exp(std::lgamma(0.5 * (freedom - 1.0)) - std::lgamma(0.5 * freedom));
  return std::sqrt(std::max(0.0, 1.0 - 2.0 * ratio + freedom / (freedom - 2.0)));
}

/// A mean's error is Student's: its SD is larger than the normal one.
double StudentFactor(double freedom) { return std::sqrt(freedom / (freedom - 2.0)); }

double MeanU(const Moments& own) {
  return own.Sd() / std::sqrt(own.n) * StudentFactor(own.n - 1.0);
}

/// Of the mean of the references; few of them are taken to scatter as the returns do.
double ReferenceU(const Moments& reference, const Moments& returns) {
  if (reference.n >= kFewestForU) return MeanU(reference);
  return returns.Sd() / std::sqrt(std::max(1.0, reference.n)) * StudentFactor(returns.n - 1.0);
}

struct Key {
  double distance_um;
  std::string direction;
  auto operator<=>(const Key&) const = default;
};

using Axes = std::array<Moments, 3>;

MoveGroup GroupOf(const Key& key, const Axes& axes, int used, const Axes& reference) {
  MoveGroup group{.direction = key.direction, .distance_um = key.distance_um, .axes = used};
  group.n = static_cast<int>(axes[0].n);
  group.has_accuracy = reference[0].n > 0.0;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(used); ++axis) {
    const Moments& own = axes[axis];
    group.sd_um[axis].value = own.Sd();
    group.mean_um[axis].value = own.mean;
    group.accuracy_um[axis].value = own.mean - reference[axis].mean;
    if (group.n < kFewestForU) continue;
    const double freedom = own.n - 1.0;
    group.sd_um[axis].u = own.Sd() * RelativeSdU(freedom);
    const double u_mean = MeanU(own);
    group.mean_um[axis].u = u_mean;
    group.accuracy_um[axis].u = std::hypot(u_mean, ReferenceU(reference[axis], own));
  }
  return group;
}

StageValue Difference(const Moments& a, const Moments& b) {
  StageValue out{a.mean - b.mean, std::nullopt};
  const double freedom = a.n + b.n - 2.0;
  if (freedom < 3.0) return out;
  const double variance = (a.squares + b.squares) / freedom;
  out.u = std::sqrt(variance * (1.0 / a.n + 1.0 / b.n)) * StudentFactor(freedom);
  return out;
}

/// The directions of one distance in order of their first letter that goes forward.
bool GoesForward(const std::array<int, 3>& step) {
  for (const int part : step) {
    if (part != 0) return part > 0;
  }
  return false;
}

void AddBacklash(const std::map<Key, Axes>& groups, std::vector<Backlash>& out) {
  for (const auto& [key, axes] : groups) {
    const auto step = DirectionOf(key.direction);
    if (!step || !GoesForward(*step) || axes[0].n < kFewestReturns) continue;
    for (const auto& [other, others] : groups) {
      const auto back = DirectionOf(other.direction);
      if (other.distance_um != key.distance_um || !back || others[0].n < kFewestReturns) continue;
      if ((*back)[0] != -(*step)[0] || (*back)[1] != -(*step)[1] || (*back)[2] != -(*step)[2]) {
        continue;
      }
      Backlash backlash{.direction = key.direction, .distance_um = key.distance_um};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        backlash.moves[axis] = (*step)[axis] != 0;
        backlash.um[axis] = Difference(axes[axis], others[axis]);
      }
      out.push_back(backlash);
    }
  }
}

}  // namespace

std::optional<std::array<int, 3>> DirectionOf(const std::string& direction) {
  static const std::map<std::string, std::array<int, 3>> kWords = {
      {"right", {1, 0, 0}}, {"left", {-1, 0, 0}}, {"down", {0, 1, 0}}, {"up", {0, -1, 0}}};
  std::string word;
  for (const char letter : direction) {
    word += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  const auto known = kWords.find(word);
  if (known != kWords.end()) return known->second;
  // "-x+y" and "xy", or, where a sign ends the word, "x-y+".
  const bool behind = word.ends_with('+') || word.ends_with('-');
  std::array<int, 3> step{};
  int sign = 1;
  std::size_t last = 3;  // the axis that still waits for the sign behind it
  for (const char letter : word) {
    if (letter == '+' || letter == '-') {
      sign = letter == '+' ? 1 : -1;
      if (!behind) continue;
      if (last == 3) return std::nullopt;
      step[last] = sign;
      last = 3;
      continue;
    }
    if (letter < 'x' || letter > 'z') return std::nullopt;
    const auto axis = static_cast<std::size_t>(letter - 'x');
    if (step[axis] != 0 || (behind && last != 3)) return std::nullopt;
    step[axis] = sign;
    last = axis;
    sign = 1;
  }
  if (step == std::array<int, 3>{}) return std::nullopt;
  return step;
}

Measured<StageMoves> MeasureMoves(std::span<const StagePosition> positions) {
  std::map<Key, Axes> groups;
  std::map<double, Axes> distances;
  Axes reference;
  bool has_z = !positions.empty();
  for (const StagePosition& position : positions) {
    has_z = has_z && position.has_z;
    const bool moved = position.distance_um > 0.0;
    Axes& own = moved ? groups[{position.distance_um, position.direction}] : reference;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!std::isfinite(position.position_um[axis])) return Fault::kNotFinite;
      own[axis].Add(position.position_um[axis]);
      if (moved) distances[position.distance_um][axis].Add(position.position_um[axis]);
    }
  }
  const int used = has_z ? 3 : 2;
  StageMoves out;
  for (const auto& [distance_um, all] : distances) {
    std::vector<MoveGroup> own;
    for (const auto& [key, axes] : groups) {
      if (key.distance_um != distance_um) continue;
      if (axes[0].n < kFewestReturns) {
        ++out.too_few;
      } else {
        own.push_back(GroupOf(key, axes, used, reference));
      }
    }
    if (own.empty()) continue;
    if (own.size() > 1) out.groups.push_back(GroupOf({distance_um, ""}, all, used, reference));
    out.groups.insert(out.groups.end(), own.begin(), own.end());
  }
  if (out.groups.empty()) return Fault::kTooFew;
  AddBacklash(groups, out.backlash);
  return out;
}

}  // namespace qc_metrics
