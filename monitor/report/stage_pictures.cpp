#include "monitor/report/stage_pictures.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

constexpr std::array<const char*, 3> kAxes = {"x", "y", "z"};

Panel AgainstTime(const qc_metrics::StageTrack& track, std::size_t axis) {
  Panel panel{.title = fmt::format("path along {}", kAxes[axis]), .y_label = "µm"};
  Trace trace{Trace::Style::kLine, "fit", {}, {}};
  for (std::size_t k = 0; k < track.position_um.size(); ++k) {
    trace.x.push_back(static_cast<double>(k) * track.frame_interval_s);
    trace.y.push_back(track.position_um[k][axis]);
  }
  panel.traces.push_back(std::move(trace));
  panel.zero_line = true;
  return panel;
}

Picture Track(const qc_metrics::StageTrack& track) {
  std::vector<Panel> column;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
    column.push_back(AgainstTime(track, axis));
  }
  column.back().x_label = "time / s";
  Panel plane{.title = "path in the plane", .x_label = "x / µm", .y_label = "y / µm (down)"};
  Trace line{Trace::Style::kLine, "fit", {}, {}};
  for (const auto& place : track.position_um) {
    line.x.push_back(place[0]);
    line.y.push_back(place[1]);
  }
  plane.traces.push_back(std::move(line));
  const std::string caption = "mean path of the beads that were kept, from the first frame on";
  return {"stage_track", "image/svg+xml", DrawPanels({column, {plane}}, 900, 380, caption),
          caption};
}

Picture Drift(const qc_metrics::StageTrack& track, const qc_metrics::StageDrift& drift,
              const qc_metrics::DriftSettings& settings) {
  Panel steps{.title = "step from frame to frame", .x_label = "time / s", .y_label = "step / µm"};
  Trace step{Trace::Style::kLine, "fit", {}, {}};
  for (std::size_t k = 0; k < drift.step_um.size(); ++k) {
    step.x.push_back(static_cast<double>(k) * track.frame_interval_s);
    step.y.push_back(drift.step_um[k]);
  }
  steps.traces = {step,
                  {Trace::Style::kLine,
                   "limit",
                   {0.0, drift.seconds},
                   {settings.stable_um, settings.stable_um}}};
  steps.zero_line = true;
  Panel msd{.title = "mean squared displacement", .x_label = "lag / s", .y_label = "µm²"};
  Trace squares{Trace::Style::kPoints, "data", {}, {}};
  for (const qc_metrics::LagDisplacement& lag : drift.msd) {
    squares.x.push_back(lag.lag_s);
    squares.y.push_back(lag.msd_um2);
  }
  msd.traces = {squares};
  msd.zero_line = true;
  const std::string caption = fmt::format(
      "left: steps, dashed: the threshold of {:g} µm below which every later step must stay; "
      "right: "
      "mean squared displacement against lag, straight for a random walk, a parabola for a drift",
      settings.stable_um);
  return {"stage_drift", "image/svg+xml", DrawPanels({{steps}, {msd}}, 900, 280, caption), caption};
}

}  // namespace

Picture StageReturns(std::span<const qc_metrics::StagePosition> positions) {
  std::map<double, std::vector<const qc_metrics::StagePosition*>> distances;
  for (const auto& position : positions) {
    if (position.distance_um > 0.0) distances[position.distance_um].push_back(&position);
  }
  std::vector<std::vector<Panel>> columns;
  for (const auto& [distance_um, returns] : distances) {
    if (columns.size() == 4) break;
    double x = 0.0;
    double y = 0.0;
    for (const auto* position : returns) {
      x += position->position_um[0] / static_cast<double>(returns.size());
      y += position->position_um[1] / static_cast<double>(returns.size());
    }
    Panel panel{.title = fmt::format("returns from {:g} µm", distance_um),
                .x_label = "x / µm",
                .y_label = "y / µm"};
    Trace trace{Trace::Style::kPoints, "data", {}, {}};
    for (const auto* position : returns) {
      trace.x.push_back(position->position_um[0] - x);
      trace.y.push_back(position->position_um[1] - y);
    }
    panel.traces = {trace};
    columns.push_back({panel});
  }
  const std::string caption =
      "where the stage came back to, less the mean of all directions of one distance";
  return {"stage_returns", "image/svg+xml", DrawPanels(columns, 900, 320, caption), caption};
}

std::vector<Picture> StageTrackPictures(const qc_metrics::StageTrack& track,
                                        const qc_metrics::StageDrift& drift,
                                        const qc_metrics::DriftSettings& settings) {
  return {Track(track), Drift(track, drift, settings)};
}

}  // namespace monitor::report
