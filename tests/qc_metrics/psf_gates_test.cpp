// Which candidates are kept, and the one reason of each that is not.

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "qc_metrics/psf.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;
using monitor::simulation::EllipsoidCovariance;

PsfField Measure(const Stack& stack, const PsfSettings& settings) {
  auto measured = MeasurePsf(stack, settings);
  if (const auto* fault = std::get_if<Fault>(&measured)) {
    ADD_FAILURE() << "unexpected fault " << Name(*fault);
    return {};
  }
  return std::get<PsfField>(std::move(measured));
}

/// The candidate next to a place, or nullptr.
const PsfBead* CandidateAt(const PsfField& field, double x, double y) {
  const PsfBead* best = nullptr;
  double nearest = 4.0;
  for (const PsfBead& bead : field.beads) {
    const double d = std::hypot(bead.position_px[0] - x, bead.position_px[1] - y);
    if (d < nearest) {
      nearest = d;
      best = &bead;
    }
  }
  return best;
}

std::string ReasonAt(const PsfField& field, double x, double y) {
  const PsfBead* bead = CandidateAt(field, x, y);
  if (bead == nullptr) return "none";
  return bead->rejected ? std::string(Name(*bead->rejected)) : "kept";
}

/// 36 singles on a jittered grid of 7 x 7, 6 pairs, 4 saturated, 8 cut by the edge, 40 hot pixels,
/// a gradient: what a real slide looks like.
struct HardScene {
  BeadScene scene{512, 512, 48, kVoxelUm};
  std::vector<std::array<double, 3>> singles, pairs, saturated, edge;
};

HardScene MakeHard(double peak_e, std::uint64_t seed) {
  HardScene hard;
  BeadScene& scene = hard.scene;
  scene.seed = seed;
  scene.camera.saturation_adu = 16383.0;
  scene.background_slope_e_per_px = {0.02, 0.01, 0.0};
  monitor::simulation::Random random(seed + 77);
  const auto shape = EllipsoidCovariance(kFwhmUm);
  for (int cell = 0; cell < 46; ++cell) {
    const std::array<double, 3> at = {40.0 + 70.0 * (cell % 7) + random.Uniform(-6.0, 6.0),
                                      40.0 + 70.0 * (cell / 7) + random.Uniform(-6.0, 6.0),
                                      random.Uniform(16.0, 32.0)};
    const bool bright = cell >= 42;
    scene.beads.push_back({at, shape, bright ? 12000.0 : peak_e});
    if (bright) {
      hard.saturated.push_back(at);
    } else if (cell >= 36) {
      const double angle = random.Uniform(0.0, 6.28);
      const double apart = 5.0 + 0.8 * (cell - 36);
      scene.beads.push_back(
          {{at[0] + apart * std::cos(angle), at[1] + apart * std::sin(angle), at[2]},
           shape,
           peak_e});
      hard.pairs.push_back(at);
      hard.pairs.push_back(scene.beads.back().centre_px);
    } else {
      hard.singles.push_back(at);
    }
  }
  for (int i = 0; i < 8; ++i) {
    const double along = 75.0 + 60.0 * i;
    const std::array<double, 3> at = {i % 2 == 0 ? 1.0 : along, i % 2 == 0 ? along : 510.5, 24.0};
    scene.beads.push_back({at, shape, peak_e});
    hard.edge.push_back(at);
  }
  for (int i = 0; i < 40; ++i) {
    scene.hot_pixels.push_back({static_cast<int>(random.Uniform(2.0, 510.0)),
                                static_cast<int>(random.Uniform(2.0, 510.0)), 600.0});
  }
  return hard;
}

class HardField : public testing::TestWithParam<double> {};

TEST_P(HardField, KeepsTheSinglesAndNothingElse) {
  const HardScene hard = MakeHard(GetParam(), 31);
  const Stack stack{RenderBeadStack(hard.scene)};
  const PsfField field = Measure(stack, SettingsOf(hard.scene));
  for (const auto& at : hard.singles) {
    EXPECT_EQ(ReasonAt(field, at[0], at[1]), "kept") << at[0] << " " << at[1];
  }
  for (const auto& at : hard.pairs) {
    EXPECT_EQ(ReasonAt(field, at[0], at[1]), "too_close") << at[0] << " " << at[1];
  }
  for (const auto& at : hard.saturated) {
    EXPECT_EQ(ReasonAt(field, at[0], at[1]), "saturated");
  }
  for (const auto& at : hard.edge) {
    EXPECT_EQ(ReasonAt(field, at[0], at[1]), "edge");
  }
  EXPECT_EQ(field.Kept(), 36);
  int hot = 0;
  for (const PsfBead& bead : field.beads) {
    hot += bead.rejected == RejectReason::kHotPixel ? 1 : 0;
  }
  EXPECT_GE(hot, 30);  // the rest lie on beads or on pixels next to each other
}

INSTANTIATE_TEST_SUITE_P(Peaks, HardField, testing::Values(200.0, 2000.0));

TEST(PsfGates, HotPixelsInsideABeadAreTakenOutOfItsFit) {
  BeadScene scene = FieldScene(40, 2000.0, 12);
  for (const auto& bead : scene.beads) {
    scene.hot_pixels.push_back({static_cast<int>(std::lround(bead.centre_px[0])) + 4,
                                static_cast<int>(std::lround(bead.centre_px[1])) - 1, 900.0});
  }
  const PsfField field = Measure({RenderBeadStack(scene)}, SettingsOf(scene));
  ErrorSums x;
  for (const PsfBead& bead : field.beads) {
    const auto* truth = TrueBeadAt(scene, bead.position_px);
    if (!bead.rejected && truth != nullptr) {
      x.Add(bead.gaussian->fwhm_um[0], TruthOf(truth->covariance_um2).fwhm_um[0]);
    }
  }
  EXPECT_GE(x.n, 39);
  EXPECT_LT(std::abs(x.Bias()), 0.003);
}

TEST(PsfGates, AnUnresolvedPairAmongSinglesIsADoublet) {
  BeadScene scene = FieldScene(30, 2000.0, 13, {0.02, 0.0, 0.0});
  const auto shape = EllipsoidCovariance(kFwhmUm);
  std::vector<std::array<double, 3>> doublets;
  for (std::size_t i = 0; i < 6; ++i) {  // 2.4 to 3.4 px apart; the FWHM is 3.3 to 3.6 px
    auto second = scene.beads[i];
    const double apart = 2.4 + 0.2 * static_cast<double>(i);
    second.centre_px[i % 2] += apart;
    second.covariance_um2 = scene.beads[i].covariance_um2 = shape;
    doublets.push_back(scene.beads[i].centre_px);
    doublets.back()[i % 2] += 0.5 * apart;
    scene.beads.push_back(second);
  }
  const PsfField field = Measure({RenderBeadStack(scene)}, SettingsOf(scene));
  for (const auto& at : doublets) {
    const std::string reason = ReasonAt(field, at[0], at[1]);
    EXPECT_TRUE(reason == "doublet" || reason == "too_close") << reason;
  }
  EXPECT_EQ(field.Kept(), 24);
}

/// 25 cells of 64 px, a single in every other one, else two beads `apart_um` from each other at the
/// angle `from_z` from the optical axis, the second of `share` times the light.
struct PairScene {
  BeadScene scene{320, 320, 60, kVoxelUm};
  std::vector<std::array<double, 3>> singles, pairs;
};

PairScene MakePairs(double peak_e, double apart_um, double from_z, double share,
                    std::uint64_t seed) {
  PairScene out;
  out.scene.seed = seed;
  monitor::simulation::Random random(seed + 5);
  for (int cell = 0; cell < 25; ++cell) {
    const std::array<double, 3> at = {64.0 * (cell % 5 + 0.5) + random.Uniform(-4.0, 4.0),
                                      64.0 * (cell / 5 + 0.5) + random.Uniform(-4.0, 4.0),
                                      random.Uniform(26.0, 34.0)};
    const double lateral = 1.0 + 0.03 * random.Normal();
    const double axial = 1.0 + 0.03 * random.Normal();
    const auto shape =
        EllipsoidCovariance({kFwhmUm[0] * lateral, kFwhmUm[1] * lateral, kFwhmUm[2] * axial});
    out.scene.beads.push_back({at, shape, peak_e});
    if (cell % 2 == 0) {
      out.singles.push_back(at);
      continue;
    }
    const double angle = random.Uniform(0.0, 6.28);
    const std::array<double, 3> step = {std::sin(from_z) * std::cos(angle),
                                        std::sin(from_z) * std::sin(angle), std::cos(from_z)};
    std::array<double, 3> second = at;
    for (std::size_t i = 0; i < 3; ++i) second[i] += apart_um * step[i] / kVoxelUm[i];
    out.scene.beads.push_back({second, shape, share * peak_e});
    out.pairs.push_back(at);
    out.pairs.push_back(second);
  }
  return out;
}

struct PairCase {
  double peak_e, apart_um, from_z, share;
};

class Pairs : public testing::TestWithParam<PairCase> {};

/// Two beads that were kept as one read 15 to 60 % wide along their axis.
TEST_P(Pairs, AreNeverKeptAndCostNoSingle) {
  const PairCase& c = GetParam();
  const PairScene scene = MakePairs(c.peak_e, c.apart_um, c.from_z, c.share, 61);
  const PsfField field = Measure({RenderBeadStack(scene.scene)}, SettingsOf(scene.scene));
  for (const auto& at : scene.singles) EXPECT_EQ(ReasonAt(field, at[0], at[1]), "kept");
  for (const auto& at : scene.pairs) {
    const std::string reason = ReasonAt(field, at[0], at[1]);
    EXPECT_TRUE(reason == "doublet" || reason == "too_close" || reason == "low_r2" ||
                reason == "fit_failed")
        << reason;
  }
  EXPECT_EQ(field.Kept(), 13);
}

constexpr double kLateral = 1.5708, kOblique = 0.9, kAxial = 0.0;
INSTANTIATE_TEST_SUITE_P(
    Scenes, Pairs,
    testing::Values(PairCase{2000.0, 0.2, kLateral, 1.0}, PairCase{2000.0, 0.3, kLateral, 0.4},
                    PairCase{2000.0, 0.6, kLateral, 1.0}, PairCase{2000.0, 0.6, kLateral, 0.4},
                    PairCase{2000.0, 0.4, kAxial, 1.0}, PairCase{2000.0, 0.4, kAxial, 0.4},
                    PairCase{2000.0, 0.5, kAxial, 0.4}, PairCase{2000.0, 0.8, kAxial, 0.4},
                    PairCase{2000.0, 0.2, kOblique, 0.4}, PairCase{15000.0, 0.4, kAxial, 0.4},
                    PairCase{200.0, 0.3, kLateral, 1.0}, PairCase{200.0, 0.6, kLateral, 1.0},
                    PairCase{200.0, 0.6, kAxial, 1.0}));

TEST(PsfGates, AnElongatedSingleBeadIsNotADoublet) {
  BeadScene scene = FieldScene(30, 2000.0, 14, {0.02, 0.0, 0.0});
  scene.beads[3].covariance_um2 = EllipsoidCovariance({0.30, 0.235, 0.706});
  const PsfField field = Measure({RenderBeadStack(scene)}, SettingsOf(scene));
  EXPECT_EQ(ReasonAt(field, scene.beads[3].centre_px[0], scene.beads[3].centre_px[1]), "kept");
}

TEST(PsfGates, ABeadNearTheFirstSliceIsAtTheZEdge) {
  BeadScene scene = FieldScene(12, 2000.0, 15);
  scene.beads[0].centre_px[2] = 1.5;
  scene.beads[1].centre_px[2] = 38.0;
  const PsfField field = Measure({RenderBeadStack(scene)}, SettingsOf(scene));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& at = scene.beads[i].centre_px;
    EXPECT_EQ(ReasonAt(field, at[0], at[1]), "z_edge");
  }
  EXPECT_EQ(field.Kept(), 10);
}

TEST(PsfGates, AClippingLevelBelowTheTypesLargestIsFoundInTheData) {
  BeadScene scene = FieldScene(12, 2000.0, 16);
  for (std::size_t i = 0; i < 3; ++i) scene.beads[i].peak_e = 6000.0;
  scene.camera.saturation_adu = 8191.0;
  PsfSettings settings = SettingsOf(scene);
  settings.saturation_adu.reset();
  const PsfField field = Measure({RenderBeadStack(scene)}, settings);
  EXPECT_TRUE(field.saturation_inferred);
  EXPECT_EQ(field.saturation_adu, 8191.0);
  EXPECT_EQ(ReasonAt(field, scene.beads[0].centre_px[0], scene.beads[0].centre_px[1]), "saturated");
  EXPECT_EQ(field.Kept(), 9);
}

Stack SmallStack(int type, const cv::Scalar& value, int planes = 8) {
  Stack stack;
  for (int i = 0; i < planes; ++i) stack.planes.emplace_back(32, 32, type, value);
  return stack;
}

const PsfSettings kSettings{0.1, 0.1, 0.2};

Fault FaultOf(const Stack& stack, const PsfSettings& settings = kSettings) {
  const auto measured = MeasurePsf(stack, settings);
  EXPECT_TRUE(std::holds_alternative<Fault>(measured));
  const auto* fault = std::get_if<Fault>(&measured);
  return fault != nullptr ? *fault : Fault::kFitFailed;
}

TEST(PsfFaults, EveryUnmeasurableStackHasItsFault) {
  EXPECT_EQ(FaultOf({}), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(SmallStack(CV_64F, 1.0)), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(SmallStack(CV_8UC3, 1.0)), Fault::kUnsupportedFormat);
  EXPECT_EQ(FaultOf(SmallStack(CV_16U, 1.0, 2)), Fault::kTooSmall);
  Stack uneven = SmallStack(CV_16U, 1.0);
  uneven.planes[3] = cv::Mat(31, 32, CV_16U, 1.0);
  EXPECT_EQ(FaultOf(uneven), Fault::kUnsupportedFormat);
  uneven.planes[3] = cv::Mat();
  EXPECT_EQ(FaultOf(uneven), Fault::kUnsupportedFormat);
  for (const int type : {CV_8U, CV_16U, CV_32S, CV_32F}) {
    EXPECT_EQ(FaultOf(SmallStack(type, 17.0)), Fault::kNoSignal) << type;
  }
  EXPECT_EQ(FaultOf(SmallStack(CV_16U, 65535.0)), Fault::kSaturated);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Stack stack = SmallStack(CV_32F, 1.0);
    stack.planes[5].at<float>(31, 31) = bad;
    EXPECT_EQ(FaultOf(stack), Fault::kNotFinite);
  }
}

TEST(PsfFaults, VoxelSizesMustBePositive) {
  for (const double bad : {0.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(static_cast<void>(MeasurePsf(SmallStack(CV_16U, 1.0), {0.1, 0.1, bad})),
                 std::invalid_argument);
  }
}

TEST(PsfFaults, GainAndReadNoiseMustBePossible) {
  const auto measure = [](std::optional<double> gain, std::optional<double> read_noise) {
    PsfSettings settings{0.1, 0.1, 0.1};
    settings.gain_e_per_adu = gain;
    settings.read_noise_e = read_noise;
    static_cast<void>(MeasurePsf(SmallStack(CV_16U, 1.0), settings));
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, -0.1, kNan}) EXPECT_THROW(measure(bad, 1.0), std::invalid_argument);
  for (const double bad : {-0.1, kNan}) EXPECT_THROW(measure(0.5, bad), std::invalid_argument);
  EXPECT_NO_THROW(measure(0.5, 0.0));
  EXPECT_NO_THROW(measure(std::nullopt, std::nullopt));
}

TEST(PsfFaults, NoiseAloneOrWildValuesNeverKeepABead) {
  monitor::simulation::Random random(5);
  Stack stack = SmallStack(CV_32F, 0.0);
  for (cv::Mat& plane : stack.planes) {
    plane.forEach<float>([&](float& value, const int*) {
      value = static_cast<float>((random.Uniform() < 0.1 ? 1e30 : 1e-20) * random.Normal());
    });
  }
  const auto measured = MeasurePsf(stack, kSettings);
  if (const auto* field = std::get_if<PsfField>(&measured)) {
    EXPECT_EQ(field->Kept(), 0);
    static_cast<void>(PsfReport(*field, kSettings, 0));
  }
}

}  // namespace
}  // namespace qc_metrics
