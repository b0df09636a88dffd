#include "qc_metrics/bead_track.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/simulation/stage_series.h"

namespace qc_metrics {
namespace {

using monitor::simulation::DriftScene;

std::vector<Stack> Frames(const std::vector<cv::Mat>& planes) {
  std::vector<Stack> frames;
  for (const cv::Mat& plane : planes) frames.push_back({{plane}});
  return frames;
}

DriftScene Scene(std::uint64_t seed) {
  DriftScene scene;
  scene.beads_px = {{20.3, 20.6}, {50.1, 22.4}, {75.8, 25.2}, {24.7, 55.5}, {60.2, 58.9}};
  scene.seed = seed;
  return scene;
}

TrackSettings SettingsOf(const DriftScene& scene) {
  return {.pixel_x_um = scene.pixel_um,
          .pixel_y_um = scene.pixel_um,
          .frame_interval_s = scene.interval_s};
}

TEST(BeadTrackTest, FollowsTheStageWithinItsUncertainty) {
  double velocity = 0.0, steps = 0.0;
  int n = 0, runs = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    DriftScene scene = Scene(seed);
    scene.frames = 12;
    scene.walk_um = 0.01;
    const auto series = RenderDrift(scene);
    const auto measured = TrackBeads(Frames(series.frames), SettingsOf(scene));
    ASSERT_TRUE(std::holds_alternative<BeadTracks>(measured));
    const auto& tracks = std::get<BeadTracks>(measured);
    EXPECT_EQ(tracks.kept, 5);
    for (std::size_t k = 1; k < series.path_um.size(); ++k) {
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const double truth = series.path_um[k][axis] - series.path_um[0][axis];
        const double u = std::hypot(tracks.track.u_um[k][axis], tracks.track.u_um[0][axis]);
        steps += std::pow((tracks.track.position_um[k][axis] - truth) / u, 2);
        EXPECT_LT(u, 0.003);
        ++n;
      }
    }
    const auto drift = std::get<StageDrift>(MeasureDrift(tracks.track, {}));
    const auto& last = series.path_um.back();
    const double truth =
        std::hypot(last[0] - series.path_um[0][0], last[1] - series.path_um[0][1]) * 60.0 /
        (11 * scene.interval_s);
    velocity +=
        std::pow((drift.velocity_um_per_min.value - truth) / *drift.velocity_um_per_min.u, 2);
    ++runs;
  }
  EXPECT_GT(std::sqrt(steps / n), 0.75);
  EXPECT_LT(std::sqrt(steps / n), 1.25);
  EXPECT_GT(std::sqrt(velocity / runs), 0.5);
  EXPECT_LT(std::sqrt(velocity / runs), 1.6);
}

TEST(BeadTrackTest, RejectedBeadsKeepTheirReason) {
  DriftScene scene = Scene(3);
  scene.frames = 8;
  auto series = RenderDrift(scene);
  TrackSettings settings = SettingsOf(scene);
  for (std::size_t k = 3; k < series.frames.size(); ++k) {
    series.frames[k](cv::Rect(8, 8, 26, 26)).setTo(140);  // the first bead has gone
  }
  series.frames[0].at<std::uint16_t>(22, 50) = 60000;  // the second one is saturated
  settings.saturation_adu = 60000.0;
  const auto measured = TrackBeads(Frames(series.frames), settings);
  const auto& tracks = std::get<BeadTracks>(measured);
  EXPECT_EQ(tracks.kept, 3);
  int lost = 0, saturated = 0;
  for (const TrackedBead& bead : tracks.beads) {
    lost += bead.rejected == "lost" ? 1 : 0;
    saturated += bead.rejected == "saturated" ? 1 : 0;
  }
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(saturated, 1);
  const Report report = TrackReport(measured, settings);
  EXPECT_EQ(report.objects.size(), tracks.beads.size());
}

TEST(BeadTrackTest, ABeadThatLeavesTheOthersIsAnOutlier) {
  DriftScene scene = Scene(4);
  scene.frames = 8;
  scene.beads_px.push_back({80.0, 60.0});
  const auto series = RenderDrift(scene);
  DriftScene alone = scene;
  alone.beads_px = {{80.0, 60.0}};
  alone.velocity_um_per_s = {0.02, 0.0};
  const auto loose = RenderDrift(alone);
  std::vector<cv::Mat> frames = series.frames;
  for (std::size_t k = 0; k < frames.size(); ++k) {
    loose.frames[k](cv::Rect(70, 48, 26, 24)).copyTo(frames[k](cv::Rect(70, 48, 26, 24)));
  }
  const auto tracks = std::get<BeadTracks>(TrackBeads(Frames(frames), SettingsOf(scene)));
  EXPECT_EQ(tracks.kept, 5);
  int outliers = 0;
  for (const TrackedBead& bead : tracks.beads) outliers += bead.rejected == "outlier" ? 1 : 0;
  EXPECT_EQ(outliers, 1);
}

TEST(BeadTrackTest, Refusals) {
  DriftScene scene = Scene(1);
  scene.frames = 3;
  const TrackSettings settings = SettingsOf(scene);
  auto frames = Frames(RenderDrift(scene).frames);
  const auto fault = [&](const std::vector<Stack>& own, const TrackSettings& with) {
    const auto measured = TrackBeads(own, with);
    const auto* found = std::get_if<Fault>(&measured);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  };
  EXPECT_EQ(fault(frames, settings), std::nullopt);
  EXPECT_EQ(fault({frames[0], frames[1]}, settings), Fault::kTooFew);
  EXPECT_EQ(fault({frames[0], frames[1], {}}, settings), Fault::kUnsupportedFormat);
  EXPECT_EQ(
      fault({frames[0], frames[1], {{frames[2].planes[0](cv::Rect(0, 0, 40, 40))}}}, settings),
      Fault::kUnsupportedFormat);
  TrackSettings low = settings;
  low.saturation_adu = 200.0;
  EXPECT_EQ(fault(frames, low), Fault::kSaturated);
  const std::vector<Stack> empty(4, Stack{{cv::Mat(60, 60, CV_16U, cv::Scalar(100))}});
  EXPECT_EQ(fault(empty, settings), Fault::kNoSignal);
  cv::Mat hole = cv::Mat::zeros(60, 60, CV_32F);
  hole.at<float>(1, 1) = NAN;
  EXPECT_EQ(fault(std::vector<Stack>(3, Stack{{hole}}), settings), Fault::kNotFinite);
}

}  // namespace
}  // namespace qc_metrics
