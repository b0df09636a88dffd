#include "qc_metrics/stage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "monitor/simulation/random.h"
#include "monitor/simulation/stage_series.h"

namespace qc_metrics {
namespace {

using monitor::simulation::MoveScene;
using monitor::simulation::Random;

std::vector<StagePosition> Positions(const MoveScene& scene) {
  std::vector<StagePosition> out;
  for (const auto& back : SimulateMoves(scene)) {
    out.push_back({back.direction, back.distance_um, back.position_um, true});
  }
  return out;
}

const MoveGroup& Group(const StageMoves& moves, const std::string& direction, double distance_um) {
  for (const MoveGroup& group : moves.groups) {
    if (group.direction == direction && group.distance_um == distance_um) return group;
  }
  ADD_FAILURE() << direction << " " << distance_um;
  return moves.groups.front();
}

TEST(StageMovesTest, EveryDirectionAndDistanceHasItsRepeatability) {
  const MoveScene scene{.rounds = 10, .seed = 3};
  const auto moves = std::get<StageMoves>(MeasureMoves(Positions(scene)));
  // A peer parsed four of five directions: all six and all of them together, for each distance.
  EXPECT_EQ(moves.groups.size(), 14U);
  EXPECT_EQ(moves.too_few, 0);
  std::set<std::string> directions;
  for (const MoveGroup& group : moves.groups) directions.insert(group.direction);
  EXPECT_EQ(directions.size(), 7U);
  EXPECT_EQ(moves.groups.front().direction, "");
  EXPECT_EQ(moves.groups.front().n, 60);
  EXPECT_EQ(Group(moves, "-x-y", 3000.0).n, 10);
  EXPECT_EQ(Group(moves, "+x", 300.0).axes, 3);
  // Opposite approaches spread wider than each of them.
  EXPECT_GT(Group(moves, "", 300.0).sd_um[0].value, Group(moves, "+y", 300.0).sd_um[0].value);
}

TEST(StageMovesTest, FiguresLieWithinTheirUncertainty) {
  double sd = 0.0, accuracy = 0.0, backlash = 0.0, bias = 0.0;
  int n_sd = 0, n_backlash = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const MoveScene scene{.distances_um = {300.0}, .rounds = 8, .seed = seed};
    const auto moves = std::get<StageMoves>(MeasureMoves(Positions(scene)));
    for (std::size_t i = 0; i < scene.directions.size(); ++i) {
      const MoveGroup& group = Group(moves, scene.directions[i], 300.0);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        sd += std::pow((group.sd_um[axis].value - scene.sd_um[axis]) / *group.sd_um[axis].u, 2);
        const double away = 0.5 * scene.backlash_um[axis] * scene.steps[i][axis];
        accuracy +=
            std::pow((group.accuracy_um[axis].value - away) / *group.accuracy_um[axis].u, 2);
        ++n_sd;
      }
    }
    ASSERT_EQ(moves.backlash.size(), 3U);
    for (const Backlash& own : moves.backlash) {
      for (std::size_t axis = 0; axis < 2; ++axis) {
        if (!own.moves[axis]) continue;
        backlash += std::pow((own.um[axis].value - scene.backlash_um[axis]) / *own.um[axis].u, 2);
        bias += own.um[axis].value - scene.backlash_um[axis];
        ++n_backlash;
      }
    }
  }
  EXPECT_NEAR(std::sqrt(sd / n_sd), 1.0, 0.12);
  EXPECT_NEAR(std::sqrt(accuracy / n_sd), 1.0, 0.1);
  EXPECT_NEAR(std::sqrt(backlash / n_backlash), 1.0, 0.12);
  EXPECT_NEAR(bias / n_backlash, 0.0, 0.02);
}

TEST(StageMovesTest, BacklashIsForwardLessBackward) {
  std::vector<StagePosition> positions;
  for (const double step : {-0.1, 0.0, 0.1}) {
    positions.push_back({"x+", 50.0, {2.0 + step, 1.0, 0.0}, false});
    positions.push_back({"X-", 50.0, {1.5 + step, 1.0, 0.0}, false});
    positions.push_back({"sideways", 50.0, {9.0, 9.0, 0.0}, false});
  }
  const auto moves = std::get<StageMoves>(MeasureMoves(positions));
  ASSERT_EQ(moves.backlash.size(), 1U);
  EXPECT_NEAR(moves.backlash.front().um[0].value, 0.5, 1e-12);
  EXPECT_NEAR(*moves.backlash.front().um[0].u, 0.1 * std::sqrt(2.0 / 3.0) * std::sqrt(2.0), 1e-12);
  EXPECT_TRUE(moves.backlash.front().moves[0]);
  EXPECT_FALSE(moves.backlash.front().moves[1]);
  EXPECT_EQ(moves.groups.size(), 4U);  // the word without a step is measured too
  EXPECT_EQ(moves.groups.front().axes, 2);
  EXPECT_FALSE(moves.groups.front().has_accuracy);
  EXPECT_NEAR(Group(moves, "x+", 50.0).sd_um[0].value, 0.1, 1e-12);
  EXPECT_FALSE(Group(moves, "x+", 50.0).sd_um[0].u.has_value());
}

// Three references say little of their scatter: then it is that of the returns.
TEST(StageMovesTest, AccuracyTakesTheScatterOfTheReferences) {
  std::vector<StagePosition> positions;
  for (const double step : {-3.0, -1.0, 1.0, 3.0}) {
    positions.push_back({"+x", 50.0, {5.0 + 0.1 * step, 0.0, 0.0}, false});
    positions.push_back({"", 0.0, {0.01 * step, 0.0, 0.0}, false});
  }
  const auto u = [](const std::vector<StagePosition>& of) {
    return *Group(std::get<StageMoves>(MeasureMoves(of)), "+x", 50.0).accuracy_um[0].u;
  };
  const double of_four = 0.1 * std::sqrt(20.0 / 3.0 / 4.0 * 3.0);  // Student's with 3 degrees
  EXPECT_NEAR(u(positions), std::hypot(of_four, 0.1 * of_four), 1e-12);
  positions.pop_back();
  EXPECT_NEAR(u(positions), std::hypot(of_four, of_four * std::sqrt(4.0 / 3.0)), 1e-12);
}

TEST(StageMovesTest, DirectionsInEveryWriting) {
  using Step = std::array<int, 3>;
  EXPECT_EQ(DirectionOf("+x"), (Step{1, 0, 0}));
  EXPECT_EQ(DirectionOf("x"), (Step{1, 0, 0}));
  EXPECT_EQ(DirectionOf("X-"), (Step{-1, 0, 0}));
  EXPECT_EQ(DirectionOf("-x+y"), (Step{-1, 1, 0}));
  EXPECT_EQ(DirectionOf("-xy"), (Step{-1, 1, 0}));
  EXPECT_EQ(DirectionOf("x+y-"), (Step{1, -1, 0}));
  EXPECT_EQ(DirectionOf("z-"), (Step{0, 0, -1}));
  EXPECT_EQ(DirectionOf("Left"), (Step{-1, 0, 0}));
  EXPECT_EQ(DirectionOf("up"), (Step{0, -1, 0}));
  for (const char* word : {"", "+", "diagonal", "xx", "x++", "xy-", "w"}) {
    EXPECT_EQ(DirectionOf(word), std::nullopt) << word;
  }
}

TEST(StageMovesTest, TooFewAndNotFinite) {
  EXPECT_EQ(std::get<Fault>(MeasureMoves({})), Fault::kTooFew);
  std::vector<StagePosition> positions = {{"+x", 300.0, {1, 1, 1}, true},
                                          {"+x", 300.0, {2, 1, 1}, true}};
  EXPECT_EQ(std::get<Fault>(MeasureMoves(positions)), Fault::kTooFew);
  positions.push_back({"+x", 300.0, {3, 1, 1}, true});
  positions.push_back({"-x", 300.0, {3, 1, 1}, true});
  const auto moves = std::get<StageMoves>(MeasureMoves(positions));
  EXPECT_EQ(moves.groups.size(), 1U);
  EXPECT_EQ(moves.too_few, 1);
  positions[0].position_um[2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(std::get<Fault>(MeasureMoves(positions)), Fault::kNotFinite);
}

StageTrack Straight(int frames, double per_frame_um, double noise_um, std::uint64_t seed) {
  Random random(seed);
  StageTrack track{.frame_interval_s = 2.0};
  for (int k = 0; k < frames; ++k) {
    track.position_um.push_back({per_frame_um * k + noise_um * random.Normal(),
                                 -0.5 * per_frame_um * k + noise_um * random.Normal(), 0.0});
    track.u_um.push_back({noise_um, noise_um, 0.0});
  }
  return track;
}

TEST(StageDriftTest, VelocityWithinItsUncertainty) {
  double pulls = 0.0;
  const double truth = std::hypot(0.01, 0.005) * 30.0;  // um a minute
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto drift =
        std::get<StageDrift>(MeasureDrift(Straight(40, 0.01, 0.004, seed), DriftSettings{}));
    pulls += std::pow((drift.velocity_um_per_min.value - truth) / *drift.velocity_um_per_min.u, 2);
    EXPECT_NEAR(drift.msd.front().msd_um2, 1.25e-4, 8e-5);
    EXPECT_EQ(drift.msd.size(), 10U);
  }
  EXPECT_NEAR(std::sqrt(pulls / 300.0), 1.0, 0.15);
  const auto exact = std::get<StageDrift>(MeasureDrift(Straight(40, 0.01, 0.0, 1), {}));
  EXPECT_NEAR(exact.velocity_um_per_min.value, truth, 1e-12);
  EXPECT_NEAR(exact.axis_velocity_um_per_min[1].value, -0.15, 1e-12);
  EXPECT_NEAR(exact.msd[3].msd_um2, std::pow(4.0 * std::hypot(0.01, 0.005), 2), 1e-12);
  EXPECT_NEAR(exact.msd[3].lag_s, 8.0, 1e-12);
}

// 400 recordings of a path, moving by 2.5 times the noise a frame and at rest: pull of the shortest
// and the longest lag. Where steps are within their noise, what they seem to add is cut at 0 from
// below, which makes u up to a sixth too large: seen .865 to 1.0.
TEST(StageDriftTest, SquaredDisplacementsWithinTheirUncertainty) {
  for (const double per_frame_um : {0.01, 0.0}) {
    std::array<double, 2> squares{};
    std::array<double, 2> u2{};
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      const auto drift =
          std::get<StageDrift>(MeasureDrift(Straight(40, per_frame_um, 0.004, seed), {}));
      for (std::size_t i = 0; i < 2; ++i) {
        const LagDisplacement& lag = i == 0 ? drift.msd.front() : drift.msd.back();
        const double truth = 1.25 * std::pow(per_frame_um * lag.lag_s / 2.0, 2);
        squares[i] += std::pow(lag.msd_um2 - truth, 2);
        u2[i] += lag.u_um2 * lag.u_um2;
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_GT(std::sqrt(squares[i] / u2[i]), 0.8) << i;
      EXPECT_LT(std::sqrt(squares[i] / u2[i]), 1.12) << i;
    }
  }
}

// The relative uncertainty of a sample SD, by hand from the mean of 1 / chi and 1 / chi^2: of 4
// values 1 - 2 sqrt(1.5) / G(1.5) + 3, of 6 values 1 - 2 sqrt(2.5) G(2) / G(2.5) + 5 / 3.
TEST(StageMovesTest, UncertaintyOfFewReturnsIsExact) {
  const double root_pi = std::sqrt(std::numbers::pi);
  for (const int n : {4, 6}) {
    std::vector<StagePosition> positions = {{"", 0.0, {0.5, 0.0, 0.0}, false},
                                            {"", 0.0, {0.7, 0.0, 0.0}, false}};
    double squares = 0.0;
    for (int i = 0; i < n; ++i) {
      const double x = 0.1 * (i - 0.5 * (n - 1));
      squares += x * x;
      positions.push_back({"+x", 10.0, {2.0 + x, 1.0, 0.0}, false});
    }
    const auto moves = std::get<StageMoves>(MeasureMoves(positions));
    ASSERT_EQ(moves.groups.size(), 1U);
    const MoveGroup& group = moves.groups.front();
    const double sd = std::sqrt(squares / (n - 1));
    const double gamma = n == 4 ? 2.0 / root_pi : 4.0 / 3.0 / root_pi;  // of (f - 1) / 2 over f / 2
    const double freedom = n - 1.0;
    const double relative =
        std::sqrt(1.0 - 2.0 * std::sqrt(0.5 * freedom) * gamma + freedom / (freedom - 2.0));
    EXPECT_NEAR(group.sd_um[0].value, sd, 1e-12);
    EXPECT_NEAR(*group.sd_um[0].u, sd * relative, 1e-12);
    EXPECT_NEAR(group.mean_um[0].value, 2.0, 1e-12);
    const double student = std::sqrt(freedom / (freedom - 2.0));
    EXPECT_NEAR(*group.mean_um[0].u, sd / std::sqrt(n) * student, 1e-12);
    EXPECT_TRUE(group.has_accuracy);
    EXPECT_NEAR(group.accuracy_um[0].value, 1.4, 1e-12);
    EXPECT_NEAR(*group.accuracy_um[0].u, sd * student * std::sqrt(1.0 / n + 0.5), 1e-12);
    EXPECT_NEAR(group.accuracy_um[1].value, 1.0, 1e-12);
    EXPECT_EQ(group.axes, 2);
  }
}

TEST(StageMovesTest, BacklashNeedsThreeReturnsOfBothDirections) {
  std::vector<StagePosition> positions;
  for (const double step : {-0.1, 0.0, 0.1}) {
    positions.push_back({"+x-y", 50.0, {2.0 + step, 1.0, 0.2}, true});
    positions.push_back({"-x+y", 60.0, {1.0 + step, 3.0, 0.0}, true});  // another distance
    positions.push_back({"-x-y", 50.0, {1.0 + step, 3.0, 0.0}, true});  // not opposite
    positions.push_back({"+z", 50.0, {1.0, 3.0, 0.5 + step}, true});
    positions.push_back({"-z", 50.0, {1.0, 3.0, 0.2 + step}, true});
    if (step < 0.05) positions.push_back({"-x+y", 50.0, {1.5 + step, 0.7, 0.1}, true});
  }
  auto moves = std::get<StageMoves>(MeasureMoves(positions));
  ASSERT_EQ(moves.backlash.size(), 1U);
  EXPECT_EQ(moves.backlash[0].direction, "+z");
  EXPECT_NEAR(moves.backlash[0].um[2].value, 0.3, 1e-12);
  EXPECT_EQ(moves.too_few, 1);
  positions.push_back({"-x+y", 50.0, {1.6, 0.7, 0.1}, true});
  moves = std::get<StageMoves>(MeasureMoves(positions));
  ASSERT_EQ(moves.backlash.size(), 2U);
  EXPECT_EQ(moves.backlash[0].direction, "+x-y");
  EXPECT_NEAR(moves.backlash[0].um[0].value, 0.5, 1e-12);
  EXPECT_NEAR(moves.backlash[0].um[1].value, 0.3, 1e-12);
  EXPECT_NEAR(moves.backlash[0].um[2].value, 0.1, 1e-12);
  EXPECT_EQ(moves.backlash[0].moves, (std::array<bool, 3>{true, true, false}));
}

// Without a reference there is no accuracy to tell, and of two axes none along z.
TEST(StageReportTest, AccuracyNeedsAReference) {
  std::vector<StagePosition> positions;
  for (const double step : {-0.1, 0.0, 0.1, 0.2}) {
    positions.push_back({"+x", 50.0, {2.0 + step, 1.0, 0.0}, false});
  }
  const auto count = [&](const std::string& id) {
    const Report report = MovesReport(MeasureMoves(positions));
    return std::count_if(report.quantities.begin(), report.quantities.end(),
                         [&](const Quantity& quantity) { return quantity.id == id; });
  };
  EXPECT_EQ(count("stage.accuracy.x"), 0);
  EXPECT_EQ(count("stage.repeatability.x"), 1);
  EXPECT_EQ(count("stage.repeatability.z"), 0);
  positions.push_back({"", 0.0, {2.0, 1.0, 0.0}, false});
  EXPECT_EQ(count("stage.accuracy.x"), 1);
  EXPECT_EQ(count("stage.accuracy.z"), 0);
}

// 23 frames: the first and last two tell the velocity, and the mean square is of up to five lags.
TEST(StageDriftTest, FiguresOfAParabolicPathByHand) {
  StageTrack track{.frame_interval_s = 3.0, .axes = 3};
  for (int k = 0; k < 23; ++k) {
    track.position_um.push_back({0.01 * k * k, 0.02 * k, -0.01 * k});
    track.u_um.push_back({0.003, 0.004, 0.001 * (k + 1)});
  }
  const auto drift = std::get<StageDrift>(MeasureDrift(track, {.stable_um = 0.3}));
  EXPECT_NEAR(drift.seconds, 66.0, 1e-12);
  const double minutes = 21 * 3.0 / 60.0;
  const std::array<double, 3> moved = {0.01 * (441.0 + 484.0 - 1.0) / 2.0, 0.42, -0.21};
  const std::array<double, 3> u = {0.003, 0.004, 0.0005 * std::sqrt(1.0 + 4.0 + 484.0 + 529.0)};
  double square = 0.0, weighted = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(drift.axis_velocity_um_per_min[axis].value, moved[axis] / minutes, 1e-12);
    EXPECT_NEAR(*drift.axis_velocity_um_per_min[axis].u, u[axis] / minutes, 1e-12);
    square += moved[axis] * moved[axis];
    weighted += std::pow(moved[axis] * u[axis], 2);
  }
  EXPECT_NEAR(drift.velocity_um_per_min.value, std::sqrt(square) / minutes, 1e-12);
  EXPECT_NEAR(*drift.velocity_um_per_min.u, std::sqrt(weighted / square) / minutes, 1e-12);
  ASSERT_EQ(drift.step_um.size(), 22U);
  EXPECT_NEAR(drift.step_um[21], std::sqrt(0.43 * 0.43 + 5e-4), 1e-12);
  EXPECT_FALSE(drift.stabilisation_s.has_value());  // the last step is .43
  ASSERT_EQ(drift.msd.size(), 5U);
  double squares = 0.0;
  for (int k = 0; k + 5 < 23; ++k) {
    squares += std::pow(0.01 * (10 * k + 25), 2) + 25.0 * 5e-4 - 2.0 * 25e-6;
    squares -= 1e-6 * ((k + 1) * (k + 1) + (k + 6) * (k + 6));
  }
  EXPECT_NEAR(drift.msd[4].lag_s, 15.0, 1e-12);
  EXPECT_NEAR(drift.msd[4].msd_um2, squares / 18.0, 1e-12);
}

// A stage at rest: the length of a velocity of zero is as uncertain as one of its axes.
TEST(StageDriftTest, AStageAtRestHasTheMeanUncertaintyOfItsAxes) {
  StageTrack track{.frame_interval_s = 60.0};
  for (int k = 0; k < 3; ++k) {
    track.position_um.push_back({1.0, 2.0, 0.0});
    track.u_um.push_back({0.03, 0.04, 0.0});
  }
  const auto drift = std::get<StageDrift>(MeasureDrift(track, {}));
  EXPECT_EQ(drift.velocity_um_per_min.value, 0.0);
  EXPECT_NEAR(*drift.velocity_um_per_min.u, std::sqrt(2.0 * 0.0025 / 2.0) / 2.0, 1e-12);
  ASSERT_EQ(drift.msd.size(), 1U);
  EXPECT_NEAR(drift.msd[0].msd_um2, -2.0 * 0.0025, 1e-12);
  ASSERT_TRUE(drift.stabilisation_s.has_value());
  EXPECT_EQ(drift.stabilisation_s->value, 0.0);
  const Report report = DriftReport(drift, track, {});
  const auto lags = std::count_if(report.quantities.begin(), report.quantities.end(),
                                  [](const Quantity& q) { return q.id == "stage.msd"; });
  EXPECT_EQ(lags, 1);  // the first lag is the last one too
}

TEST(StageDriftTest, StableOnlyOnceEveryLaterStepIsSmall) {
  StageTrack track{.frame_interval_s = 5.0};
  // Steps of .5, .05, .3, .05, .05: small at first, but not for good.
  for (const double x : {0.0, 0.5, 0.55, 0.85, 0.9, 0.95}) {
    track.position_um.push_back({x, 0.0, 0.0});
    track.u_um.push_back({0.001, 0.001, 0.0});
  }
  auto drift = std::get<StageDrift>(MeasureDrift(track, {.stable_um = 0.1}));
  ASSERT_TRUE(drift.stabilisation_s.has_value());
  EXPECT_NEAR(drift.stabilisation_s->value, 15.0, 1e-12);
  EXPECT_NEAR(*drift.stabilisation_s->u, 5.0 / std::sqrt(12.0), 1e-12);
  drift = std::get<StageDrift>(MeasureDrift(track, {.stable_um = 0.04}));
  EXPECT_FALSE(drift.stabilisation_s.has_value());
  drift = std::get<StageDrift>(MeasureDrift(track, {.stable_um = 0.6}));
  EXPECT_NEAR(drift.stabilisation_s->value, 0.0, 1e-12);
}

TEST(StageDriftTest, Refusals) {
  EXPECT_EQ(std::get<Fault>(MeasureDrift(Straight(2, 0.1, 0.0, 1), {})), Fault::kTooFew);
  StageTrack track = Straight(5, 0.1, 0.0, 1);
  track.frame_interval_s = 0.0;
  EXPECT_EQ(std::get<Fault>(MeasureDrift(track, {})), Fault::kTooFew);
  track.frame_interval_s = 1.0;
  track.position_um[2][1] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(std::get<Fault>(MeasureDrift(track, {})), Fault::kNotFinite);
}

TEST(StageReportTest, RowsNameDistanceAndDirection) {
  const auto moves = MeasureMoves(Positions(MoveScene{.seed = 5}));
  const Report report = MovesReport(moves);
  const auto& first = report.quantities.front();
  EXPECT_EQ(first.id, "stage.repeatability.x");
  EXPECT_EQ(first.definition, "etalon.moves/1");
  EXPECT_EQ(std::get<std::string>(first.of.at("direction")), "all");
  EXPECT_EQ(std::get<double>(first.of.at("distance_um")), 300.0);
  const auto count = [&](const std::string& id) {
    return std::count_if(report.quantities.begin(), report.quantities.end(),
                         [&](const Quantity& quantity) { return quantity.id == id; });
  };
  EXPECT_EQ(count("stage.repeatability.z"), 14);
  EXPECT_EQ(count("stage.accuracy.y"), 14);
  EXPECT_EQ(count("stage.backlash.x"), 4);  // along x and along the diagonal, two distances
  EXPECT_EQ(count("stage.backlash.y"), 4);
  EXPECT_EQ(report.findings.front().code, "stage_repeatability");
  EXPECT_EQ(MovesReport(Fault::kTooFew).findings.front().code, "too_few");
  EXPECT_EQ(MovesReport(Fault::kNotFinite).findings.front().code, "not_finite");
}

TEST(StageReportTest, DriftSaysItsThreshold) {
  const StageTrack track = Straight(30, 0.01, 0.001, 2);
  const DriftSettings settings{.stable_um = 0.05};
  Report report = DriftReport(MeasureDrift(track, settings), track, settings);
  EXPECT_EQ(report.quantities.front().id, "stage.drift_velocity");
  EXPECT_TRUE(report.quantities.front().of.empty());
  EXPECT_EQ(std::get<std::string>(report.quantities[1].of.at("axis")), "x");
  const auto settled = std::find_if(
      report.quantities.begin(), report.quantities.end(),
      [](const Quantity& quantity) { return quantity.id == "stage.stabilisation_time"; });
  ASSERT_NE(settled, report.quantities.end());
  EXPECT_EQ(std::get<double>(settled->of.at("threshold_um")), 0.05);
  EXPECT_TRUE(report.findings.empty());
  report = DriftReport(MeasureDrift(track, {.stable_um = 0.001}), track, {.stable_um = 0.001});
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().code, "not_stable");
}

}  // namespace
}  // namespace qc_metrics
