#include "monitor/report/power_pictures.h"

#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr std::size_t kMostLabels = 24;  // more would lie over one another

Panel WholeTrace(std::span<const qc_metrics::PowerSample> samples, const qc_metrics::Power& power) {
  Panel panel{.title = "power", .y_label = "power / mW"};
  Trace trace{Trace::Style::kLine, "data", {}, {}};
  for (const auto& sample : samples) {
    trace.x.push_back(sample.time_s);
    trace.y.push_back(sample.power_mw);
  }
  panel.traces.push_back(std::move(trace));
  const bool labelled = power.segments.size() <= kMostLabels;
  for (const auto& segment : power.segments) {
    panel.bands.push_back(
        {segment.start_s, segment.end_s, labelled ? std::to_string(segment.number) : ""});
  }
  panel.zero_line = true;
  return panel;
}

Panel RelativeTrace(std::span<const qc_metrics::PowerSample> samples,
                    const qc_metrics::Power& power) {
  Panel panel{
      .title = "each segment over its own mean", .x_label = "time / s", .y_label = "deviation / %"};
  for (const auto& segment : power.segments) {
    Trace trace{Trace::Style::kLine, "data", {}, {}};
    for (const auto& sample : samples) {
      if (sample.time_s < segment.start_s || sample.time_s > segment.end_s) continue;
      trace.x.push_back(sample.time_s);
      trace.y.push_back(100.0 * (sample.power_mw / segment.mean_mw - 1.0));
    }
    panel.traces.push_back(std::move(trace));
  }
  panel.height_share = 0.7;
  panel.zero_line = true;
  return panel;
}

}  // namespace

Picture PowerTrace(std::span<const qc_metrics::PowerSample> samples,
                   const qc_metrics::Power& power) {
  const std::string caption =
      "power against time; shaded: the segments with the laser on, by number";
  return {
      "power_trace", "image/svg+xml",
      DrawPanels({{WholeTrace(samples, power), RelativeTrace(samples, power)}}, 900, 420, caption),
      caption};
}

}  // namespace monitor::report
