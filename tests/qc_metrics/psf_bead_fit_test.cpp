// Hot columns in the fit of one bead, on light without noise.

#include "qc_metrics/psf_bead_fit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qc_metrics {
namespace {

struct Hot {
  int x, y;
  double sds;  ///< above the light, in SDs of a voxel
};

/// The columns that the fit of a bead of 1000 ADU, at 30, 25, 20 in round numbers, left out.
std::vector<std::array<int, 2>> ColumnsLeftOut(const std::vector<Hot>& hot,
                                               const std::array<double, 3>& shift = {}) {
  const std::array<double, 3> centre = {30.2 + shift[0], 25.3 + shift[1], 20.4 + shift[2]};
  Stack stack;
  for (int z = 0; z < 40; ++z) {
    cv::Mat plane(50, 60, CV_32F);
    for (int y = 0; y < 50; ++y) {
      for (int x = 0; x < 60; ++x) {
        const double r2 = std::pow((x - centre[0]) / 1.5, 2) + std::pow((y - centre[1]) / 1.6, 2) +
                          std::pow((z - centre[2]) / 2.0, 2);
        plane.at<float>(y, x) = static_cast<float>(100.0 + 1000.0 * std::exp(-0.5 * r2));
      }
    }
    stack.planes.push_back(plane);
  }
  for (const Hot& h : hot) {
    stack.planes[20].at<float>(h.y, h.x) += static_cast<float>(2.0 * h.sds);
  }
  const FitContext context{.stack = stack,
                           .box = {0.0, 0.0},
                           .noise = {.at_zero = 4.0, .floor = 1.0},
                           .voxel_um = {0.1, 0.1, 0.2},
                           .background = {.level_adu = 100.0, .sd_adu = 2.0}};
  Candidate candidate{.height_adu = 1000.0, .half_width_px = {1.77, 1.88, 2.35}};
  for (std::size_t i = 0; i < 3; ++i) {
    candidate.voxel[i] = static_cast<int>(std::lround(centre[i]));
  }
  const auto bead = FitBead(context, candidate);
  EXPECT_TRUE(bead.has_value());
  if (!bead) return {};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(bead->window.origin[i] + Centre(bead->fit.theta)[static_cast<Eigen::Index>(i)],
                centre[i], 0.05);
  }
  return bead->hot_columns;
}

using Columns = std::vector<std::array<int, 2>>;

// A voxel of 7 SDs is what a fit may leave; it takes less than a tenth of one voxel itself.
TEST(FitBead, AColumnOfMoreThanSevenSdsIsTakenOut) {
  EXPECT_EQ(ColumnsLeftOut({}), Columns{});
  EXPECT_EQ(ColumnsLeftOut({{34, 24, 6.8}}), Columns{});
  EXPECT_EQ(ColumnsLeftOut({{34, 24, 8.0}}), (Columns{{34, 24}}));
  // The two worst of three.
  EXPECT_EQ(ColumnsLeftOut({{34, 24, 30.0}, {26, 27, 50.0}, {31, 21, 40.0}}),
            (Columns{{26, 27}, {31, 21}}));
}

// One lit neighbour of four: 22 SDs are 5.5 in the mean, less the 1 to 2 that a voxel of 60 pulls
// the fit up there, and beyond the 3 of a quiet one; 6 are not.
TEST(FitBead, ALitNeighbourIsStructure) {
  for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
    EXPECT_EQ(ColumnsLeftOut({{34, 24, 60.0}, {34 + dx, 24 + dy, 22.0}}), Columns{});
    const Columns quiet = ColumnsLeftOut({{34, 24, 60.0}, {34 + dx, 24 + dy, 6.0}});
    EXPECT_EQ(quiet, (Columns{{34, 24}}));
    // A fifth of the worst: 12 SDs in the mean of four are more than that of 13.
    EXPECT_EQ(ColumnsLeftOut({{34, 24, 13.0}, {34 + dx, 24 + dy, 11.5}}), Columns{});
  }
  EXPECT_EQ(ColumnsLeftOut({{34, 24, 60.0}, {35, 25, 22.0}}).front(), (std::array<int, 2>{34, 24}));
}

// At the stack's border the neighbour beyond is the column itself.
TEST(FitBead, AHotColumnAtTheBorderIsNotQuiet) {
  EXPECT_EQ(ColumnsLeftOut({{0, 24, 60.0}}, {-26.0, 0.0, 0.0}), Columns{});
  EXPECT_EQ(ColumnsLeftOut({{1, 24, 60.0}}, {-26.0, 0.0, 0.0}), (Columns{{1, 24}}));
}

}  // namespace
}  // namespace qc_metrics
