#include <cstdio>
#include <string>

#include "qc_metrics/report_writer.h"
#include "qc_metrics/stage.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kMoves = "etalon.moves/1";
constexpr std::string_view kTrack = "etalon.track/1";
constexpr std::array<std::string_view, 3> kAxes = {"x", "y", "z"};
constexpr double kWarnSdUm = 0.5;  // QUAREP-LiMi Tool-Kit

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

using Writer = ReportWriter<StageValue>;

void Name(Quantity& quantity, double distance_um, const std::string& direction) {
  quantity.of["distance_um"] = distance_um;
  quantity.of["direction"] = direction.empty() ? std::string("all") : direction;
}

void WriteGroups(const StageMoves& moves, Writer& writer) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const MoveGroup& group : moves.groups) {
      if (axis >= static_cast<std::size_t>(group.axes)) continue;
      Quantity& quantity = writer.Add("stage.repeatability." + std::string(kAxes[axis]), kMoves,
                                      "um", group.sd_um[axis], "replicate_moves");
      quantity.n = group.n;
      Name(quantity, group.distance_um, group.direction);
    }
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const MoveGroup& group : moves.groups) {
      if (!group.has_accuracy || axis >= static_cast<std::size_t>(group.axes)) continue;
      Quantity& quantity = writer.Add("stage.accuracy." + std::string(kAxes[axis]), kMoves, "um",
                                      group.accuracy_um[axis], "replicate_moves");
      quantity.n = group.n;
      Name(quantity, group.distance_um, group.direction);
    }
  }
}

void WriteBacklash(const StageMoves& moves, Writer& writer) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    for (const Backlash& backlash : moves.backlash) {
      if (!backlash.moves[axis]) continue;
      Name(writer.Add("stage.backlash." + std::string(kAxes[axis]), kMoves, "um", backlash.um[axis],
                      "replicate_moves"),
           backlash.distance_um, backlash.direction);
    }
  }
}

void FindWide(const StageMoves& moves, Writer& writer) {
  for (const MoveGroup& group : moves.groups) {
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(group.axes); ++axis) {
      if (!(group.sd_um[axis].value > kWarnSdUm)) continue;
      writer.Find("stage_repeatability", Severity::kInfo,
                  "The stage returns with an SD of " + NumberText(group.sd_um[axis].value) +
                      " um along " + std::string(kAxes[axis]) + " after moves of " +
                      NumberText(group.distance_um) +
                      " um; the QUAREP-LiMi Tool-Kit warns above 0.5 um.");
      return;
    }
  }
}

}  // namespace

Report MovesReport(const Measured<StageMoves>& measured) {
  Report report;
  Writer writer(report, std::nullopt);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    writer.Find(Name(*fault), Severity::kFault,
                *fault == Fault::kNotFinite
                    ? "A position is not a finite number: correct the list."
                    : "No direction and distance has three returns: repeat each move at least "
                      "three times, ten are better.");
    return report;
  }
  const auto& moves = std::get<StageMoves>(measured);
  WriteGroups(moves, writer);
  WriteBacklash(moves, writer);
  FindWide(moves, writer);
  if (moves.too_few > 0) {
    writer.Find("too_few", Severity::kWarning,
                std::to_string(moves.too_few) +
                    " move(s) were made fewer than three times and give no repeatability.");
  }
  return report;
}

Report DriftReport(const Measured<StageDrift>& measured, const StageTrack& track,
                   const DriftSettings& settings) {
  Report report;
  Writer writer(report, std::nullopt);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    writer.Find(Name(*fault), Severity::kFault,
                "Drift needs at least three frames of a bead: record a series.");
    return report;
  }
  const auto& drift = std::get<StageDrift>(measured);
  const auto frames = static_cast<std::int64_t>(track.position_um.size());
  writer.Add("stage.drift_velocity", kTrack, "um/min", drift.velocity_um_per_min, "localisation")
      .n = frames;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
    writer
        .Add("stage.drift_velocity", kTrack, "um/min", drift.axis_velocity_um_per_min[axis],
             "localisation")
        .of["axis"] = std::string(kAxes[axis]);
  }
  if (drift.stabilisation_s) {
    Quantity& quantity = writer.Add("stage.stabilisation_time", kTrack, "s", *drift.stabilisation_s,
                                    "frame_interval");
    quantity.n = frames;
    quantity.of["threshold_um"] = settings.stable_um;
  } else {
    writer.Find("not_stable", Severity::kWarning,
                "The last step is still at or above " + NumberText(settings.stable_um) +
                    " um: the stage did not settle within the series.");
  }
  for (const LagDisplacement& lag : {drift.msd.front(), drift.msd.back()}) {
    writer.Add("stage.msd", kTrack, "um2", {lag.msd_um2, lag.u_um2}, "localisation").of["lag_s"] =
        lag.lag_s;
    if (drift.msd.size() == 1) break;
  }
  return report;
}

}  // namespace qc_metrics
