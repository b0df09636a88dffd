// The shape that beads share: its functions, sums, evidence and half maximum, against plain loops
// and closed forms.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "qc_metrics/psf_halfmax_width.h"
#include "qc_metrics/psf_shape_evidence.h"
#include "qc_metrics/psf_shape_kernels.h"

namespace qc_metrics {
namespace {

/// psi_n from its closed form: Hermite polynomial by series, scaled to psi_0(0) = 1.
double Psi(int n, double u) {
  double previous = 0.0;
  double he = 1.0;
  double factorial = 1.0;
  for (int k = 0; k < n; ++k) {
    const double next = u * std::sqrt(2.0) * he - k * previous;
    previous = he;
    he = next;
    factorial *= k + 1;
  }
  return he / std::sqrt(factorial) * std::exp(-0.5 * u * u);
}

std::array<int, kParityClasses> Degrees(int all) {
  std::array<int, kParityClasses> out{};
  out.fill(all);
  return out;
}

double ValueOf(const LightShape& shape, const Eigen::Vector3d& u) {
  double sum = Psi(0, u[0]) * Psi(0, u[1]) * Psi(0, u[2]);
  for (std::size_t n = 0; n < shape.modes.size(); ++n) {
    const Mode& m = shape.modes[n];
    sum += shape.coefficients[static_cast<Eigen::Index>(n)] * Psi(m.i, u[0]) * Psi(m.j, u[1]) *
           Psi(m.k, u[2]);
  }
  return sum;
}

LightShape SomeShape() {
  LightShape shape{MakeModes(3, Degrees(5)), {}};
  shape.coefficients.resize(std::ssize(shape.modes));
  for (Eigen::Index n = 0; n < shape.coefficients.size(); ++n) {
    shape.coefficients[n] = 0.03 * std::sin(3.0 + 1.7 * static_cast<double>(n));
  }
  return shape;
}

MappedBead SomeBead() {
  MappedBead bead;
  bead.centre_px = {0.3, -0.4, 0.1};
  bead.map << 0.70, 0.05, 0.02, 0.03, 0.62, -0.04, 0.01, -0.02, 0.65;
  bead.amplitude_adu = 4000.0;
  bead.background_adu = 140.0;
  return bead;
}

const NoiseLine kNoise{-200.0, 2.2, 20.0, false};

/// A window of 9 x 9 x 9 voxels whose values differ from the model by a known pattern.
std::vector<VoxelBlock> SomeVoxels(const LightShape& shape, const MappedBead& bead) {
  Window window;
  for (int z = -4; z <= 4; ++z) {
    for (int y = -4; y <= 4; ++y) {
      window.rows.push_back({-4, y, z, 9, window.values.size()});
      for (int x = -4; x <= 4; ++x) {
        const Eigen::Vector3d u = bead.map * (Eigen::Vector3d(x, y, z) - bead.centre_px);
        window.values.push_back(static_cast<float>(bead.background_adu +
                                                   bead.amplitude_adu * ValueOf(shape, u) +
                                                   30.0 * std::sin(1.0 + x + 2.3 * y + 3.1 * z)));
      }
    }
  }
  window.voxels = static_cast<int>(window.values.size());
  return PackWindow(window, 100000);
}

/// Calls visit(x, residual, weight) for every voxel.
template <typename Visitor>
void ForEachVoxel(const std::vector<VoxelBlock>& voxels, const LightShape& shape,
                  const MappedBead& bead, Visitor&& visit) {
  for (const VoxelBlock& block : voxels) {
    for (int lane = 0; lane < kLanes; ++lane) {
      if (block.use[lane] == 0.0F) continue;
      const Eigen::Vector3d x(static_cast<double>(block.x[lane]),
                              static_cast<double>(block.y[lane]),
                              static_cast<double>(block.z[lane]));
      const double mean = bead.background_adu +
                          bead.amplitude_adu * ValueOf(shape, bead.map * (x - bead.centre_px));
      visit(x, static_cast<double>(block.value[lane]) - mean, 1.0 / VarianceAt(kNoise, mean));
    }
  }
}

/// The bead after a small step of one of its ten parameters.
MappedBead Moved(const MappedBead& bead, int parameter, double step) {
  MappedBead out = bead;
  if (parameter == 0) {
    out.amplitude_adu *= std::exp(step);
  } else if (parameter < 4) {
    out.centre_px[parameter - 1] += step;
  } else {
    constexpr std::array<std::pair<int, int>, 6> kPairs = {
        {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}}};
    const auto [i, j] = kPairs[static_cast<std::size_t>(parameter - 4)];
    Eigen::Matrix3d strain = Eigen::Matrix3d::Zero();
    strain(i, j) = strain(j, i) = step;
    out.map = (Eigen::Matrix3d::Identity() + strain) * bead.map;
  }
  return out;
}

TEST(PsfShape, ModesAreAllOfTheirDegreeAndParity) {
  EXPECT_EQ(MakeModes(3, Degrees(6)).size(), 74U);
  EXPECT_EQ(MakeModes(0, Degrees(2)).size(), 10U);
  std::array<int, kParityClasses> even{};
  even[0] = 10;
  EXPECT_EQ(MakeModes(3, even).size(), 52U);
  std::array<int, kParityClasses> along_z{};
  along_z[4] = 10;
  EXPECT_EQ(MakeModes(3, along_z).size(), 34U);
  EXPECT_EQ((Mode{1, 2, 3}).Degree(), 6);
  EXPECT_EQ((Mode{1, 2, 3}).ParityClass(), 5);
  EXPECT_EQ((Mode{0, 1, 0}).ParityClass(), 2);
}

TEST(PsfShape, ValuesFollowTheClosedForm) {
  std::array<double, kMaxShapeDegree + 1> h{};
  for (const double u : {-2.5, -0.3, 0.0, 1.2}) {
    HermiteValues(u, kMaxShapeDegree, h.data());
    for (int n = 0; n <= kMaxShapeDegree; ++n) {
      EXPECT_NEAR(h[static_cast<std::size_t>(n)] * std::exp(-0.5 * u * u), Psi(n, u), 1e-9) << n;
    }
  }
  const LightShape shape = SomeShape();
  const std::vector<Eigen::Vector3d> places = {{0.0, 0.0, 0.0},  {0.4, -1.1, 0.3}, {1.7, 0.2, -0.9},
                                               {-0.6, 0.8, 2.1}, {2.4, 1.9, 0.5},  {0.1, 0.2, -0.3},
                                               {-1.0, 0.0, 0.0}, {0.0, 1.0, 0.0},  {0.0, 0.0, 1.0}};
  std::array<double, 10> values{};
  values[9] = -7.0;
  EvaluateShape(TableOf(shape), places, values.data());
  EXPECT_EQ(values[9], -7.0);  // as many as there are places
  for (std::size_t i = 0; i < places.size(); ++i) {
    EXPECT_NEAR(values[i], ValueOf(shape, places[i]), 2e-6) << i;
  }
}

TEST(PsfShape, TheTableOfTheRecurrenceGivesFunctionsAndTheirSlopes) {
  const HermiteTable& table = Hermites();
  for (const double u : {-1.9, -0.4, 0.7, 2.2}) {
    for (int n = 0; n <= kMaxShapeDegree; ++n) {
      const auto at = static_cast<std::size_t>(n);
      const auto of = [&](float factor) { return static_cast<double>(factor); };
      const double below = n > 0 ? Psi(n - 1, u) : 0.0;
      EXPECT_NEAR(of(table.up[at]) * u * Psi(n, u) - of(table.down[at]) * below, Psi(n + 1, u),
                  1e-6);
      const double slope = (Psi(n, u + 1e-5) - Psi(n, u - 1e-5)) / 2e-5;
      EXPECT_NEAR(of(table.lower[at]) * below - of(table.raise[at]) * Psi(n + 1, u), slope, 1e-6);
    }
  }
}

TEST(PsfShape, AWindowIsPackedWholeOrThinnedEvenly) {
  const LightShape shape = SomeShape();
  const auto voxels = SomeVoxels(shape, SomeBead());
  EXPECT_EQ(voxels.size(), 92U);  // 729 / 8, rounded up
  double used = 0.0;
  for (const VoxelBlock& block : voxels) {
    for (int lane = 0; lane < kLanes; ++lane) used += static_cast<double>(block.use[lane]);
  }
  EXPECT_EQ(used, 729.0);
  Window window;
  window.rows = {{-5, 2, 3, 50, 0}, {0, 0, 0, 51, 50}};
  window.values.resize(101);
  for (std::size_t i = 0; i < 101; ++i) window.values[i] = static_cast<float>(i);
  window.voxels = 101;
  const auto thin = PackWindow(window, 50);
  ASSERT_EQ(thin.size(), 5U);  // every third: 34
  EXPECT_EQ(thin[0].value[1], 3.0F);
  EXPECT_EQ(thin[0].x[1], -2.0F);
  EXPECT_EQ(thin[0].y[1], 2.0F);
  EXPECT_EQ(thin[0].z[1], 3.0F);
  EXPECT_EQ(thin[4].value[1], 99.0F);
  EXPECT_EQ(thin[4].use[1], 1.0F);
  EXPECT_EQ(thin[4].use[2], 0.0F);
}

TEST(PsfShape, SumsAreThoseOfAPlainLoop) {
  const LightShape shape = SomeShape();
  const MappedBead bead = SomeBead();
  const auto voxels = SomeVoxels(shape, bead);
  const ShapeTable table = TableOf(shape);
  const auto columns = static_cast<Eigen::Index>(kBeadParameters + shape.modes.size() + 1);
  Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(columns, columns);
  ForEachVoxel(voxels, shape, bead, [&](const Eigen::Vector3d& x, double residual, double weight) {
    Eigen::VectorXd row(columns);
    for (int p = 0; p < kBeadParameters; ++p) {
      constexpr double kStep = 1e-5;
      const auto light = [&](double step) {
        const MappedBead moved = Moved(bead, p, step);
        return moved.amplitude_adu * ValueOf(shape, moved.map * (x - moved.centre_px));
      };
      row[p] = (light(kStep) - light(-kStep)) / (2.0 * kStep);
    }
    const Eigen::Vector3d u = bead.map * (x - bead.centre_px);
    for (std::size_t n = 0; n < shape.modes.size(); ++n) {
      const Mode& m = shape.modes[n];
      row[static_cast<Eigen::Index>(kBeadParameters + n)] =
          bead.amplitude_adu * Psi(m.i, u[0]) * Psi(m.j, u[1]) * Psi(m.k, u[2]);
    }
    row[columns - 1] = residual;
    expected += weight * row * row.transpose();
  });
  ShapeSums modes(shape.modes, kBeadParameters);
  TakeBead(voxels, table, bead, kNoise, modes);
  const OwnSums own = modes.Own();
  const auto product = [&](Eigen::Index i, Eigen::Index j) {
    if (i < kBeadParameters) return own.own(i, j);
    const Eigen::Index mode = i - kBeadParameters;
    if (i < columns - 1) return j < kBeadParameters ? own.cross(j, mode) : expected(i, j);
    return j < kBeadParameters ? own.own_score[j] : own.score[j - kBeadParameters];
  };
  const ScoringSums sums = SumScores(voxels, table, bead, kNoise);
  for (Eigen::Index i = 0; i < columns; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      const double scale = std::sqrt(expected(i, i) * expected(j, j));
      if (j < columns - 1) {
        EXPECT_NEAR(product(i, j) / scale, expected(i, j) / scale, 2e-4) << i << " " << j;
      }
      if (i < kBeadParameters) {
        EXPECT_NEAR(sums.information(i, j) / scale, expected(i, j) / scale, 2e-4);
        EXPECT_EQ(sums.information(i, j), sums.information(j, i));
      }
    }
  }
  const double last = expected(columns - 1, columns - 1);
  EXPECT_NEAR(sums.chi2 / last, 1.0, 1e-4);
  for (int p = 0; p < kBeadParameters; ++p) {
    const double scale = std::sqrt(expected(p, p) * last);
    EXPECT_NEAR(sums.score[p] / scale, expected(columns - 1, p) / scale, 2e-4) << p;
  }
}

/// A chunk of made-up numbers: places, scales and `rows` rows; the last blocks are not full.
VoxelChunk SomeChunk(int blocks, int rows, double phase) {
  VoxelChunk chunk{};
  chunk.blocks = blocks;
  for (int n = 0; n < 8 * blocks - 3; ++n) {
    const auto wave = [&](double rate) {
      return static_cast<float>(std::sin(phase + rate * static_cast<double>(n)));
    };
    for (int axis = 0; axis < 3; ++axis) chunk.u[axis][n / 8][n % 8] = 3.0F * wave(1.3 + axis);
    float square = 0.0F;
    for (const auto& u : chunk.u) square += u[n / 8][n % 8] * u[n / 8][n % 8];
    chunk.scale[n / 8][n % 8] = (1.5F + wave(0.7)) * std::exp(-0.5F * square);
    for (int row = 0; row < rows; ++row) chunk.rows[row][n / 8][n % 8] = wave(0.4 + 0.9 * row);
  }
  return chunk;
}

/// Rows and modes of a chunk as the columns of a plain matrix.
Eigen::MatrixXd ColumnsOf(const VoxelChunk& chunk, int rows, const std::vector<Mode>& modes) {
  Eigen::MatrixXd out(8 * chunk.blocks, rows + std::ssize(modes));
  for (int n = 0; n < 8 * chunk.blocks; ++n) {
    const auto at = [n](const Lanes* lanes) { return static_cast<double>(lanes[n / 8][n % 8]); };
    for (int row = 0; row < rows; ++row) out(n, row) = at(chunk.rows[row]);
    const std::array<double, 3> u = {at(chunk.u[0]), at(chunk.u[1]), at(chunk.u[2])};
    const double bare = std::exp(0.5 * (u[0] * u[0] + u[1] * u[1] + u[2] * u[2]));
    for (std::size_t m = 0; m < modes.size(); ++m) {
      out(n, rows + static_cast<Eigen::Index>(m)) = at(chunk.scale) * bare * Psi(modes[m].i, u[0]) *
                                                    Psi(modes[m].j, u[1]) * Psi(modes[m].k, u[2]);
    }
  }
  return out;
}

TEST(PsfShape, ProductsOfModesFollowFromTheirMoments) {
  for (const std::array<int, kParityClasses>& degrees :
       {Degrees(10), Degrees(6), std::array{10, 0, 0, 6, 0, 8, 0, 0}}) {
    const std::vector<Mode> modes = MakeModes(3, degrees);
    ShapeMoments moments(modes);
    Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(std::ssize(modes), std::ssize(modes));
    for (const double phase : {0.1, 0.5}) {
      const VoxelChunk chunk = SomeChunk(kChunk, 0, phase);
      const Eigen::MatrixXd columns = ColumnsOf(chunk, 0, modes);
      expected += columns.transpose() * columns;
      moments.Take(chunk);
      moments.Keep();
    }
    moments.Take(SomeChunk(3, 0, 0.9));
    moments.Drop();  // leaves no trace
    const Eigen::MatrixXd found = moments.Matrix();
    const Eigen::VectorXd scale = expected.diagonal().cwiseSqrt().cwiseInverse();
    const Eigen::MatrixXd off = scale.asDiagonal() * (found - expected) * scale.asDiagonal();
    EXPECT_LT(off.cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(PsfShape, OwnParametersAreProjectedOut) {
  const std::vector<Mode> modes = MakeModes(3, Degrees(4));
  for (const int own : {10, 14}) {
    ShapeSums sums(modes, own);
    ShapeEquations expected{Eigen::MatrixXd::Zero(std::ssize(modes), std::ssize(modes)),
                            Eigen::VectorXd::Zero(std::ssize(modes))};
    EXPECT_TRUE(sums.Empty());
    for (const double phase : {0.1, 0.5, 0.8}) {
      const VoxelChunk chunk = SomeChunk(kChunk, own + 1, phase);
      const Eigen::MatrixXd x = ColumnsOf(chunk, own + 1, modes);
      const Eigen::MatrixXd first = x.leftCols(own);
      const Eigen::MatrixXd left =
          Eigen::MatrixXd::Identity(x.rows(), x.rows()) -
          first * (first.transpose() * first).inverse() * first.transpose();
      const Eigen::MatrixXd b = x.rightCols(std::ssize(modes));
      expected.matrix += b.transpose() * left * b;
      expected.score += b.transpose() * left * x.col(own);
      sums.Take(chunk);
      ASSERT_TRUE(sums.EndBead());
    }
    VoxelChunk same = SomeChunk(kChunk, own + 1, 0.3);
    std::copy(std::begin(same.rows[0]), std::end(same.rows[0]), std::begin(same.rows[1]));
    sums.Take(same);
    EXPECT_FALSE(sums.EndBead());  // two of its own columns are one: nothing is added
    const ShapeEquations found = sums.Equations();
    const Eigen::VectorXd scale = expected.matrix.diagonal().cwiseSqrt().cwiseInverse();
    const Eigen::MatrixXd off =
        scale.asDiagonal() * (found.matrix - expected.matrix) * scale.asDiagonal();
    EXPECT_LT(off.cwiseAbs().maxCoeff(), 2e-5);
    EXPECT_LT(scale.cwiseProduct(found.score - expected.score).cwiseAbs().maxCoeff(), 1e-4);
    EXPECT_EQ(found.matrix, found.matrix.transpose());
  }
}

TEST(PsfShape, EvidenceOfOneModeIsItsClosedForm) {
  // One mode of degree 3 with curvature e and score t: the best variance is (t^2 - e) / e^2, and
  // the gain there (t^2/e - 1 - ln(t^2/e)) / 2.
  const std::vector<Mode> modes = {{0, 0, 3}, {0, 0, 5}, {1, 1, 1}};
  ShapeEquations equations{Eigen::Vector3d(1e6, 1e-9, 4e4).asDiagonal(),
                           Eigen::Vector3d(3e4, 0.0, 10.0)};
  const ShapeBasis basis = PlainBasis(modes);
  const auto evidence = EvidenceOf(equations, basis, Eigen::VectorXd::Zero(3));
  EXPECT_NEAR(evidence[4].variance, (9e8 - 1e6) / 1e12, 2e-6);
  EXPECT_NEAR(evidence[4].gain, 0.5 * (900.0 - 1.0 - std::log(900.0)), 0.01);
  EXPECT_LT(evidence[7].variance, 1.1e-10);  // t^2 below e: nothing there
  EXPECT_NEAR(evidence[7].gain, 0.0, 1e-3);
  EXPECT_EQ(evidence[0].gain, 0.0);  // no mode of that class
  // Coefficients that explain the data already count the same.
  Eigen::VectorXd there = Eigen::Vector3d(0.03, 0.0, 0.0);
  equations.score[0] = 0.0;
  EXPECT_NEAR(EvidenceOf(equations, basis, there)[4].gain, evidence[4].gain, 1e-6);
  const ShapePosterior posterior(equations, basis, there, evidence);
  const double shrink = 1e6 / (1e6 + 1.0 / evidence[4].variance);
  EXPECT_NEAR(posterior.Coefficients()[0], 0.03 * shrink, 1e-9);
  EXPECT_NEAR(posterior.Covariance()(0, 0), 1.0 / (1e6 + 1.0 / evidence[4].variance), 1e-12);
  // The prior narrows by .35 a degree.
  EXPECT_NEAR(posterior.Covariance()(1, 1) / (evidence[4].variance * 0.35 * 0.35), 1.0, 1e-6);
}

/// Expected half maximum of a Gaussian that a box has blurred, its sigma raised by the box's
/// variance, after the box is taken off again.
TEST(PsfShape, TheHalfMaximumOfABlurredGaussianIsTheSharpOne) {
  const LightShape gaussian{{}, {}};
  const ShapeTable table = TableOf(gaussian);
  const std::array<double, 3> voxel = {0.065, 0.07, 0.2};
  const std::array<double, 3> sigma = {1.4, 1.5, 1.6};
  for (const PixelBox& box : {PixelBox{1.0, 1.0}, PixelBox{1.0, 0.0}, PixelBox{0.0, 1.0}}) {
    MappedBead bead;
    bead.centre_px = {0.2, 0.1, -0.3};
    const std::array<double, 3> blurred = {std::sqrt(sigma[0] * sigma[0] + box.x / 12.0),
                                           std::sqrt(sigma[1] * sigma[1] + box.y / 12.0), sigma[2]};
    bead.map = Eigen::Vector3d(1.0 / blurred[0], 1.0 / blurred[1], 1.0 / blurred[2]).asDiagonal();
    const auto half = SharpLight(table, bead, box, voxel).Measure();
    ASSERT_TRUE(half.has_value());
    for (std::size_t i = 0; i < 3; ++i) {
      const double truth = 2.3548200450309493 * sigma[i] * voxel[i];
      // The Gaussian of the summed variance has not the box's fourth cumulant: 3e-4 at most.
      EXPECT_NEAR(half->axes[i].Width() / truth, 1.0, 4e-4) << i;
      EXPECT_NEAR(half->axes[i].near_um / half->axes[i].far_um, 1.0, 1e-4);
      EXPECT_NEAR(half->maximum_px[static_cast<Eigen::Index>(i)],
                  bead.centre_px[static_cast<Eigen::Index>(i)], 1e-3);
    }
  }
}

TEST(PsfShape, ProfilesOfATurnedGaussianAreThoseThroughItsMaximum) {
  const ShapeTable table = TableOf({{}, {}});
  const std::array<double, 3> voxel = {0.065, 0.07, 0.2};
  MappedBead bead = SomeBead();
  const SharpLight light(table, bead, PixelBox{0.0, 0.0}, voxel);
  const auto half = light.Measure();
  ASSERT_TRUE(half.has_value());
  for (int i = 0; i < 5; ++i) {
    const HalfProfile& p = i < 3 ? half->axes[static_cast<std::size_t>(i)]
                                 : half->diagonals[static_cast<std::size_t>(i - 3)];
    const Eigen::Vector3d d = light.Direction(i);
    EXPECT_NEAR(p.Width(), 2.3548200450309493 / (bead.map * d).norm(), 2e-5) << i;
    // d exp(-t^2 / 2 s^2) / dt at half: sqrt(2 ln 2) / (2 s).
    EXPECT_NEAR(p.far_slope * p.Width(), std::log(2.0) * 2.0, 0.003);
    EXPECT_NEAR(p.near_slope * p.Width(), std::log(2.0) * 2.0, 0.003);
    EXPECT_NEAR((d.cwiseProduct(Eigen::Vector3d(voxel[0], voxel[1], voxel[2]))).norm(), 1.0, 1e-12);
  }
}

TEST(PsfShape, ASkewShapeHasUnequalSides) {
  LightShape shape{{{0, 0, 3}}, Eigen::VectorXd::Constant(1, 0.1)};
  const ShapeTable table = TableOf(shape);
  MappedBead bead;
  bead.map = 0.7 * Eigen::Matrix3d::Identity();
  const SharpLight light(table, bead, PixelBox{0.0, 0.0}, {0.1, 0.1, 0.1});
  const auto half = light.Measure();
  ASSERT_TRUE(half.has_value());
  // Along z the light is g(w) = psi_0 + .1 psi_3: maximum and half levels by bisection.
  const auto g = [](double w) { return Psi(0, w) + 0.1 * Psi(3, w); };
  double top = -1.0;
  for (double w = -1.0; w < 1.0; w += 1e-5) top = g(w) > g(top) ? w : top;
  const auto side = [&](double direction) {
    double low = 0.0;
    double high = 3.0;
    for (int i = 0; i < 50; ++i) {
      const double middle = 0.5 * (low + high);
      (g(top + direction * middle) > 0.5 * g(top) ? low : high) = middle;
    }
    return low * 0.1 / 0.7;
  };
  EXPECT_NEAR(half->axes[2].far_um, side(1.0), 3e-5);
  EXPECT_NEAR(half->axes[2].near_um, side(-1.0), 3e-5);
  EXPECT_GT(std::abs(side(1.0) / side(-1.0) - 1.0), 0.05);
  EXPECT_NEAR(half->axes[0].far_um, half->axes[0].near_um, 1e-5);
  const Eigen::VectorXd modes = light.Modes(shape.modes, {0.0, 0.0, 1.0});
  EXPECT_NEAR(modes[0], Psi(3, 0.7), 1e-9);
}

}  // namespace
}  // namespace qc_metrics
