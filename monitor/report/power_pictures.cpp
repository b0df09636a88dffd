#include "monitor/report/power_pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

using qc_metrics::Power;
using qc_metrics::PowerSample;
using qc_metrics::PowerSegment;

constexpr std::size_t kMostLabels = 24;  // more would lie over one another
constexpr std::size_t kStretches = 1500;
constexpr std::size_t kModelPoints = 400;
constexpr std::size_t kMostColumns = 4;
constexpr std::size_t kMostRelative = 60;  // segments drawn one over another below

Trace LineOf(const std::string& kind) { return {Trace::Style::kLine, kind, {}, {}}; }

// Value of a sample as it is drawn.
template <typename Value>
Trace Drawn(std::span<const PowerSample> samples, Value value) {
  Trace trace = LineOf("data");
  const auto add = [&](const PowerSample& sample) {
    trace.x.push_back(sample.time_s);
    trace.y.push_back(value(sample));
  };
  const std::size_t stretch = samples.size() / kStretches;
  if (stretch < 4) {
    for (const auto& sample : samples) add(sample);
    return trace;
  }
  for (std::size_t first = 0; first < samples.size(); first += stretch) {
    const auto part = samples.subspan(first, std::min(stretch, samples.size() - first));
    const auto [low, high] =
        std::minmax_element(part.begin(), part.end(),
                            [](const auto& a, const auto& b) { return a.power_mw < b.power_mw; });
    add(*std::min(low, high));
    add(*std::max(low, high));
  }
  return trace;
}

Panel WholeTrace(std::span<const PowerSample> samples, const Power& power) {
  Panel panel{.title = "power", .y_label = "power / mW"};
  panel.traces.push_back(Drawn(samples, [](const auto& s) { return s.power_mw; }));
  const bool labelled = power.segments.size() <= kMostLabels;
  for (const auto& segment : power.segments) {
    panel.bands.push_back(
        {segment.start_s, segment.end_s, labelled ? std::to_string(segment.number) : ""});
  }
  panel.zero_line = true;
  return panel;
}

double Percent(double power_mw, const PowerSegment& segment) {
  return 100.0 * (power_mw / segment.mean_mw - 1.0);
}

// Drift, settling and steps as one line.
Trace ModelOf(const PowerSegment& segment) {
  Trace model = LineOf("fit");
  const auto add = [&](double time_s) {
    model.x.push_back(time_s);
    model.y.push_back(Percent(segment.trace->PowerAt(time_s), segment));
  };
  const double length = segment.end_s - segment.start_s;
  std::vector<double> times;
  for (std::size_t i = 0; i <= kModelPoints; ++i) {
    times.push_back(segment.start_s + length * static_cast<double>(i) / kModelPoints);
  }
  for (const auto& step : segment.trace->steps) {  // upright at its place
    times.push_back(step.time_s);
    times.push_back(std::nextafter(step.time_s, std::numeric_limits<double>::infinity()));
  }
  std::sort(times.begin(), times.end());
  for (const double time_s : times) add(time_s);
  return model;
}

Trace OutliersOf(std::span<const PowerSample> used, const PowerSegment& segment) {
  Trace outliers{Trace::Style::kPoints, "limit", {}, {}};
  for (const std::size_t i : segment.trace->outliers) {
    outliers.x.push_back(used[i].time_s);
    outliers.y.push_back(Percent(used[i].power_mw, segment));
  }
  return outliers;
}

Panel RelativeTrace(std::span<const PowerSample> samples, const Power& power) {
  Panel panel{.title = "each segment over its own mean, with drift, settling and steps",
              .x_label = "time / s",
              .y_label = "deviation / %"};
  std::vector<Trace> above;
  for (std::size_t i = 0; i < std::min(kMostRelative, power.segments.size()); ++i) {
    const PowerSegment& segment = power.segments[i];
    const auto used =
        samples.subspan(segment.first_sample, static_cast<std::size_t>(segment.samples));
    panel.traces.push_back(
        Drawn(used, [&](const auto& s) { return Percent(s.power_mw, segment); }));
    if (!segment.searched) continue;
    above.push_back(ModelOf(segment));
    if (!segment.trace->outliers.empty()) above.push_back(OutliersOf(used, segment));
  }
  panel.traces.insert(panel.traces.end(), above.begin(), above.end());
  panel.height_share = 1.0;
  panel.zero_line = true;
  return panel;
}

std::string LineName(const std::optional<double>& line_nm) {
  return line_nm ? std::to_string(std::lround(*line_nm)) + " nm" : "unnamed line";
}

std::vector<Panel> LinearityColumn(const qc_metrics::PowerLinearity& linearity) {
  Panel means{.title = LineName(linearity.line_nm), .y_label = "power / mW"};
  Panel rest{.title = "of full scale", .x_label = "setting / %", .y_label = "deviation / %"};
  Trace points{Trace::Style::kPoints, "data", linearity.settings_percent, linearity.means_mw};
  Trace line = LineOf("fit");
  Trace stems{Trace::Style::kStems, "residual", linearity.settings_percent, {}};
  const double full = *std::max_element(linearity.means_mw.begin(), linearity.means_mw.end());
  for (std::size_t i = 0; i < linearity.means_mw.size(); ++i) {
    const double setting = linearity.settings_percent[i];
    line.x.push_back(setting);
    line.y.push_back(linearity.intercept_mw.value + linearity.slope_mw.value * setting);
    stems.y.push_back(100.0 * (linearity.means_mw[i] - line.y.back()) / full);
  }
  means.traces = {std::move(line), std::move(points)};
  means.zero_line = true;
  rest.traces = {std::move(stems)};
  rest.height_share = 0.6;
  rest.zero_line = true;
  return {std::move(means), std::move(rest)};
}

}  // namespace

Picture PowerTrace(std::span<const PowerSample> samples, const Power& power) {
  const std::string caption =
      "power against time; shaded: the segments with the laser on, by number; below, relative to "
      "each mean: what drift, settling and steps explain, and outliers as points";
  return {
      "power_trace", "image/svg+xml",
      DrawPanels({{WholeTrace(samples, power), RelativeTrace(samples, power)}}, 900, 520, caption),
      caption};
}

std::optional<Picture> PowerLinearityChart(const Power& power) {
  if (power.linearity.empty()) return std::nullopt;
  std::vector<std::vector<Panel>> columns;
  for (std::size_t i = 0; i < std::min(kMostColumns, power.linearity.size()); ++i) {
    columns.push_back(LinearityColumn(power.linearity[i]));
  }
  const std::string caption = "mean power against setting, and the deviation from the line";
  const int width = columns.size() == 1 ? 560 : 900;
  return Picture{"power_linearity", "image/svg+xml", DrawPanels(columns, width, 420, caption),
                 caption};
}

std::optional<Picture> PowerPulsesChart(const Power& power) {
  std::vector<std::vector<Panel>> columns(1);
  for (const auto& pulses : power.pulses) {
    if (columns.front().size() == kMostColumns) break;
    Panel panel{.title = LineName(pulses.series.line_nm), .y_label = "deviation / %"};
    if (pulses.series.setting_percent) {
      panel.title += " at " + std::to_string(std::lround(*pulses.series.setting_percent)) + " %";
    }
    Trace points{Trace::Style::kPoints, "data", {}, {}};
    for (const std::int64_t number : pulses.segments) {
      const PowerSegment& segment = power.segments[static_cast<std::size_t>(number - 1)];
      points.x.push_back(0.5 * (segment.start_s + segment.end_s));
      points.y.push_back(Percent(segment.mean_mw, pulses.series));
    }
    panel.traces.push_back(std::move(points));
    if (pulses.series.searched) panel.traces.push_back(ModelOf(pulses.series));
    panel.zero_line = true;
    columns.front().push_back(std::move(panel));
  }
  if (columns.front().empty()) return std::nullopt;
  columns.front().back().x_label = "time / s";
  const std::string caption =
      "mean of each pulse relative to the mean of all pulses of its setting";
  const int height = 140 + 110 * static_cast<int>(columns.front().size());
  return Picture{"power_pulses", "image/svg+xml", DrawPanels(columns, 900, height, caption),
                 caption};
}

}  // namespace monitor::report
