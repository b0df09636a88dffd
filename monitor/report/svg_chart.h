#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::report {

/// One curve or set of points of a panel. `x` and `y` have one length.
struct Trace {
  enum class Style { kLine, kPoints, kStems };
  Style style = Style::kLine;
  std::string kind = {};  ///< "data", "fit", "residual", "limit", "muted"
  std::vector<double> x = {};
  std::vector<double> y = {};
};

/// A shaded interval of x, for example one segment of a power trace.
struct Band {
  double begin;
  double end;
  std::string label;
};

struct Panel {
  std::string title = {};
  std::string x_label = {};  ///< with unit
  std::string y_label = {};
  std::vector<Trace> traces = {};
  std::vector<Band> bands = {};
  double height_share = 1.0;  ///< of the column's height
  bool zero_line = false;
};

/// Draws columns of panels (each column a stack of panels over a shared x axis) as one
/// self-contained SVG: black on white in any theme, no style element, no script, nothing from
/// elsewhere. Points that are not finite are left out.
[[nodiscard]] std::string DrawPanels(const std::vector<std::vector<Panel>>& columns, int width_px,
                                     int height_px, std::string_view description);

/// "Nice" tick positions, 1-2-5 steps, at most `count` + 1 of them inside [low, high].
[[nodiscard]] std::vector<double> Ticks(double low, double high, int count);

/// Escapes text for XML and HTML.
[[nodiscard]] std::string EscapeXml(std::string_view text);

}  // namespace monitor::report
