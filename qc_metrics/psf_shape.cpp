#include "qc_metrics/psf_shape.h"

#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

HermiteTable MakeHermites() {
  HermiteTable table;
  for (std::size_t at = 0; at < table.up.size(); ++at) {
    const auto n = static_cast<double>(at);
    table.up[at] = static_cast<float>(std::sqrt(2.0 / (n + 1.0)));
    table.down[at] = static_cast<float>(std::sqrt(n / (n + 1.0)));
    table.lower[at] = static_cast<float>(std::sqrt(0.5 * n));
    table.raise[at] = static_cast<float>(std::sqrt(0.5 * (n + 1.0)));
  }
  return table;
}

}  // namespace

std::vector<Mode> MakeModes(int lowest, const std::array<int, kParityClasses>& highest) {
  std::vector<Mode> modes;
  const int top = *std::max_element(highest.begin(), highest.end());
  for (int i = 0; i <= top; ++i) {
    for (int j = 0; i + j <= top; ++j) {
      for (int k = 0; i + j + k <= top; ++k) {
        const Mode mode{i, j, k};
        const int limit = highest[static_cast<std::size_t>(mode.ParityClass())];
        if (mode.Degree() >= lowest && mode.Degree() <= limit) {
          modes.push_back(mode);
        }
      }
    }
  }
  return modes;
}

const HermiteTable& Hermites() {
  static const HermiteTable table = MakeHermites();
  return table;
}

void HermiteValues(double u, int highest, double* h) {
  h[0] = 1.0;
  if (highest > 0) {
    h[1] = std::sqrt(2.0) * u;
  }
  for (int n = 1; n < highest; ++n) {
    h[n + 1] = std::sqrt(2.0 / (n + 1.0)) * u * h[n] - std::sqrt(n / (n + 1.0)) * h[n - 1];
  }
}

ShapeTable TableOf(const LightShape& shape) {
  std::vector<std::pair<Mode, double>> terms = {{Mode{0, 0, 0}, 1.0}};
  for (std::size_t n = 0; n < shape.modes.size(); ++n) {
    terms.emplace_back(shape.modes[n], shape.coefficients[static_cast<Eigen::Index>(n)]);
  }
  std::stable_sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.i, a.first.j) < std::pair(b.first.i, b.first.j);
  });
  ShapeTable table;
  for (const auto& [mode, coefficient] : terms) {
    const int at = static_cast<int>(table.k.size());
    if (table.columns.empty() || table.columns.back().i != mode.i ||
        table.columns.back().j != mode.j) {
      table.columns.push_back({mode.i, mode.j, at, at});
    }
    table.k.push_back(mode.k);
    table.coefficients.push_back(static_cast<float>(coefficient));
    table.columns.back().last = at + 1;
    table.highest = std::max({table.highest, mode.i, mode.j, mode.k});
  }
  return table;
}

}  // namespace qc_metrics
