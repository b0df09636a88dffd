// The mean of aligned beads: as wide as they are, round about its middle, with a true uncertainty.

#include "qc_metrics/psf_average.h"

#include <gtest/gtest.h>

#include "tests/qc_metrics/bead_fields.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {
namespace {

using monitor::simulation::BeadScene;

struct Averaged {
  PsfField field;
  std::optional<AveragedPsf> average;
};

Averaged AverageOf(const BeadScene& scene) {
  const Stack stack{RenderBeadStack(scene)};
  const PsfSettings settings = SettingsOf(scene);
  auto measured = MeasurePsf(stack, settings);
  if (!std::holds_alternative<PsfField>(measured)) {
    ADD_FAILURE() << "not measured";
    return {};
  }
  Averaged out{std::get<PsfField>(std::move(measured)), {}};
  out.average = AveragePsf(stack, settings, out.field);
  return out;
}

/// `count` alike beads in a small stack.
BeadScene SmallScene(int count, double peak_e, std::uint64_t seed, int planes = 44) {
  BeadScene scene{150, 150, planes, kVoxelUm};
  scene.seed = seed;
  monitor::simulation::Random random(seed + 7);
  for (const auto& centre : ScatterCentres(scene, count, 24.0, 16.0, 14.0, random)) {
    scene.beads.push_back({centre, monitor::simulation::EllipsoidCovariance(kFwhmUm), peak_e});
  }
  return scene;
}

TEST(PsfAverage, IsAsWideAsTheBeadsWhateverTheirSubPixelPlaces) {
  const auto [field, average] = AverageOf(SmallScene(16, 15000.0, 71));
  ASSERT_TRUE(average.has_value());
  EXPECT_EQ(average->beads, field.Kept());
  EXPECT_GE(average->beads, 12);
  ASSERT_TRUE(average->gaussian.has_value());
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Estimate& width = average->gaussian->fwhm_um[axis];
    EXPECT_NEAR(width.value / kFwhmUm[axis], 1.0, 0.003) << axis;
    EXPECT_LT(width.u / width.value, 0.001);
    EXPECT_NEAR(average->gaussian->centre_px[axis].value, 0.0, 0.01);
  }
  // 2.5 widths of 3.26, 3.62 and 3.53 voxels.
  EXPECT_EQ(average->middle, (std::array<int, 3>{9, 10, 9}));
  EXPECT_EQ(average->stack.planes.size(), 19U);
  EXPECT_EQ(average->stack.planes[0].size(), cv::Size(19, 21));
  // The middle voxel holds the peak: offset 100 and background 20 e- at 0.46 e- a count, and the
  // pixel's area takes 3.8 % off the peak,
  // the interpolation .7 %.
  const double top = average->stack.planes[9].at<float>(10, 9);
  EXPECT_NEAR(top, 100.0 + 20.0 / 0.46 + 0.962 * 15000.0 / 0.46, 0.012 * top);
  const double corner = average->stack.planes[0].at<float>(0, 0);
  EXPECT_NEAR(corner, 100.0 + 20.0 / 0.46, 6.0);
}

TEST(PsfAverage, UncertaintyIsTrue) {
  double squares = 0.0;
  int n = 0;
  for (std::uint64_t seed = 81; seed < 86; ++seed) {
    const auto [field, average] = AverageOf(SmallScene(8, 1000.0, seed));
    ASSERT_TRUE(average && average->gaussian);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const Estimate& width = average->gaussian->fwhm_um[axis];
      squares += std::pow((width.value - kFwhmUm[axis]) / width.u, 2);
      ++n;
    }
  }
  // The SD of 15 pulls scatters by 18 %.
  EXPECT_GT(std::sqrt(squares / n), 0.55);
  EXPECT_LT(std::sqrt(squares / n), 1.55);
}

TEST(PsfAverage, AShortStackHasAShorterCutAndABorderBeadIsLeftOut) {
  BeadScene scene = SmallScene(6, 8000.0, 91, 30);
  scene.beads.push_back(scene.beads.front());
  scene.beads.back().centre_px = {6.0, 75.0, 15.0};  // kept, but its cut leaves the image
  const auto [field, average] = AverageOf(scene);
  ASSERT_TRUE(average.has_value());
  EXPECT_LE(average->middle[2], 9);
  EXPECT_GE(average->middle[2], 5);  // 1.25 widths of 3.53
  EXPECT_LT(average->beads, field.Kept());
  ASSERT_TRUE(average->gaussian.has_value());
  EXPECT_NEAR(average->gaussian->fwhm_um[0].value / kFwhmUm[0], 1.0, 0.01);
}

TEST(PsfAverage, EntriesStandBehindTheOthersOfTheirId) {
  const auto [field, average] = AverageOf(SmallScene(6, 4000.0, 92));
  ASSERT_TRUE(average.has_value());
  Report report = PsfReport(field, kFieldSettings, 2);
  AddAveraged(*average, 2, report);
  for (const char* id :
       {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z", "psf.fwhm.lateral", "psf.asymmetry"}) {
    const Quantity* last = nullptr;
    for (const Quantity& q : report.quantities) last = q.id == id ? &q : last;
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->definition, "etalon.averaged_psf/1");
    EXPECT_EQ(last->n, average->beads);
    EXPECT_EQ(last->channel, 2);
    EXPECT_GT(last->u.value(), 0.0);
    EXPECT_EQ(last->unit, std::string(id) == "psf.asymmetry" ? "1" : "um");
  }
  EXPECT_NEAR(FindQuantityOf(report.quantities, "psf.asymmetry", "etalon.averaged_psf/1")->value,
              0.212 / 0.235, 0.01);
}

constexpr std::array<int, 3> kImage = {70, 60, 64};

/// A polynomial of the fourth degree, which eight points of each axis hold.
double Polynomial(double x, double y, double z) {
  const double u = (x - 30.0) / 10.0, v = (y - 28.0) / 10.0, w = (z - 33.0) / 10.0;
  return 200.0 + 9.0 * u - 7.0 * v + 5.0 * w + 4.0 * u * v - 3.0 * v * w + 2.0 * u * u * w +
         1.5 * v * v * v - w * w * u * v;
}

/// The average of beads at the given places in it, 8, 4 and 12 voxels to each side.
std::optional<AveragedPsf> OfPolynomial(const std::vector<std::array<double, 3>>& places) {
  Stack stack;
  for (int z = 0; z < kImage[2]; ++z) {
    cv::Mat plane(kImage[1], kImage[0], CV_32F);
    for (int y = 0; y < kImage[1]; ++y) {
      for (int x = 0; x < kImage[0]; ++x) {
        plane.at<float>(y, x) = static_cast<float>(Polynomial(x, y, z));
      }
    }
    stack.planes.push_back(plane);
  }
  PsfField field = EmptyField(kImage[0], kImage[1]);
  for (const auto& at : places) {
    field.beads.push_back(BeadAt(at[0], at[1], at[2]));
    field.beads.back().gaussian->fwhm_um = {Estimate{0.31, 0.001}, {0.15, 0.001}, {0.94, 0.001}};
  }
  return AveragePsf(stack, {.pixel_size_x_um = 0.1, .pixel_size_y_um = 0.1, .z_step_um = 0.2},
                    field);
}

// 2.5 widths of 3.1, 1.5 and 4.7 voxels. Single precision leaves 1e-4 of 200 ADU.
TEST(PsfAverage, IsTheMeanOfTheCutsMovedByTheirSubPixelPlaces) {
  const std::vector<std::array<double, 3>> places = {
      {30.0, 28.0, 33.0}, {22.37, 31.81, 30.25}, {41.9, 20.06, 36.64}};
  const auto average = OfPolynomial(places);
  ASSERT_TRUE(average.has_value());
  EXPECT_EQ(average->beads, 3);
  EXPECT_EQ(average->middle, (std::array<int, 3>{8, 4, 12}));
  ASSERT_EQ(average->stack.planes.size(), 25U);
  ASSERT_EQ(average->stack.planes[0].size(), cv::Size(17, 9));
  for (int z = -12; z <= 12; ++z) {
    for (int y = -4; y <= 4; ++y) {
      for (int x = -8; x <= 8; ++x) {
        double mean = 0.0;
        for (const auto& p : places) mean += Polynomial(p[0] + x, p[1] + y, p[2] + z) / 3.0;
        ASSERT_NEAR(average->stack.planes[static_cast<std::size_t>(z + 12)].at<float>(y + 4, x + 8),
                    mean, 0.02)
            << x << " " << y << " " << z;
      }
    }
  }
}

// A cut needs three more voxels before it and four behind.
TEST(PsfAverage, ABeadWhoseCutLeavesTheStackIsNotUsed) {
  const std::array<double, 3> middle = {30.2, 28.3, 33.4};
  constexpr std::array<int, 3> kHalf = {8, 4, 12};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto beads = [&](double at) {
      std::array<double, 3> place = middle;
      place[axis] = at;
      return OfPolynomial({middle, middle, place})->beads;
    };
    EXPECT_EQ(beads(kHalf[axis] + 3.0), 3) << axis;
    EXPECT_EQ(beads(kHalf[axis] + 2.9), 2) << axis;
    EXPECT_EQ(beads(kImage[axis] - 1 - kHalf[axis] - 4 + 0.9), 3) << axis;
    EXPECT_EQ(beads(kImage[axis] - 1 - kHalf[axis] - 4 + 1.0), 2) << axis;
  }
}

TEST(PsfAverage, AFieldWithoutKeptBeadsHasNone) {
  const BeadScene scene = SmallScene(2, 4000.0, 93);
  const Stack stack{RenderBeadStack(scene)};
  PsfField field = EmptyField(150, 150);
  field.beads.push_back(RejectedAt(50.0, 50.0, RejectReason::kLowR2));
  EXPECT_FALSE(AveragePsf(stack, SettingsOf(scene), field).has_value());
}

}  // namespace
}  // namespace qc_metrics
