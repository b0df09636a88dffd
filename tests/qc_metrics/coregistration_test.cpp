// Co-registration on simulated bead fields: accuracy, uncertainty, matching, gates.

#include "qc_metrics/coregistration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/simulation/channel_transform.h"
#include "qc_metrics/coregistration_centroid.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;
using monitor::simulation::ChannelTransform;
using monitor::simulation::SecondChannel;

CoregistrationSettings SettingsOfAll(const std::vector<BeadScene>& scenes) {
  CoregistrationSettings settings;
  for (const BeadScene& scene : scenes) settings.channels.push_back(qc_metrics::SettingsOf(scene));
  return settings;
}

Coregistration Measure(const std::vector<BeadScene>& scenes,
                       const CoregistrationSettings& settings) {
  std::vector<Stack> stacks;
  for (const BeadScene& scene : scenes) stacks.push_back({RenderBeadStack(scene)});
  return MeasureCoregistration(stacks, settings);
}

/// Errors of one kind, in its own unit and in units of u.
struct Errors {
  double squares = 0.0, pulls = 0.0;
  int n = 0;

  void Add(double error, double u) {
    squares += error * error;
    pulls += error * error / (u * u);
    ++n;
  }
  [[nodiscard]] double Rms() const { return std::sqrt(squares / n); }
  [[nodiscard]] double Pull() const { return std::sqrt(pulls / n); }
};

const ChannelTransform kTransform{.shift_um = {0.123, -0.087, 0.31},
                                  .magnification = 1.0012,
                                  .rotation_deg = 0.08,
                                  .shear_deg = 0.02,
                                  .tilt = {0.002, -0.003}};

/// 14 beads on 230 x 200 x 30 voxels: quick to draw.
BeadScene SmallScene(std::uint64_t seed, double peak_e = 2000.0, int beads = 14) {
  BeadScene scene{230, 200, 30, kVoxelUm};
  scene.seed = seed;
  monitor::simulation::Random random(seed + 300);
  for (const auto& centre : ScatterCentres(scene, beads, 26.0, 16.0, 10.0, random)) {
    scene.beads.push_back({centre, monitor::simulation::EllipsoidCovariance(kFwhmUm), peak_e});
  }
  return scene;
}

// Cramer-Rao at 2000 electrons: .32 nm in x, y and 1.05 nm in z for a bead, times sqrt(2) for two
// channels; a field of 14 beads over 10 um divides by sqrt(14) for the shift.
TEST(Coregistration, FindsTheMapBetweenTwoChannels) {
  Errors bead_xy, bead_z, shift_xy, shift_z, size_and_turn, tilts;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const BeadScene a = SmallScene(seed);
    const BeadScene b = SecondChannel(a, kTransform, seed + 500);
    const Coregistration result = Measure({a, b}, SettingsOfAll({a, b}));
    ASSERT_EQ(result.pairs.size(), 1U);
    const PairResult& pair = result.pairs[0];
    ASSERT_EQ(pair.state, PairState::kMapped);
    EXPECT_GE(pair.Kept(), static_cast<int>(a.beads.size()) - 1);
    for (const BeadPair& bead : pair.beads) {
      if (!bead.rejected.empty()) continue;
      const auto truth = Apply(kTransform, a, bead.position_um);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const double error = bead.shift_um[axis] - (truth[axis] - bead.position_um[axis]);
        (axis == 2 ? bead_z : bead_xy).Add(error, bead.u_um[axis]);
      }
    }
    const ChannelMap& map = *pair.map;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      (axis == 2 ? shift_z : shift_xy)
          .Add(map.shift_um[axis].value - kTransform.shift_um[axis], map.shift_um[axis].u);
    }
    const auto add = [](const Estimate& e, double truth, Errors& to) {
      to.Add(e.value - truth, e.u);
    };
    add(map.magnification, kTransform.magnification, size_and_turn);
    add(map.rotation_deg, kTransform.rotation_deg, size_and_turn);
    add(map.shear_deg, kTransform.shear_deg, size_and_turn);
    add(map.tilt_deg[0], std::atan(kTransform.tilt[0]) * 180.0 / CV_PI, tilts);
    add(map.tilt_deg[1], std::atan(kTransform.tilt[1]) * 180.0 / CV_PI, tilts);
    EXPECT_NEAR(map.magnification.value, kTransform.magnification, 1.2e-4);
    EXPECT_NEAR(map.rotation_deg.value, kTransform.rotation_deg, 0.006);
  }
  EXPECT_LT(bead_xy.Rms(), 0.00055);
  EXPECT_LT(bead_z.Rms(), 0.0018);
  EXPECT_LT(shift_xy.Rms(), 0.00025);
  EXPECT_LT(shift_z.Rms(), 0.0008);
  for (const Errors* errors : {&bead_xy, &bead_z}) {
    EXPECT_GT(errors->Pull(), 0.9);  // 330 and more values: known to 4 %
    EXPECT_LT(errors->Pull(), 1.1);
  }
  for (const Errors* errors : {&shift_xy, &size_and_turn, &tilts}) {
    EXPECT_GT(errors->Pull(), 0.8);  // 48 to 72 values: known to 8 to 10 %
    EXPECT_LT(errors->Pull(), 1.25);
  }
}

// Places and gates are those of the point spread function's; what a place does not need is left
// out.
TEST(Coregistration, BeadsLieWhereThePointSpreadFunctionHasThem) {
  const BeadScene scene = SmallScene(2);
  const Stack stack{RenderBeadStack(scene)};
  const auto located = std::get<PsfField>(LocateBeads(stack, qc_metrics::SettingsOf(scene)));
  const auto measured = std::get<PsfField>(MeasurePsf(stack, qc_metrics::SettingsOf(scene)));
  ASSERT_EQ(located.beads.size(), measured.beads.size());
  for (std::size_t i = 0; i < located.beads.size(); ++i) {
    EXPECT_EQ(located.beads[i].position_px, measured.beads[i].position_px);
    EXPECT_EQ(located.beads[i].rejected, measured.beads[i].rejected);
    EXPECT_FALSE(located.beads[i].halfmax || located.beads[i].lines || located.beads[i].sbr);
  }
  EXPECT_EQ(located.noise.per_adu, measured.noise.per_adu);
  EXPECT_EQ(located.background_adu, measured.background_adu);
  EXPECT_EQ(std::get<Fault>(LocateBeads({}, qc_metrics::SettingsOf(scene))),
            Fault::kUnsupportedFormat);
}

TEST(Coregistration, FindsAShiftOfSeveralBeadDistances) {
  const BeadScene a = SmallScene(21, 4000.0);
  const ChannelTransform far{.shift_um = {2.6, -1.9, 0.4}};  // 40 px, 29 px, 2 slices
  const BeadScene b = SecondChannel(a, far, 521);
  const Coregistration result = Measure({a, b}, SettingsOfAll({a, b}));
  const PairResult& pair = result.pairs[0];
  ASSERT_EQ(pair.state, PairState::kMapped);
  EXPECT_GT(pair.outside, 0);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(pair.map->shift_um[axis].value, far.shift_um[axis],
                6.0 * pair.map->shift_um[axis].u);
  }
}

// A magnification of 5 % moves the shift by 1.6 nm for each half pixel that its place is off the
// image's centre: more than five times its uncertainty.
TEST(Coregistration, TheShiftIsThatOfTheImagesCentre) {
  const BeadScene a = SmallScene(4, 4000.0);
  const ChannelTransform move{.shift_um = {0.05, -0.04, 0.1}, .magnification = 1.05};
  const BeadScene b = SecondChannel(a, move, 77);
  const Coregistration result = Measure({a, b}, SettingsOfAll({a, b}));
  const PairResult& pair = result.pairs[0];
  ASSERT_TRUE(pair.map);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const auto& shift = pair.map->shift_um[axis];
    EXPECT_LT(shift.u, 0.0003);
    EXPECT_NEAR(shift.value, move.shift_um[axis], 4.0 * shift.u);
  }
}

TEST(Coregistration, OneBeadGivesItsShiftAndNoMap) {
  BeadScene a{64, 64, 30, kVoxelUm};
  a.beads.push_back({{30.2, 33.1, 14.4}, monitor::simulation::EllipsoidCovariance(kFwhmUm), 3000});
  const ChannelTransform move{.shift_um = {0.1, -0.2, 0.3}};
  const BeadScene b = SecondChannel(a, move, 7);
  const auto settings = SettingsOfAll({a, b});
  const Coregistration result = Measure({a, b}, settings);
  const PairResult& pair = result.pairs[0];
  EXPECT_EQ(pair.state, PairState::kBeadsOnly);
  EXPECT_FALSE(pair.map);
  ASSERT_EQ(pair.Kept(), 1);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(pair.beads[0].shift_um[axis], move.shift_um[axis], 5.0 * pair.beads[0].u_um[axis]);
    // A thresholded centre of mass is ten times coarser.
    ASSERT_TRUE(pair.beads[0].peer_shift_um);
    EXPECT_NEAR((*pair.beads[0].peer_shift_um)[axis], move.shift_um[axis], 0.06);
  }
}

// 1.5 um are 23 px of .065 um: a column that is hot in every slice draws the centre of mass of a
// cut that holds it, and not that of a cut which ends a pixel before, on whichever side.
TEST(Coregistration, ThePeersCutEndsAMicrometreAndAHalfFromTheBead) {
  BeadScene a{150, 160, 30, kVoxelUm};
  const auto covariance = monitor::simulation::EllipsoidCovariance(kFwhmUm);
  a.beads = {{{60.0, 70.0, 14.4}, covariance, 3000}, {{120.0, 130.0, 14.4}, covariance, 3000}};
  const BeadScene b = SecondChannel(a, {}, 7);
  const auto peer_shift = [&](int dx, int dy) {
    BeadScene hot = b;
    hot.hot_pixels.push_back({60 + dx, 70 + dy, 3000.0});
    const Coregistration result = Measure({a, hot}, SettingsOfAll({a, hot}));
    for (const BeadPair& bead : result.pairs[0].beads) {
      if (std::abs(bead.position_um[0] - 60.0 * kVoxelUm[0]) < 0.1) return *bead.peer_shift_um;
    }
    return std::array<double, 3>{};
  };
  for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
    const auto beyond = peer_shift(24 * dx, 24 * dy), within = peer_shift(23 * dx, 23 * dy);
    for (const std::size_t axis : {0U, 1U}) {
      EXPECT_NEAR(beyond[axis], 0.0, 0.06) << dx << " " << dy;
      EXPECT_NEAR(within[axis], 0.0, (axis == 0 ? dx : dy) == 0 ? 0.06 : 2.0) << dx << " " << dy;
    }
    EXPECT_GT(within[0] * dx + within[1] * dy, 0.3) << dx << " " << dy;
  }
}

// One voxel of light in an empty image: its centre by any definition. Two voxels above the limit
// weigh by their values; what is below the limit does not count.
TEST(MetrolojCentre, IsTheCentreOfMassAboveTheClassLimit) {
  Stack stack;
  for (int z = 0; z < 9; ++z) stack.planes.push_back(cv::Mat::zeros(20, 24, CV_16U));
  stack.planes[4].at<std::uint16_t>(7, 11) = 3000;
  const cv::Rect whole(0, 0, 24, 20);
  EXPECT_EQ(MetrolojCentre(stack, whole), (std::array<double, 3>{11.0, 7.0, 4.0}));
  EXPECT_EQ(MetrolojCentre(stack, cv::Rect(5, 3, 12, 9)), (std::array<double, 3>{11.0, 7.0, 4.0}));
  stack.planes[5].at<std::uint16_t>(7, 12) = 2700;
  stack.planes[1].at<std::uint16_t>(2, 20) = 300;
  const auto two = MetrolojCentre(stack, whole);
  ASSERT_TRUE(two);
  EXPECT_NEAR((*two)[0], 11.0 + 2700.0 / 5700.0, 1e-4);
  EXPECT_NEAR((*two)[1], 7.0, 1e-9);
  EXPECT_NEAR((*two)[2], 4.0 + 2700.0 / 5700.0, 1e-4);
  EXPECT_FALSE(MetrolojCentre(stack, cv::Rect(0, 10, 5, 5)));
}

TEST(Coregistration, ABeadThatOneChannelRejectsIsRejectedForItsReason) {
  const BeadScene a = SmallScene(22);
  BeadScene b = SecondChannel(a, {}, 522);
  b.beads[2].peak_e = 9000.0;
  b.camera.saturation_adu = 9000.0;
  b.beads[5].centre_px[2] = 1.0;
  b.beads.erase(b.beads.begin() + 8);
  b.beads.push_back(b.beads[0]);
  b.beads.back().centre_px[0] += 5.5;
  const Coregistration result = Measure({a, b}, SettingsOfAll({a, b}));
  const PairResult& pair = result.pairs[0];
  const auto reason = [&](std::size_t i) -> std::string_view {
    for (const BeadPair& bead : pair.beads) {
      const double d = std::hypot(bead.position_um[0] / kVoxelUm[0] - a.beads[i].centre_px[0],
                                  bead.position_um[1] / kVoxelUm[1] - a.beads[i].centre_px[1]);
      if (bead.bead_a >= 0 && d < 2.0) return bead.rejected;
    }
    return "none";
  };
  EXPECT_EQ(reason(0), "too_close");
  EXPECT_EQ(reason(1), "");
  EXPECT_EQ(reason(2), "saturated");
  EXPECT_EQ(reason(5), "z_edge");
  EXPECT_EQ(reason(8), "unmatched");
  EXPECT_EQ(pair.Kept(), static_cast<int>(a.beads.size()) - 4);
}

TEST(Coregistration, ADisplacedBeadIsAnOutlier) {
  const BeadScene a = SmallScene(23);
  BeadScene b = SecondChannel(a, kTransform, 523);
  b.beads[4].centre_px[0] += 0.5;
  const Coregistration result = Measure({a, b}, SettingsOfAll({a, b}));
  int outliers = 0;
  for (const BeadPair& bead : result.pairs[0].beads) {
    if (bead.rejected != "outlier") continue;
    ++outliers;
    EXPECT_NEAR(bead.residual_um[0], 0.5 * kVoxelUm[0], 0.005);
  }
  EXPECT_EQ(outliers, 1);
  EXPECT_NEAR(result.pairs[0].map->shift_um[0].value, kTransform.shift_um[0], 0.001);
}

TEST(Coregistration, ThreeChannelsMakeThreePairsOrTwoAgainstAReference) {
  const BeadScene a = SmallScene(24, 3000.0, 8);
  const BeadScene b = SecondChannel(a, {.shift_um = {0.1, 0.0, 0.0}}, 524);
  const BeadScene c = SecondChannel(a, {.shift_um = {0.0, 0.2, 0.0}}, 525);
  CoregistrationSettings settings = SettingsOfAll({a, b, c});
  const Coregistration all = Measure({a, b, c}, settings);
  ASSERT_EQ(all.pairs.size(), 3U);
  const std::array<std::pair<int, int>, 3> order = {{{0, 1}, {0, 2}, {1, 2}}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(std::pair(all.pairs[i].a, all.pairs[i].b), order[i]);
  }
  EXPECT_NEAR(all.pairs[2].map->shift_um[0].value, -0.1, 0.002);
  EXPECT_NEAR(all.pairs[2].map->shift_um[1].value, 0.2, 0.002);
  settings.reference_channel = 1;
  const Coregistration against = Measure({a, b, c}, settings);
  ASSERT_EQ(against.pairs.size(), 2U);
  EXPECT_EQ(std::pair(against.pairs[0].a, against.pairs[0].b), (std::pair{1, 0}));
  EXPECT_EQ(std::pair(against.pairs[1].a, against.pairs[1].b), (std::pair{1, 2}));
  EXPECT_NEAR(against.pairs[0].map->shift_um[0].value, -0.1, 0.002);
}

TEST(Coregistration, AChannelWithoutBeadsIsAFaultOfItsOwn) {
  const BeadScene a = SmallScene(25, 3000.0, 8);
  const BeadScene b = SecondChannel(a, {}, 526);
  BeadScene dark = a;
  dark.beads.clear();
  const Coregistration result = Measure({a, dark, b}, SettingsOfAll({a, dark, b}));
  EXPECT_EQ(std::get<Fault>(result.channels[1]), Fault::kNoSignal);
  ASSERT_EQ(result.pairs.size(), 1U);
  EXPECT_EQ(result.pairs[0].b, 2);
  EXPECT_EQ(result.pairs[0].state, PairState::kMapped);
}

TEST(Coregistration, RefusesChannelsThatAreNotAlike) {
  const auto planes = [](int side, int count) {
    return Stack{std::vector<cv::Mat>(static_cast<std::size_t>(count),
                                      cv::Mat(side, side, CV_16U, cv::Scalar(100)))};
  };
  const PsfSettings channel{0.1, 0.1, 0.2};
  const auto measure = [&](const std::vector<Stack>& stacks, CoregistrationSettings settings) {
    return MeasureCoregistration(stacks, settings);
  };
  const CoregistrationSettings two{{channel, channel}};
  EXPECT_NO_THROW(measure({planes(32, 8), planes(32, 8)}, two));
  EXPECT_THROW(measure({planes(32, 8)}, {{channel}}), std::invalid_argument);
  EXPECT_THROW(measure({planes(32, 8), planes(32, 8)}, {{channel}}), std::invalid_argument);
  EXPECT_THROW(measure({planes(32, 8), planes(33, 8)}, two), std::invalid_argument);
  EXPECT_THROW(measure({planes(32, 8), planes(32, 9)}, two), std::invalid_argument);
  EXPECT_THROW(measure({planes(32, 8), Stack{}}, two), std::invalid_argument);
  EXPECT_THROW(measure({Stack{}, Stack{}}, two), std::invalid_argument);
  for (const PsfSettings& other :
       {PsfSettings{0.11, 0.1, 0.2}, PsfSettings{0.1, 0.11, 0.2}, PsfSettings{0.1, 0.1, 0.21}}) {
    EXPECT_THROW(measure({planes(32, 8), planes(32, 8)}, {{channel, other}}),
                 std::invalid_argument);
  }
  EXPECT_THROW(measure({planes(32, 8), planes(32, 8)}, {{channel, channel}, 2}),
               std::invalid_argument);
  EXPECT_THROW(measure({planes(32, 8), planes(32, 8)}, {{channel, channel}, -1}),
               std::invalid_argument);
  EXPECT_NO_THROW(measure({planes(32, 8), planes(32, 8)}, {{channel, channel}, 1}));
}

}  // namespace
}  // namespace qc_metrics
