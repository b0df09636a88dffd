#include "qc_metrics/psf_gaussian_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "qc_metrics/psf_lanes.h"

namespace qc_metrics {
namespace {

constexpr double kFourthCumulant = -1.0 / 120.0;  // of a box one pixel wide, in px^4
constexpr double kSmallestBoxFactor = 0.2;

/// Coefficients of q and of the background along one row, and of the box factor.
struct RowModel {
  double q0, q1, q2;  // q = q0 + q1 x + q2 x^2
  double b0, b1;
  double hx0, hx1, hy0, hy1;  // slopes of q as straight lines of x
  double pxx, pyy;

  ETALON_INLINE RowModel(const double* t, double y, double z)
      : q0(t[0] + t[2] * y + t[3] * z + t[5] * y * y + t[6] * z * z + t[9] * y * z),
        q1(t[1] + t[7] * y + t[8] * z),
        q2(t[4]),
        b0(t[10] + t[12] * y + t[13] * z),
        b1(t[11]),
        hx0(q1),
        hx1(2.0 * t[4]),
        hy0(t[2] + 2.0 * t[5] * y + t[9] * z),
        hy1(t[7]),
        pxx(-2.0 * t[4]),
        pyy(-2.0 * t[5]) {}

  /// At one x or at several.
  template <typename T>
  ETALON_INLINE void BoxFactor(const PixelBox& box, const T& x, T& out) const {
    const T hx = hx0 + hx1 * x;
    const T hy = hy0 + hy1 * x;
    const T along_x = hx * hx * (hx * hx - 6.0 * pxx) + 3.0 * pxx * pxx;
    const T along_y = hy * hy * (hy * hy - 6.0 * pyy) + 3.0 * pyy * pyy;
    const T factor = 1.0 + kFourthCumulant / 24.0 * (box.x * along_x + box.y * along_y);
    out = factor > kSmallestBoxFactor ? factor : T{} + kSmallestBoxFactor;
  }

  [[nodiscard]] double LightAt(const PixelBox& box, double x, double unblurred) const {
    double factor = 0.0;
    BoxFactor(box, x, factor);
    return unblurred * factor;
  }
};

/// Light exp(q) along a row, four voxels at a time, by recurrence; `step` is exp(2 q2).
struct RowLight {
  WideLanes x{}, light{}, ratio{};
  double ratio_step = 1.0;

  ETALON_INLINE void Start(const RowModel& m, double first, double step) {
    double here = std::exp(m.q0 + first * (m.q1 + first * m.q2));
    double next = std::exp(m.q1 + m.q2 * (2.0 * first + 1.0));
    double four = 1.0;  // from one voxel to the fourth after it
    double lights[kWideLanes];
    for (double& voxel : lights) {
      voxel = here;
      here *= next;
      four *= next;
      next *= step;
    }
    const double step_4 = step * step * step * step;
    x = WideLanes{first, first + 1.0, first + 2.0, first + 3.0};
    light = WideLanes{lights[0], lights[1], lights[2], lights[3]};
    ratio = four * WideLanes{1.0, step_4, step_4 * step_4, step_4 * step_4 * step_4};
    ratio_step = step_4 * step_4 * step_4 * step_4;
  }

  ETALON_INLINE void Advance() {
    light *= ratio;
    ratio *= ratio_step;
    x += static_cast<double>(kWideLanes);
  }
};

/// Sums of weight x^i y^j z^k with i + j + k < N of one row, one slice, all slices.
template <std::size_t N>
struct MomentLanes {
  WideLanes row[N] = {};
  WideLanes slice[N][N] = {};
  WideLanes all[N][N][N] = {};

  ETALON_INLINE void Add(const WideLanes& first, const WideLanes& x) {
    WideLanes term = first;
    for (WideLanes& sum : row) {
      sum += term;
      term *= x;
    }
  }
  ETALON_INLINE void EndRow(const double* y) {
    for (std::size_t j = 0; j < N; ++j) {
      for (std::size_t i = 0; i + j < N; ++i) slice[j][i] += y[j] * row[i];
    }
    for (WideLanes& sum : row) sum = WideLanes{};
  }
  ETALON_INLINE void EndSlice(const double* z) {
    for (std::size_t k = 0; k < N; ++k) {
      for (std::size_t j = 0; j + k < N; ++j) {
        for (std::size_t i = 0; i + j + k < N; ++i) all[k][j][i] += z[k] * slice[j][i];
      }
    }
    for (auto& line : slice) {
      for (WideLanes& sum : line) sum = WideLanes{};
    }
  }
  [[nodiscard]] double At(int i, int j, int k) const { return Total(all[k][j][i]); }
};

struct WindowLanes {
  MomentLanes<5> light_light;
  MomentLanes<4> light_ground;
  MomentLanes<3> ground_ground, light_score;
  MomentLanes<2> ground_score;
  WideLanes chi2{};

  ETALON_INLINE void EndRow(double y) {
    const double powers[5] = {1.0, y, y * y, y * y * y, y * y * y * y};
    light_light.EndRow(powers);
    light_ground.EndRow(powers);
    ground_ground.EndRow(powers);
    light_score.EndRow(powers);
    ground_score.EndRow(powers);
  }
  ETALON_INLINE void EndSlice(double z) {
    const double powers[5] = {1.0, z, z * z, z * z * z, z * z * z * z};
    light_light.EndSlice(powers);
    light_ground.EndSlice(powers);
    ground_ground.EndSlice(powers);
    light_score.EndSlice(powers);
    ground_score.EndSlice(powers);
  }
};

/// Adds up to four voxels of a row.
ETALON_INLINE void AddVoxels(const float* values, int count, const RowModel& m,
                             const RowLight& along, const NoiseLine& noise, const PixelBox& box,
                             WindowLanes& sums) {
  WideLanes value{};
  WideLanes use{};
  for (int lane = 0; lane < count; ++lane) {
    value[lane] = static_cast<double>(values[lane]);
    use[lane] = 1.0;
  }
  const WideLanes& x = along.x;
  WideLanes g{};
  m.BoxFactor(box, x, g);
  g *= along.light;
  const WideLanes mean = m.b0 + m.b1 * x + g;
  const WideLanes line = noise.at_zero + noise.per_adu * mean;
  const WideLanes w = use / (line > noise.floor ? line : WideLanes{} + noise.floor);
  const WideLanes r = value - mean;
  const WideLanes wr = w * r;
  const WideLanes wg = w * g;
  sums.light_light.Add(wg * g, x);
  sums.light_ground.Add(wg, x);
  sums.ground_ground.Add(w, x);
  sums.light_score.Add(wr * g, x);
  sums.ground_score.Add(wr, x);
  sums.chi2 += wr * r;
}

/// Rows come slice by slice.
ETALON_HOT void SumRows(const WindowRow* rows, std::size_t count, const float* values,
                        const double* theta, const NoiseLine& noise, const PixelBox& box,
                        WindowLanes& sums) {
  const double step = std::exp(2.0 * theta[4]);
  for (std::size_t n = 0; n < count; ++n) {
    const WindowRow& row = rows[n];
    const RowModel model(theta, row.y, row.z);
    RowLight along{};
    along.Start(model, row.x, step);
    const float* at = values + row.offset;
    int left = row.count;
    for (; left > kWideLanes; left -= kWideLanes, at += kWideLanes) {
      AddVoxels(at, kWideLanes, model, along, noise, box, sums);
      along.Advance();
    }
    AddVoxels(at, left, model, along, noise, box, sums);
    sums.EndRow(row.y);
    if (n + 1 == count || rows[n + 1].z != row.z) sums.EndSlice(row.z);
  }
}

double InformationOf(const WindowLanes& sums, int i, int j) {
  const Powers& a = kPowers[static_cast<std::size_t>(i)];
  const Powers& b = kPowers[static_cast<std::size_t>(j)];
  const int x = a.x + b.x;
  const int y = a.y + b.y;
  const int z = a.z + b.z;
  if (i < 10 && j < 10) return sums.light_light.At(x, y, z);
  return i >= 10 && j >= 10 ? sums.ground_ground.At(x, y, z) : sums.light_ground.At(x, y, z);
}

}  // namespace

GaussianSums SumGaussian(const Window& window, const Parameters& theta, const NoiseLine& noise,
                         const PixelBox& box) {
  WindowLanes sums;
  SumRows(window.rows.data(), window.rows.size(), window.values.data(), theta.data(), noise, box,
          sums);
  GaussianSums out;
  for (int i = 0; i < 14; ++i) {
    for (int j = 0; j <= i; ++j) {
      out.information(i, j) = out.information(j, i) = InformationOf(sums, i, j);
    }
    const Powers& a = kPowers[static_cast<std::size_t>(i)];
    out.score[i] =
        i < 10 ? sums.light_score.At(a.x, a.y, a.z) : sums.ground_score.At(a.x, a.y, a.z);
  }
  out.chi2 = Total(sums.chi2);
  return out;
}

double ModelAt(const Parameters& theta, const PixelBox& box, double x, double y, double z) {
  const RowModel m(theta.data(), y, z);
  return m.b0 + m.b1 * x + m.LightAt(box, x, std::exp(m.q0 + x * (m.q1 + x * m.q2)));
}

std::vector<double> ModelValues(const Window& window, const Parameters& theta,
                                const PixelBox& box) {
  std::vector<double> values(window.values.size());
  const double ratio_step = std::exp(2.0 * theta[4]);
  for (const WindowRow& row : window.rows) {
    const RowModel m(theta.data(), row.y, row.z);
    double x = row.x;
    double light = std::exp(m.q0 + x * (m.q1 + x * m.q2));
    double ratio = std::exp(m.q1 + m.q2 * (2.0 * x + 1.0));
    for (std::size_t i = row.offset; i < row.offset + static_cast<std::size_t>(row.count); ++i) {
      values[i] = m.b0 + m.b1 * x + m.LightAt(box, x, light);
      light *= ratio;
      ratio *= ratio_step;
      x += 1.0;
    }
  }
  return values;
}

}  // namespace qc_metrics
