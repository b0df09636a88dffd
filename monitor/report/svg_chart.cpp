#include "monitor/report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "monitor/report/number_text.h"

namespace monitor::report {
namespace {

constexpr double kLeft = 66.0;
constexpr double kRight = 12.0;
constexpr double kTop = 22.0;
constexpr double kBottom = 34.0;
constexpr double kGap = 26.0;             // a lower panel's title fits in
constexpr std::size_t kMaxPoints = 2000;  // more are thinned to extremes: a screen shows no more

/// Looks as attributes: a page's content security policy forbids style elements, also in pictures.
std::string Look(std::string_view kind) {
  if (kind == "data") return R"(fill="#1f5fbf" stroke="#1f5fbf")";
  if (kind == "fit") return R"(fill="none" stroke="#b42318" stroke-width="1.6")";
  if (kind == "residual") return R"(fill="none" stroke="#59636e")";
  if (kind == "limit") return R"(fill="none" stroke="#8a5a00" stroke-dasharray="5 3")";
  return R"(fill="none" stroke="#9aa4ae")";
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] Range Padded(double share) const {
    if (!(low <= high)) return {0.0, 1.0};
    const double size = high > low ? high - low : std::max(std::fabs(high), 1.0) * 0.1;
    return {low - share * size, high + share * size};
  }
};

struct Frame {
  double left, top, width, height;
  Range x, y;
  [[nodiscard]] double X(double value) const {
    return left + (value - x.low) / (x.high - x.low) * width;
  }
  [[nodiscard]] double Y(double value) const {
    return top + (y.high - value) / (y.high - y.low) * height;
  }
};

/// Indices to draw: all, or the extremes of equal runs where there are more than a screen shows.
std::vector<std::size_t> Thinned(const Trace& trace) {
  std::vector<std::size_t> kept;
  const std::size_t count = trace.x.size();
  const std::size_t run = std::max<std::size_t>(1, 2 * count / kMaxPoints);
  for (std::size_t begin = 0; begin < count; begin += run) {
    std::size_t low = begin;
    std::size_t high = begin;
    for (std::size_t i = begin; i < std::min(begin + run, count); ++i) {
      if (trace.y[i] < trace.y[low]) low = i;
      if (trace.y[i] > trace.y[high]) high = i;
    }
    kept.push_back(std::min(low, high));
    if (low != high) kept.push_back(std::max(low, high));
  }
  return kept;
}

std::string DrawTrace(const Trace& trace, const Frame& frame) {
  std::string points;
  std::string marks;
  for (const std::size_t i : Thinned(trace)) {
    if (!std::isfinite(trace.x[i]) || !std::isfinite(trace.y[i])) continue;
    const double x = frame.X(trace.x[i]);
    const double y = frame.Y(trace.y[i]);
    points += fmt::format("{:.1f},{:.1f} ", x, y);
    if (trace.style == Trace::Style::kPoints) {
      marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\"/>", x, y);
    } else if (trace.style == Trace::Style::kStems) {
      marks += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}\"/>", x, frame.Y(0.0), y);
    }
  }
  if (trace.style == Trace::Style::kLine) {
    return fmt::format("<polyline {} fill-opacity=\"0\" points=\"{}\"/>", Look(trace.kind), points);
  }
  return fmt::format("<g {}>{}</g>", Look(trace.kind), marks);
}

double Step(const std::vector<double>& ticks) {
  return ticks.size() < 2 ? 0.0 : ticks[1] - ticks[0];
}

std::string DrawTicks(const Frame& frame, bool with_x_labels) {
  std::string svg;
  const std::vector<double> y_ticks = Ticks(frame.y.low, frame.y.high, frame.height > 90 ? 5 : 2);
  for (const double tick : y_ticks) {
    const double y = frame.Y(tick);
    svg += fmt::format(
        "<path stroke=\"#e3e6e9\" d=\"M{:.1f} {:.1f}h{:.1f}\"/><text x=\"{:.1f}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>",
        frame.left, y, frame.width, frame.left - 5, y + 4, TickText(tick, Step(y_ticks)));
  }
  const std::vector<double> x_ticks = Ticks(frame.x.low, frame.x.high, frame.width > 300 ? 6 : 4);
  for (const double tick : x_ticks) {
    const double x = frame.X(tick);
    svg += fmt::format("<path stroke=\"#e3e6e9\" d=\"M{:.1f} {:.1f}v{:.1f}\"/>", x, frame.top,
                       frame.height);
    if (!with_x_labels) continue;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x,
                       frame.top + frame.height + 14, TickText(tick, Step(x_ticks)));
  }
  return svg;
}

std::string DrawBands(const Panel& panel, const Frame& frame) {
  std::string svg;
  for (const Band& band : panel.bands) {
    const double x = frame.X(std::max(band.begin, frame.x.low));
    const double end = frame.X(std::min(band.end, frame.x.high));
    svg += fmt::format(
        "<rect fill=\"#1f5fbf\" fill-opacity=\".08\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/><text "
        "x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
        x, frame.top, std::max(1.0, end - x), frame.height, x + 3, frame.top + 12,
        EscapeXml(band.label));
  }
  return svg;
}

std::string DrawPanel(const Panel& panel, const Frame& frame, bool is_last) {
  std::string svg = DrawBands(panel, frame) + DrawTicks(frame, is_last);
  svg += fmt::format(
      "<rect fill=\"none\" stroke=\"#c9cfd4\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\"/>",
      frame.left, frame.top, frame.width, frame.height);
  if (panel.zero_line) {
    svg += fmt::format("<path stroke=\"#9aa4ae\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>", frame.left,
                       frame.Y(0.0), frame.width);
  }
  for (const Trace& trace : panel.traces) svg += DrawTrace(trace, frame);
  if (!panel.title.empty()) {
    svg += fmt::format(
        "<text font-weight=\"600\" fill=\"#15191d\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
        frame.left, frame.top - 7, EscapeXml(panel.title));
  }
  svg += fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" "
      "text-anchor=\"middle\">{}</text>",
      frame.left - 54, frame.top + frame.height / 2, EscapeXml(panel.y_label));
  if (is_last) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                       frame.left + frame.width / 2, frame.top + frame.height + 29,
                       EscapeXml(panel.x_label));
  }
  return svg;
}

Range SharedX(const std::vector<Panel>& column) {
  Range range;
  for (const Panel& panel : column) {
    for (const Trace& trace : panel.traces) {
      for (const double x : trace.x) range.Take(x);
    }
  }
  return range.Padded(0.02);
}

Range OwnY(const Panel& panel) {
  Range range;
  for (const Trace& trace : panel.traces) {
    for (const double y : trace.y) range.Take(y);
  }
  if (panel.zero_line) range.Take(0.0);
  return range.Padded(0.06);
}

std::string DrawColumn(const std::vector<Panel>& column, double left, double width, double height) {
  double shares = 0.0;
  for (const Panel& panel : column) shares += panel.height_share;
  const double room = height - kTop - kBottom - kGap * static_cast<double>(column.size() - 1);
  const Range x = SharedX(column);
  double top = kTop;
  std::string svg;
  for (std::size_t i = 0; i < column.size(); ++i) {
    const double own = room * column[i].height_share / shares;
    const Frame frame{left + kLeft, top, width - kLeft - kRight, own, x, OwnY(column[i])};
    svg += DrawPanel(column[i], frame, i + 1 == column.size());
    top += own + kGap;
  }
  return svg;
}

}  // namespace

std::vector<double> Ticks(double low, double high, int count) {
  if (!(high > low) || count < 1) return {};
  const double raw = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10.0 * power;
  for (const double nice : {1.0, 2.0, 5.0}) {
    if (nice * power >= raw) {
      step = nice * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double k = std::ceil(low / step); k * step <= high; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // Control characters are not allowed in XML at all; a file name may hold them.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

std::string DrawPanels(const std::vector<std::vector<Panel>>& columns, int width_px, int height_px,
                       std::string_view description) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" font-family=\"system-ui, Segoe UI, Roboto, DejaVu Sans, "
      "sans-serif\" "
      "font-size=\"11\" fill=\"#59636e\"><title>{2}</title><rect width=\"{0}\" height=\"{1}\" "
      "fill=\"#ffffff\"/>",
      width_px, height_px, EscapeXml(description));
  const double width = static_cast<double>(width_px) / static_cast<double>(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    svg += DrawColumn(columns[i], width * static_cast<double>(i), width, height_px);
  }
  return svg + "</svg>\n";
}

}  // namespace monitor::report
