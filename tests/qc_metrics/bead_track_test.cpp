#include "qc_metrics/bead_track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

// Beads of 900 ADU and a sigma of 1.5 px (2 planes along z) on 100 ADU, with a noise of 3 ADU.
Stack Drawn(const std::vector<std::array<double, 3>>& beads, int planes, std::uint64_t seed,
            double height = 900.0, double variance_px2 = 2.25) {
  Stack stack;
  cv::RNG rng(seed);
  for (int z = 0; z < planes; ++z) {
    cv::Mat plane(64, 80, CV_32F), noise(64, 80, CV_32F);
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 80; ++x) {
        double value = 100.0;
        for (const auto& b : beads) {
          const double r2 = (x - b[0]) * (x - b[0]) + (y - b[1]) * (y - b[1]);
          const double along = planes > 1 ? (z - b[2]) * (z - b[2]) / 8.0 : 0.0;
          value += height * std::exp(-0.5 * r2 / variance_px2 - along);
        }
        plane.at<float>(y, x) = static_cast<float>(value);
      }
    }
    rng.fill(noise, cv::RNG::NORMAL, 0.0, 3.0);
    stack.planes.push_back(plane + noise);
  }
  return stack;
}

const std::vector<std::array<double, 3>> kFive = {
    {14.0, 12.0, 5.0}, {40.0, 13.0, 5.0}, {66.0, 14.0, 5.0}, {20.0, 48.0, 5.0}, {58.0, 50.0, 5.0}};

std::vector<std::array<double, 3>> Moved(std::vector<std::array<double, 3>> beads, double x,
                                         double y, double z = 0.0) {
  for (auto& bead : beads) bead = {bead[0] + x, bead[1] + y, bead[2] + z};
  return beads;
}

TEST(BeadTrackTest, AStackIsFollowedAlongZToo) {
  std::vector<Stack> frames;
  for (int k = 0; k < 4; ++k) {
    frames.push_back(
        Drawn(Moved(kFive, 0.3 * k, -0.2 * k, 0.4 * k), 12, 9 + static_cast<std::uint64_t>(k)));
  }
  const TrackSettings settings{
      .pixel_x_um = 0.1, .pixel_y_um = 0.2, .frame_interval_s = 1.0, .z_step_um = 0.5};
  const auto tracks = std::get<BeadTracks>(TrackBeads(frames, settings));
  EXPECT_EQ(tracks.kept, 5);
  EXPECT_EQ(tracks.track.axes, 3);
  for (std::size_t k = 0; k < 4; ++k) {
    const auto& at = tracks.track.position_um[k];
    const auto& u = tracks.track.u_um[k];
    EXPECT_NEAR(at[0], 0.03 * static_cast<double>(k), 0.002);
    EXPECT_NEAR(at[1], -0.04 * static_cast<double>(k), 0.004);
    EXPECT_NEAR(at[2], 0.2 * static_cast<double>(k), 0.01);
    for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_GT(u[axis], 0.0);
    EXPECT_LT(u[2], 0.01);
  }
  const Report report = TrackReport(tracks, settings);
  const auto first =
      std::find_if(report.objects.begin(), report.objects.end(), [](const Object& o) {
        return std::abs(o.position_um[0] - 1.4) < 0.05 && std::abs(o.position_um[1] - 2.4) < 0.1;
      });
  ASSERT_NE(first, report.objects.end());
  EXPECT_NEAR(first->position_um[2], 2.5, 0.05);
  const auto flat = std::get<BeadTracks>(
      TrackBeads({Drawn(kFive, 1, 1), Drawn(kFive, 1, 2), Drawn(kFive, 1, 3)}, settings));
  EXPECT_EQ(flat.track.axes, 2);
}

// Five can outvote one that goes its own way along either axis, four cannot.
TEST(BeadTrackTest, OneOfFiveIsAnOutlierAlongEitherAxis) {
  for (const std::size_t axis : {0UL, 1UL}) {
    for (const std::size_t beads : {5UL, 4UL}) {
      std::vector<Stack> frames;
      for (int k = 0; k < 4; ++k) {
        auto places = Moved({kFive.begin(), kFive.begin() + static_cast<std::ptrdiff_t>(beads)},
                            0.2 * k, 0.1 * k);
        places[1][axis] += 0.4 * k;
        frames.push_back(Drawn(places, 1, 20 + static_cast<std::uint64_t>(k)));
      }
      const auto tracks = std::get<BeadTracks>(
          TrackBeads(frames, {.pixel_x_um = 0.1, .pixel_y_um = 0.1, .frame_interval_s = 1.0}));
      EXPECT_EQ(tracks.kept, 4);
      int outliers = 0;
      for (const TrackedBead& bead : tracks.beads) outliers += bead.rejected == "outlier" ? 1 : 0;
      EXPECT_EQ(outliers, beads == 5 ? 1 : 0);
    }
  }
}

// Three beads that part from each other: of both frames' noise the half of their scatter is one's.
TEST(BeadTrackTest, UncertaintyIsTheScatterOfThreeBeadsOrMore) {
  for (const std::size_t beads : {3UL, 2UL}) {
    std::vector<std::array<double, 3>> places(kFive.begin(),
                                              kFive.begin() + static_cast<std::ptrdiff_t>(beads));
    std::vector<Stack> frames = {Drawn(places, 1, 31), Drawn(places, 1, 32)};
    places[0][0] += 0.3;
    places[1][0] -= 0.3;
    frames.push_back(Drawn(places, 1, 33));
    const auto tracks = std::get<BeadTracks>(
        TrackBeads(frames, {.pixel_x_um = 0.1, .pixel_y_um = 0.1, .frame_interval_s = 1.0}));
    ASSERT_EQ(tracks.kept, static_cast<int>(beads));
    const double u = tracks.track.u_um[2][0];
    const double expected = 0.1 * std::sqrt(0.5 * 0.09 / 3.0);  // of -.3 0 .3: the variance is .09
    if (beads == 3) {
      EXPECT_NEAR(u, expected, 0.05 * expected);
    } else {
      EXPECT_LT(u, 0.2 * expected);
    }
    EXPECT_LT(tracks.track.u_um[0][0], 0.2 * expected);  // the first frame has no displacement
  }
}

// The first window reaches 7 px to each side: a bead 7 px from the last row and column is whole.
TEST(BeadTrackTest, TheWindowMayTouchTheBorder) {
  const std::vector<std::array<double, 3>> corners = {{72.0, 56.0, 0.0}, {8.0, 8.0, 0.0}};
  std::vector<Stack> frames;
  for (std::uint64_t k = 0; k < 3; ++k) frames.push_back(Drawn(corners, 1, 40 + k));
  const auto tracks = std::get<BeadTracks>(
      TrackBeads(frames, {.pixel_x_um = 0.1, .pixel_y_um = 0.1, .frame_interval_s = 1.0}));
  EXPECT_EQ(tracks.kept, 2);
}

// Later windows reach 4 sigma, 6 px for one of 1.4 px, about the bead's last place: one that
// reaches the border pixel is whole, one that reaches beyond it is cut.
TEST(BeadTrackTest, ABeadThatWalksOffIsAtTheEdge) {
  struct Side {
    std::size_t axis;
    int sign, last;  // the pixel of the border
  };
  for (const Side& side : {Side{0, 1, 79}, {0, -1, 0}, {1, 1, 63}, {1, -1, 0}}) {
    const auto walk = [&](double first, double second) {
      std::vector<Stack> frames;
      std::uint64_t seed = 60;
      for (const double at : {first, second, second}) {
        std::array<double, 3> place = {40.0, 32.0, 0.0};
        place[side.axis] = side.last - side.sign * at;
        frames.push_back(Drawn({place}, 1, ++seed, 900.0, 1.96));
      }
      return TrackBeads(frames, {.pixel_x_um = 0.1, .pixel_y_um = 0.1, .frame_interval_s = 1.0});
    };
    const auto inside = walk(8.0, 6.0);
    ASSERT_TRUE(std::holds_alternative<BeadTracks>(inside)) << side.axis << " " << side.sign;
    EXPECT_EQ(std::get<BeadTracks>(inside).kept, 1);
    const auto outside = walk(8.0, 5.0);
    ASSERT_TRUE(std::holds_alternative<Fault>(outside)) << side.axis << " " << side.sign;
  }
}

// 4.2 noise SDs high: smoothed along both axes the bead stands out by 10 SDs, along one by 6.6.
TEST(BeadTrackTest, AFaintBeadIsFoundInTheSmoothedImage) {
  std::vector<Stack> frames;
  for (std::uint64_t k = 0; k < 3; ++k) {
    frames.push_back(Drawn({{40.0, 30.0, 0.0}}, 1, 50 + k, 12.6));
  }
  const auto measured =
      TrackBeads(frames, {.pixel_x_um = 0.1, .pixel_y_um = 0.1, .frame_interval_s = 1.0});
  ASSERT_TRUE(std::holds_alternative<BeadTracks>(measured));
  EXPECT_EQ(std::get<BeadTracks>(measured).kept, 1);
}

TEST(BeadTrackTest, SamplesOfAnyTypeAreFollowedAlike) {
  DriftScene scene = Scene(6);
  scene.frames = 3;
  const auto series = RenderDrift(scene);
  const auto of = [&](int type) {
    std::vector<cv::Mat> frames;
    for (const cv::Mat& plane : series.frames) plane.convertTo(frames.emplace_back(), type);
    return std::get<BeadTracks>(TrackBeads(Frames(frames), SettingsOf(scene)));
  };
  const BeadTracks usual = of(CV_16U);
  EXPECT_EQ(usual.kept, 5);
  for (const int type : {CV_32S, CV_32F}) {
    const BeadTracks other = of(type);
    EXPECT_EQ(other.kept, usual.kept);
    EXPECT_EQ(other.track.position_um, usual.track.position_um);
  }
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
