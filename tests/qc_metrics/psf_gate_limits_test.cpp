// Each gate at its limit, on candidates and fits that are written out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_gates.h"

namespace qc_metrics {
namespace {

using Places = std::vector<std::array<int, 3>>;

Stack Dark(int columns = 41, int rows = 31, int planes = 21) {
  Stack stack;
  for (int z = 0; z < planes; ++z) stack.planes.emplace_back(rows, columns, CV_32F, cv::Scalar(0));
  return stack;
}

FitContext Of(const Stack& stack, double floor = 1.0) {
  FitContext context{.stack = stack,
                     .box = {0.0, 0.0},
                     .noise = {.at_zero = 4.0, .floor = floor},
                     .voxel_um = {0.1, 0.1, 0.2},
                     .background = {.level_adu = 0.0, .sd_adu = 3.0}};
  return context;
}

constexpr PsfSettings kSettings{.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2};

Candidate At(std::array<int, 3> voxel, std::array<double, 3> half = {2.0, 2.0, 2.0}) {
  return {.voxel = voxel, .height_adu = 100.0, .half_width_px = half};
}

using Verdict = std::optional<RejectReason>;

Verdict VerdictOn(const Candidate& candidate, const FitContext& context,
                  std::optional<double> saturation_adu = std::nullopt) {
  std::vector<BeadWork> work(1);
  work[0].candidate = candidate;
  GateCandidates(context, kSettings, saturation_adu, work);
  return work[0].bead.rejected;
}

// Half widths of 2 px: 5 px to each lateral border and 4 slices to either end are enough.
TEST(GateCandidates, KeepTheirDistanceFromBordersAndEnds) {
  const Stack stack = Dark();
  const FitContext context = Of(stack);
  for (const auto& voxel :
       Places{{5, 15, 10}, {35, 15, 10}, {20, 5, 10}, {20, 25, 10}, {20, 15, 4}, {20, 15, 16}}) {
    EXPECT_EQ(VerdictOn(At(voxel), context), std::nullopt);
  }
  for (const auto& voxel : Places{{4, 15, 10}, {36, 15, 10}, {20, 4, 10}, {20, 26, 10}}) {
    EXPECT_EQ(VerdictOn(At(voxel), context), RejectReason::kEdge);
  }
  for (const auto& voxel : Places{{20, 15, 3}, {20, 15, 17}}) {
    EXPECT_EQ(VerdictOn(At(voxel), context), RejectReason::kZEdge);
  }
}

// Without a half width 3 px are asked.
TEST(GateCandidates, WithoutAWidthAreTooLargeOrAtTheEnd) {
  const Stack stack = Dark();
  const FitContext context = Of(stack);
  EXPECT_EQ(VerdictOn(At({3, 15, 10}, {0.0, 2.0, 2.0}), context), RejectReason::kTooLarge);
  EXPECT_EQ(VerdictOn(At({2, 15, 10}, {0.0, 2.0, 2.0}), context), RejectReason::kEdge);
  EXPECT_EQ(VerdictOn(At({20, 3, 10}, {2.0, 0.0, 2.0}), context), RejectReason::kTooLarge);
  EXPECT_EQ(VerdictOn(At({20, 2, 10}, {2.0, 0.0, 2.0}), context), RejectReason::kEdge);
  EXPECT_EQ(VerdictOn(At({20, 15, 10}, {2.0, 2.0, 0.0}), context), RejectReason::kZEdge);
}

// 10 background SDs of 3, or of the noise floor's 4.
TEST(GateCandidates, StandOutOfTheNoise) {
  const Stack stack = Dark();
  Candidate one = At({20, 15, 10});
  one.height_adu = 30.0;
  EXPECT_EQ(VerdictOn(one, Of(stack)), std::nullopt);
  EXPECT_EQ(VerdictOn(one, Of(stack, 16.0)), RejectReason::kLowSnr);
  one.height_adu = 29.9;
  EXPECT_EQ(VerdictOn(one, Of(stack)), RejectReason::kLowSnr);
  one.height_adu = 40.0;
  EXPECT_EQ(VerdictOn(one, Of(stack, 16.0)), std::nullopt);
  one.hot_pixel = true;
  EXPECT_EQ(VerdictOn(one, Of(stack)), RejectReason::kHotPixel);
}

// Looked for within two half widths, at least one voxel, along each axis.
TEST(GateCandidates, ASaturatedVoxelWithALitNeighbourIsSaturated) {
  const auto verdict = [](double half, std::array<int, 3> lit, std::array<int, 2> step,
                          double beside, std::array<int, 3> voxel = {20, 15, 10}) {
    const Stack stack = Dark();
    const cv::Mat& plane = stack.planes[static_cast<std::size_t>(lit[2])];
    cv::Mat(plane).at<float>(lit[1], lit[0]) = 1000.0F;
    cv::Mat(plane).at<float>(lit[1] + step[1], lit[0] + step[0]) = static_cast<float>(beside);
    return VerdictOn(At(voxel, {half, half, half}), Of(stack), 1000.0);
  };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const int side : {-1, 1}) {
      std::array<int, 3> lit = {20, 15, 10};
      lit[axis] += 4 * side;
      EXPECT_EQ(verdict(2.0, lit, {1, 0}, 500.0), RejectReason::kSaturated) << axis;
      EXPECT_EQ(verdict(1.6, lit, {1, 0}, 500.0), RejectReason::kSaturated) << axis;
      lit[axis] += side;
      EXPECT_EQ(verdict(2.0, lit, {1, 0}, 500.0), std::nullopt) << axis;
    }
  }
  EXPECT_EQ(verdict(0.4, {21, 15, 10}, {1, 0}, 500.0), RejectReason::kSaturated);
  EXPECT_EQ(verdict(0.4, {22, 15, 10}, {1, 0}, 500.0), std::nullopt);
  for (const auto& step : {std::array{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
    EXPECT_EQ(verdict(2.0, {20, 15, 10}, step, 401.0), RejectReason::kSaturated);
    EXPECT_EQ(verdict(2.0, {20, 15, 10}, step, 400.0), std::nullopt);
  }
  EXPECT_EQ(verdict(2.0, {20, 15, 10}, {1, 1}, 999.0), std::nullopt);
  // A narrow candidate one voxel from both borders, a voxel in the corner or in the last slice.
  EXPECT_EQ(verdict(0.3, {0, 0, 10}, {1, 0}, 500.0, {1, 1, 10}), RejectReason::kSaturated);
  EXPECT_EQ(verdict(0.3, {0, 0, 10}, {1, 1}, 500.0, {1, 1, 10}), std::nullopt);
  EXPECT_EQ(verdict(0.3, {40, 30, 10}, {-1, 0}, 500.0, {39, 29, 10}), RejectReason::kSaturated);
  EXPECT_EQ(verdict(0.3, {40, 30, 10}, {-1, -1}, 500.0, {39, 29, 10}), std::nullopt);
  EXPECT_EQ(verdict(2.0, {20, 15, 20}, {1, 0}, 500.0, {20, 15, 16}), RejectReason::kSaturated);
}

// Beyond the border there is no light, however low the level.
TEST(GateCandidates, TheBorderIsNoLitNeighbour) {
  const Stack stack = Dark();
  cv::Mat(stack.planes[10]).at<float>(0, 0) = 2.0F;
  Candidate one = At({1, 1, 10}, {0.3, 0.3, 0.3});
  EXPECT_EQ(VerdictOn(one, Of(stack), 2.0), std::nullopt);
}

// In any order, with one bead much wider than the others: as if there were only the two.
TEST(GateCandidates, AreTooCloseInAFieldAsInPairs) {
  const Stack stack = Dark(201, 201, 61);
  cv::RNG rng(3);
  std::vector<BeadWork> field(50);
  for (BeadWork& one : field) {
    const double half = &one == &field[20] ? 9.0 : rng.uniform(1.0, 3.0);
    one.candidate = At({rng.uniform(30, 170), rng.uniform(30, 170), 30}, {half, half, 2.0});
    one.candidate.height_adu = rng.uniform(40.0, 2000.0);
  }
  std::vector<Verdict> expected(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    for (std::size_t j = 0; j < field.size(); ++j) {
      std::vector<BeadWork> pair = {field[i], field[j]};
      if (i != j) GateCandidates(Of(stack), kSettings, std::nullopt, pair);
      if (pair[0].bead.rejected) expected[i] = pair[0].bead.rejected;
    }
  }
  GateCandidates(Of(stack), kSettings, std::nullopt, field);
  for (std::size_t i = 0; i < field.size(); ++i) EXPECT_EQ(field[i].bead.rejected, expected[i]);
  const auto kept = std::count(expected.begin(), expected.end(), std::nullopt);
  EXPECT_TRUE(kept > 5 && kept < 45) << kept;
}

// A half width of 1.1774 sigma: beads of a sigma of 2 px are alone from 14 px on, along any axis.
TEST(GateCandidates, AreTooCloseWithinSevenSigmas) {
  const Stack stack = Dark(101, 101, 101);
  const auto verdicts = [&](Candidate a, Candidate b) {
    std::vector<BeadWork> work(2);
    work[0].candidate = a;
    work[1].candidate = b;
    GateCandidates(Of(stack), kSettings, std::nullopt, work);
    return std::pair{work[0].bead.rejected, work[1].bead.rejected};
  };
  const std::pair<Verdict, Verdict> none, both = {RejectReason::kTooClose, RejectReason::kTooClose};
  const auto wide = [](double sigma_px) { return 1.1774100225154747 * sigma_px; };
  const auto of = [&](std::array<int, 3> voxel, double sigma_px) {
    return At(voxel, {wide(sigma_px), wide(sigma_px), wide(sigma_px)});
  };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::array<int, 3> there = {50, 50, 50};
    there[axis] = 63;
    EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), of(there, 2.0)), both) << axis;
    there[axis] = 65;
    EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), of(there, 2.0)), none) << axis;
    // The mean of sigmas of 2 and 3: 17.5 px.
    there[axis] = 67;
    EXPECT_EQ(verdicts(of({50, 50, 50}, 3.0), of(there, 2.0)), both) << axis;
    there[axis] = 68;
    EXPECT_EQ(verdicts(of({50, 50, 50}, 3.0), of(there, 2.0)), none) << axis;
  }
  EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), of({58, 58, 58}, 2.0)), both);  // 13.86 px
  EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), of({58, 58, 59}, 2.0)), none);
  // A half width of .5 px is the least: 2.97 px.
  EXPECT_EQ(verdicts(of({50, 50, 50}, 0.1), of({52, 50, 50}, 0.1)), both);
  EXPECT_EQ(verdicts(of({50, 50, 50}, 0.1), of({53, 50, 50}, 0.1)), none);
  // Where one has no width along an axis it is the other's.
  Candidate without = of({63, 50, 50}, 2.0);
  without.half_width_px[0] = 0.0;
  EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), without).first, RejectReason::kTooClose);
  without.voxel[0] = 65;
  EXPECT_EQ(verdicts(of({50, 50, 50}, 2.0), without).first, std::nullopt);
  EXPECT_EQ(verdicts(without, of({50, 50, 50}, 2.0)).second, std::nullopt);
  // A twentieth of the light does not disturb, but is disturbed.
  Candidate faint = of({60, 50, 50}, 2.0), bright = of({50, 50, 50}, 2.0);
  bright.height_adu = 1000.0;
  faint.height_adu = 50.0;
  EXPECT_EQ(verdicts(bright, faint), std::pair(Verdict(), Verdict(RejectReason::kTooClose)));
  EXPECT_EQ(verdicts(faint, bright), std::pair(Verdict(RejectReason::kTooClose), Verdict()));
  faint.height_adu = 50.1;
  EXPECT_EQ(verdicts(bright, faint), both);
  EXPECT_EQ(verdicts(faint, bright), both);
  faint.hot_pixel = true;
  EXPECT_EQ(verdicts(bright, faint), std::pair(Verdict(), Verdict(RejectReason::kHotPixel)));
}

constexpr std::array<double, 3> kSigmaPx = {1.5, 1.6, 2.0};

/// The fit of a bead of 1000 ADU without noise, gated.
PsfBead Fitted(const std::array<double, 3>& centre, const PsfSettings& settings, double floor = 1.0,
               double voxel_um = 0.1) {
  Stack stack = Dark(60, 50, 40);
  for (int z = 0; z < 40; ++z) {
    for (int y = 0; y < 50; ++y) {
      for (int x = 0; x < 60; ++x) {
        double r2 = 0.0;
        const std::array<double, 3> at = {1.0 * x, 1.0 * y, 1.0 * z};
        for (std::size_t i = 0; i < 3; ++i) r2 += std::pow((at[i] - centre[i]) / kSigmaPx[i], 2);
        stack.planes[static_cast<std::size_t>(z)].at<float>(y, x) =
            static_cast<float>(100.0 + 1000.0 * std::exp(-0.5 * r2));
      }
    }
  }
  FitContext context = Of(stack, floor);
  context.voxel_um = {voxel_um, voxel_um, 0.2};
  BeadWork work;
  for (std::size_t i = 0; i < 3; ++i) {
    work.candidate.voxel[i] = static_cast<int>(std::lround(centre[i]));
    work.candidate.half_width_px[i] = 1.1774 * kSigmaPx[i];
  }
  work.candidate.height_adu = 1000.0;
  work.fitted = FitBead(context, work.candidate);
  GateFit(context, settings, work);
  return work.bead;
}

// Full widths of 3.53, 3.77 and 4.71 voxels: 1.25 of them are 4.41 and 4.71 px, one is 4.71 slices.
TEST(GateFit, FittedCentresKeepTheirDistanceToo) {
  const auto verdict = [](std::array<double, 3> centre) {
    return Fitted(centre, kSettings).rejected;
  };
  for (const auto& [axis, last, inside, outside] :
       {std::tuple{0UL, 59.0, 4.5, 4.3}, {1UL, 49.0, 4.8, 4.6}, {2UL, 39.0, 4.8, 4.6}}) {
    const auto reason = axis == 2 ? RejectReason::kZEdge : RejectReason::kEdge;
    std::array<double, 3> centre = {30.2, 25.3, 20.4};
    for (const bool far : {false, true}) {
      centre[axis] = far ? last - inside : inside;
      EXPECT_EQ(verdict(centre), std::nullopt) << axis;
      centre[axis] = far ? last - outside : outside;
      EXPECT_EQ(verdict(centre), reason) << axis;
    }
  }
}

TEST(GateFit, SignalAndStructureHaveTheirLimits) {
  const std::array<double, 3> middle = {30.2, 25.3, 20.4};
  PsfSettings settings = kSettings;
  settings.min_snr = 333.0;  // 1000 / 3 are 333.3
  const PsfBead bead = Fitted(middle, settings);
  EXPECT_EQ(bead.rejected, std::nullopt);
  EXPECT_NEAR(bead.snr, 1000.0 / 3.0, 0.1);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(bead.position_px[i], middle[i], 1e-3);
  EXPECT_NEAR(Fitted(middle, kSettings, 16.0).snr, 250.0, 0.1);
  settings.min_snr = 334.0;
  EXPECT_EQ(Fitted(middle, settings).rejected, RejectReason::kLowSnr);
  settings = kSettings;
  settings.min_r2 = 1.0;
  EXPECT_EQ(Fitted(middle, settings).rejected, std::nullopt);
  settings.min_r2 = 1.001;
  EXPECT_EQ(Fitted(middle, settings).rejected, RejectReason::kLowR2);
}

// Six times the smallest theoretical width, where the modality is known.
TEST(GateFit, WhatIsFarBeyondTheoryIsTooLarge) {
  PsfSettings settings = kSettings;
  settings.optics = {.modality = Modality::kWidefield,
                     .numerical_aperture = 1.4,
                     .refractive_index = 1.515,
                     .emission_nm = 520.0};
  const auto comparators = Comparators(settings.optics);
  ASSERT_FALSE(comparators.empty());
  double least = 1e9;
  for (const Comparator& c : comparators) least = std::min(least, c.lateral_um);
  const double voxel_um = 6.0 * least / (2.3548200450309493 * std::sqrt(1.5 * 1.6));
  const std::array<double, 3> middle = {30.2, 25.3, 20.4};
  EXPECT_EQ(Fitted(middle, settings, 1.0, 0.99 * voxel_um).rejected, std::nullopt);
  EXPECT_EQ(Fitted(middle, settings, 1.0, 1.01 * voxel_um).rejected, RejectReason::kTooLarge);
  EXPECT_EQ(Fitted(middle, kSettings, 1.0, 1.01 * voxel_um).rejected, std::nullopt);
}

TEST(GateFit, WithoutAFitNothingIsDescribed) {
  const Stack stack = Dark();
  BeadWork work;
  work.bead.gaussian.emplace();
  GateFit(Of(stack), kSettings, work);
  EXPECT_EQ(work.bead.rejected, RejectReason::kFitFailed);
  EXPECT_FALSE(work.bead.gaussian.has_value());
}

/// Beads along a line, 10 px apart: round, of 1000 ADU, with the given chi2 per degree of freedom,
/// by the Gaussian fit and by the shape.
std::vector<BeadWork> Alike(const std::vector<double>& chi2) {
  std::vector<BeadWork> work(chi2.size());
  for (std::size_t i = 0; i < chi2.size(); ++i) {
    PsfBead& bead = work[i].bead;
    bead.position_px = {10.0 * static_cast<double>(i), 0.0, 0.0};
    bead.gaussian.emplace();
    bead.gaussian->amplitude_adu = 1000.0;
    bead.gaussian->shape_px2 = {2.0, 2.0, 2.0, 0.0, 0.0, 0.0};
    bead.gaussian->major_um = {0.3, 0.001};
    bead.gaussian->chi2_per_dof = chi2[i];
    bead.halfmax.emplace();
    bead.halfmax->source = HalfmaxSource::kPooledShape;
    bead.halfmax->chi2_per_dof = chi2[i];
  }
  return work;
}

// The usual bead's excess of .1 leaves 1.5 + 2.5e-4 * 2000 electrons + 5 * .1 = 2.5.
const NoiseLine kNoise{.at_zero = 4.0, .per_adu = 0.5};

template <typename Gate>
void ExpectUnlike(const Gate& gate, bool resets_halfmax) {
  std::vector<BeadWork> work = Alike({1.1, 1.1, 2.51, 1.1, 1.1, 2.49, 1.1});
  gate(kNoise, work);
  for (std::size_t i = 0; i < work.size(); ++i) {
    EXPECT_EQ(work[i].bead.rejected, i == 2 ? Verdict(RejectReason::kLowR2) : Verdict());
    EXPECT_EQ(work[i].bead.halfmax.has_value(), i != 2 || !resets_halfmax);
  }
  // Twice as bright: 1.5 + 1 + 1 = 3.5.
  work = Alike({1.1, 1.1, 3.51, 1.1, 1.1, 1.1, 3.49});
  work[2].bead.gaussian->amplitude_adu = work[6].bead.gaussian->amplitude_adu = 2000.0;
  gate(kNoise, work);
  for (std::size_t i = 0; i < work.size(); ++i)
    EXPECT_EQ(work[i].bead.rejected.has_value(), i == 2);
  // Less than chance is no usual excess; without a gain no electrons are counted: 1.5.
  work = Alike({0.9, 0.9, 1.51, 0.9, 0.9, 0.9, 1.49});
  gate(NoiseLine{.at_zero = 4.0}, work);
  for (std::size_t i = 0; i < work.size(); ++i)
    EXPECT_EQ(work[i].bead.rejected.has_value(), i == 2);
  // Two of the four nearest are as unlike: there the field is so. One is not enough.
  work = Alike({9.0, 9.0, 9.0, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 9.0, 9.0, 1.1});
  gate(kNoise, work);
  for (std::size_t i = 0; i < work.size(); ++i) {
    EXPECT_EQ(work[i].bead.rejected.has_value(), i == 10 || i == 11) << i;
  }
  // Beads that are out have no say, and four neighbours must be left.
  work = Alike({9.0, 9.0, 9.0, 1.1, 1.1, 1.1, 1.1});
  work[1].bead.rejected = RejectReason::kEdge;
  gate(kNoise, work);
  EXPECT_EQ(work[0].bead.rejected, RejectReason::kLowR2);
  EXPECT_EQ(work[1].bead.rejected, RejectReason::kEdge);
  work = Alike({9.0, 9.0, 9.0, 1.1, 1.1, 1.1, 1.1, 1.1});
  for (std::size_t i = 5; i < 8; ++i) work[i].bead.rejected = RejectReason::kEdge;
  gate(kNoise, work);  // of five the usual one is unlike itself
  EXPECT_EQ(work[0].bead.rejected, std::nullopt);
  work = Alike({1.1, 1.1, 9.0});
  gate(kNoise, work);
  EXPECT_EQ(work[2].bead.rejected, RejectReason::kLowR2);
  work = Alike({1.1, 9.0});
  gate(kNoise, work);
  EXPECT_EQ(work[1].bead.rejected, std::nullopt);
  work = Alike({1.1, 1.1, 9.0});
  work[0].bead.rejected = RejectReason::kEdge;
  gate(kNoise, work);
  EXPECT_EQ(work[2].bead.rejected, std::nullopt);
}

TEST(GateAgainstField, ABeadThatMissesTheFitByFarMoreThanOthersIsOut) {
  const Stack stack = Dark();
  ExpectUnlike(
      [&](const NoiseLine& noise, std::vector<BeadWork>& work) {
        FitContext context = Of(stack);
        context.noise = noise;
        GateAgainstField(context, work);
      },
      false);
}

TEST(GateAgainstShape, ABeadThatMissesTheShapeByFarMoreThanOthersIsOut) {
  ExpectUnlike(
      [](const NoiseLine& noise, std::vector<BeadWork>& work) { GateAgainstShape(noise, work); },
      true);
  // Read by another way it is not judged.
  std::vector<BeadWork> work = Alike({1.1, 1.1, 9.0, 1.1});
  work[2].bead.halfmax->source = HalfmaxSource::kLineProfile;
  GateAgainstShape(kNoise, work);
  EXPECT_EQ(work[2].bead.rejected, std::nullopt);
}

TEST(GateAgainstField, TwoAndAHalfTimesTheMedianIsTooLarge) {
  const Stack stack = Dark();
  std::vector<BeadWork> work = Alike({1.0, 1.0, 1.0, 1.0, 1.0});
  work[1].bead.gaussian->major_um.value = 0.749;
  work[3].bead.gaussian->major_um.value = 0.751;
  GateAgainstField(Of(stack), work);
  for (std::size_t i = 0; i < work.size(); ++i) {
    EXPECT_EQ(work[i].bead.rejected, i == 3 ? Verdict(RejectReason::kTooLarge) : Verdict());
  }
}

}  // namespace
}  // namespace qc_metrics
