// Real beads made by others; the expected values are rows of GOLDEN.csv.

#include <gtest/gtest.h>
#include <tiffio.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "qc_metrics/psf.h"
#include "tests/support/tiff_plane.h"

namespace qc_metrics {
namespace {

/// All pages of a stack; an ImageJ file of one page holds the others behind the first.
Stack ReadTiffStack(const std::filesystem::path& path) {
  Stack stack;
  TIFFSetWarningHandler(nullptr);
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> file(TIFFOpen(path.c_str(), "r"), &TIFFClose);
  if (!file) return stack;
  do {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint16_t bits = 0;
    TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height);
    TIFFGetField(file.get(), TIFFTAG_BITSPERSAMPLE, &bits);
    cv::Mat plane(static_cast<int>(height), static_cast<int>(width), bits == 8 ? CV_8U : CV_16U);
    for (int y = 0; y < plane.rows; ++y) {
      if (TIFFReadScanline(file.get(), plane.ptr(y), static_cast<std::uint32_t>(y)) < 0) return {};
    }
    stack.planes.push_back(plane);
  } while (TIFFReadDirectory(file.get()) != 0);
  return stack;
}

TEST(PsfGolden, TheRawLinesReproduceThePublishedReport) {
  const auto path = tests::support::CalibrationFile("beads/metroloj_PSF.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const Stack stack = ReadTiffStack(path);
  ASSERT_EQ(stack.planes.size(), 31U);
  PsfSettings settings{0.1024, 0.1024, 0.2};
  settings.optics = {Modality::kWidefield, 1.4, 1.515, std::nullopt, 510.0, std::nullopt};
  settings.scope = PsfScope::kBead;
  const auto measured = MeasurePsf(stack, settings);
  ASSERT_TRUE(std::holds_alternative<PsfField>(measured));
  const auto& field = std::get<PsfField>(measured);
  ASSERT_EQ(field.Kept(), 1);
  const PsfBead* kept = nullptr;
  for (const PsfBead& bead : field.beads) {
    if (!bead.rejected) kept = &bead;
  }
  EXPECT_EQ(kept->brightest_voxel, (std::array<int, 3>{129, 128, 15}));
  ASSERT_TRUE(kept->lines.has_value());
  struct Row {
    double fwhm, a, b, c, d, r2, ssr;
  };
  constexpr std::array<Row, 3> kRows = {
      {{0.2935, 101.5712, 61829.8944, 13.2059, 0.1246, 0.9976, 19148092.8669},
       {0.2991, 97.6990, 61962.6559, 13.1004, 0.1270, 0.9978, 18141301.4980},
       {1.0468, 4092.1677, 61552.2355, 3.0364, 0.4445, 0.9724, 275294350.0796}}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const LineBead& line = (*kept->lines)[axis];
    const Row& row = kRows[axis];
    EXPECT_NEAR(line.fwhm_um.value, row.fwhm, 5e-5);
    EXPECT_NEAR(line.sigma_um, row.d, 5e-5);
    EXPECT_NEAR(line.centre_um, row.c, 5e-5);
    EXPECT_NEAR(line.r2, row.r2, 5e-5);
    EXPECT_NEAR(line.ssr, row.ssr, 1e-6 * row.ssr);  // a minimum: flat in the parameters
    EXPECT_NEAR(line.offset_adu, row.a, 0.5);        // their simplex stops a little off it
    EXPECT_NEAR(line.peak_adu, row.b, 0.5);
  }
  // Half maximum, freed of the pixel: the lines' own widths less the pixel's share in x and y (2.9
  // %). A Gaussian line is no half maximum, so 5 % there; in z, where the Gaussian fit in three
  // dimensions reads 1.27 um, 2 %.
  ASSERT_TRUE(kept->halfmax.has_value());
  EXPECT_EQ(kept->halfmax->source, HalfmaxSource::kPooledShape);
  EXPECT_NEAR(kept->halfmax->fwhm_um[0].value, 0.971 * 0.2935, 0.015);
  EXPECT_NEAR(kept->halfmax->fwhm_um[1].value, 0.971 * 0.2991, 0.015);
  EXPECT_NEAR(kept->halfmax->fwhm_um[2].value, 1.0468, 0.021);
  // Real light has rings and wings.
  const Report report = PsfReport(field, settings, 0);
  EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(),
                          [](const Finding& f) { return f.code == "model_mismatch"; }));
}

TEST(PsfGolden, FourBeadsOfTinyPixelsAreFoundWhereTheyWerePublished) {
  const auto path = tests::support::CalibrationFile("beads/mpicbg_four_beads.tif");
  if (path.empty()) GTEST_SKIP() << "no calibration data in " ETALON_CALIBRATION_DATA;
  const Stack stack = ReadTiffStack(path);
  ASSERT_EQ(stack.planes.size(), 41U);
  PsfSettings settings{0.0225, 0.0225, 0.125};
  settings.scope = PsfScope::kBead;
  const auto measured = MeasurePsf(stack, settings);
  ASSERT_TRUE(std::holds_alternative<PsfField>(measured));
  const auto& field = std::get<PsfField>(measured);
  constexpr std::array<std::array<double, 3>, 4> kPlaces = {
      {{30.1, 73.0, 23.3}, {44.3, 111.6, 23.3}, {76.1, 82.5, 23.3}, {125.4, 36.0, 23.4}}};
  for (const auto& place : kPlaces) {
    int near = 0;
    for (const PsfBead& bead : field.beads) {
      if (std::hypot(bead.position_px[0] - place[0], bead.position_px[1] - place[1],
                     bead.position_px[2] - place[2]) < 1.0) {
        ++near;
        EXPECT_FALSE(bead.rejected.has_value());
        if (bead.rejected) continue;
        ASSERT_TRUE(bead.lines.has_value());
        // Half maximum: no published figure. Means of the four, which scatter by 1 to 1.5 %; lines
        // through single voxels scatter by 3 %. Before the shape was round first they were .156
        // .227 .518.
        ASSERT_TRUE(bead.halfmax.has_value());
        EXPECT_NEAR(bead.halfmax->fwhm_um[0].value, 0.159, 0.005);
        EXPECT_NEAR(bead.halfmax->fwhm_um[1].value, 0.229, 0.007);
        EXPECT_NEAR(bead.halfmax->fwhm_um[2].value, 0.524, 0.015);
        // Ranges of GOLDEN.csv by another implementation, whose lines were cut elsewhere: 3 %.
        EXPECT_NEAR((*bead.lines)[0].fwhm_um.value, 0.164, 0.010);
        EXPECT_NEAR((*bead.lines)[1].fwhm_um.value, 0.223, 0.014);
        EXPECT_NEAR((*bead.lines)[2].fwhm_um.value, 0.535, 0.031);
      }
    }
    EXPECT_EQ(near, 1) << place[0];
  }
}

}  // namespace
}  // namespace qc_metrics
