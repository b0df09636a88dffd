#include "qc_metrics/psf_gaussian_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kFourthCumulant = -1.0 / 120.0;  // of a box one pixel wide, in px^4
constexpr double kSmallestBoxFactor = 0.2;
constexpr double kLargestStep = 0.7;  // change of log light about 1.5 sigma from the centre

/// Exponents of x, y, z of the ten monomials of the log light, then of the four of the background.
struct Powers {
  int x, y, z;
};
constexpr std::array<Powers, 14> kPowers = {{{0, 0, 0},
                                             {1, 0, 0},
                                             {0, 1, 0},
                                             {0, 0, 1},
                                             {2, 0, 0},
                                             {0, 2, 0},
                                             {0, 0, 2},
                                             {1, 1, 0},
                                             {1, 0, 1},
                                             {0, 1, 1},
                                             {0, 0, 0},
                                             {1, 0, 0},
                                             {0, 1, 0},
                                             {0, 0, 1}}};

/// Sums of weight x^i y^j z^k with i + j + k <= 4.
class Moments {
 public:
  double& At(int i, int j, int k) { return sums_[Index(i, j, k)]; }
  [[nodiscard]] double At(int i, int j, int k) const { return sums_[Index(i, j, k)]; }

  /// Adds a row's sums along x at one (y, z); `powers_y[j] = y^j`.
  template <std::size_t N>
  void Fold(const std::array<double, N>& along_x, const std::array<double, 5>& y,
            const std::array<double, 5>& z) {
    constexpr int order = static_cast<int>(N) - 1;
    for (int k = 0; k <= order; ++k) {
      for (int j = 0; j + k <= order; ++j) {
        const double yz = y[static_cast<std::size_t>(j)] * z[static_cast<std::size_t>(k)];
        for (int i = 0; i + j + k <= order; ++i) {
          At(i, j, k) += yz * along_x[static_cast<std::size_t>(i)];
        }
      }
    }
  }

 private:
  static std::size_t Index(int i, int j, int k) {
    return static_cast<std::size_t>(25 * k + 5 * j + i);
  }
  std::array<double, 125> sums_{};
};

/// One row's running sums along x.
struct RowSums {
  std::array<double, 5> light_light{};
  std::array<double, 4> light_ground{};
  std::array<double, 3> ground_ground{};
  std::array<double, 3> light_score{};
  std::array<double, 2> ground_score{};
  double chi2 = 0.0;
};

struct Sums {
  Moments light_light, light_ground, ground_ground, light_score, ground_score;
  double chi2 = 0.0;
};

/// Coefficients of q and of the background along one row, and of the box factor.
struct RowModel {
  double q0, q1, q2;  // q = q0 + q1 x + q2 x^2
  double b0, b1;
  double hx0, hx1, hy0, hy1;  // slopes of q as straight lines of x
  double pxx, pyy;

  RowModel(const Parameters& t, double y, double z)
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

  [[nodiscard]] double BoxFactor(const PixelBox& box, double x) const {
    const auto term = [](double h, double p) { return h * h * (h * h - 6.0 * p) + 3.0 * p * p; };
    const double sum = box.x * term(hx0 + hx1 * x, pxx) + box.y * term(hy0 + hy1 * x, pyy);
    return std::max(kSmallestBoxFactor, 1.0 + kFourthCumulant / 24.0 * sum);
  }
};

RowSums SumRow(const WindowRow& row, const float* values, const RowModel& m, const NoiseLine& noise,
               const PixelBox& box) {
  RowSums s;
  double x = row.x;
  double light = std::exp(m.q0 + x * (m.q1 + x * m.q2));
  double ratio = std::exp(m.q1 + m.q2 * (2.0 * x + 1.0));
  const double ratio_step = std::exp(2.0 * m.q2);
  for (int i = 0; i < row.count; ++i) {
    const double g = light * m.BoxFactor(box, x);
    const double mean = m.b0 + m.b1 * x + g;
    const double w = 1.0 / VarianceAt(noise, mean);
    const double r = static_cast<double>(values[i]) - mean;
    const double wr = w * r;
    const double wg = w * g;
    const double x2 = x * x;
    double term = wg * g;
    s.light_light[0] += term;
    s.light_light[1] += term * x;
    s.light_light[2] += term * x2;
    s.light_light[3] += term * x2 * x;
    s.light_light[4] += term * x2 * x2;
    s.light_ground[0] += wg;
    s.light_ground[1] += wg * x;
    s.light_ground[2] += wg * x2;
    s.light_ground[3] += wg * x2 * x;
    s.ground_ground[0] += w;
    s.ground_ground[1] += w * x;
    s.ground_ground[2] += w * x2;
    term = wr * g;
    s.light_score[0] += term;
    s.light_score[1] += term * x;
    s.light_score[2] += term * x2;
    s.ground_score[0] += wr;
    s.ground_score[1] += wr * x;
    s.chi2 += wr * r;
    light *= ratio;
    ratio *= ratio_step;
    x += 1.0;
  }
  return s;
}

Sums SumWindow(const Window& window, const Parameters& theta, const NoiseLine& noise,
               const PixelBox& box) {
  Sums sums;
  for (const WindowRow& row : window.rows) {
    const double y = row.y;
    const double z = row.z;
    const RowSums s =
        SumRow(row, window.values.data() + row.offset, RowModel(theta, y, z), noise, box);
    const std::array<double, 5> py = {1.0, y, y * y, y * y * y, y * y * y * y};
    const std::array<double, 5> pz = {1.0, z, z * z, z * z * z, z * z * z * z};
    sums.light_light.Fold(s.light_light, py, pz);
    sums.light_ground.Fold(s.light_ground, py, pz);
    sums.ground_ground.Fold(s.ground_ground, py, pz);
    sums.light_score.Fold(s.light_score, py, pz);
    sums.ground_score.Fold(s.ground_score, py, pz);
    sums.chi2 += s.chi2;
  }
  return sums;
}

Information BuildInformation(const Sums& sums) {
  Information out;
  for (int i = 0; i < 14; ++i) {
    for (int j = 0; j < 14; ++j) {
      const Powers& a = kPowers[static_cast<std::size_t>(i)];
      const Powers& b = kPowers[static_cast<std::size_t>(j)];
      const Moments& from = i < 10 && j < 10     ? sums.light_light
                            : i >= 10 && j >= 10 ? sums.ground_ground
                                                 : sums.light_ground;
      out(i, j) = from.At(a.x + b.x, a.y + b.y, a.z + b.z);
    }
  }
  return out;
}

Parameters BuildScore(const Sums& sums) {
  Parameters out;
  for (int i = 0; i < 14; ++i) {
    const Powers& a = kPowers[static_cast<std::size_t>(i)];
    out[i] = (i < 10 ? sums.light_score : sums.ground_score).At(a.x, a.y, a.z);
  }
  return out;
}

/// Shortens a step that would change the log light too much near the bead.
double StepScale(const Parameters& theta, const Parameters& step) {
  const Eigen::Matrix3d shape = Precision(theta).inverse();
  const Eigen::Vector3d s = 1.5 * shape.diagonal().cwiseMax(0.1).cwiseSqrt();
  double largest = 0.0;
  for (int i = 0; i < 10; ++i) {
    const Powers& p = kPowers[static_cast<std::size_t>(i)];
    largest = std::max(largest, std::abs(step[i]) * std::pow(s[0], p.x) * std::pow(s[1], p.y) *
                                    std::pow(s[2], p.z));
  }
  return largest > kLargestStep ? kLargestStep / largest : 1.0;
}

bool IsBead(const Parameters& theta) {
  if (!theta.allFinite() || std::abs(theta[0]) > 60.0) {
    return false;
  }
  const Eigen::Matrix3d p = Precision(theta);
  return p(0, 0) > 0.0 && p(0, 0) * p(1, 1) - p(0, 1) * p(0, 1) > 0.0 && p.determinant() > 0.0 &&
         p.diagonal().maxCoeff() < 50.0;
}

/// Scoring step of the free parameters, or nothing when the information is singular.
std::optional<Parameters> ScoringStep(const Information& info, const Parameters& score, Free free) {
  const int n = free == Free::kLightOnly ? 10 : 14;
  // Unit diagonal: positions to the fourth power and a background slope differ by many decades.
  Parameters scale = Parameters::Ones();
  for (int i = 0; i < n; ++i) {
    if (!(info(i, i) > 0.0)) {
      return std::nullopt;
    }
    scale[i] = 1.0 / std::sqrt(info(i, i));
  }
  const Information scaled = scale.asDiagonal() * info * scale.asDiagonal();
  Parameters step = Parameters::Zero();
  if (n == 10) {
    const Eigen::Matrix<double, 10, 10> light = scaled.topLeftCorner<10, 10>();
    const Eigen::LLT<Eigen::Matrix<double, 10, 10>> llt(light);
    if (llt.info() != Eigen::Success) return std::nullopt;
    step.head<10>() = llt.solve(scale.head<10>().cwiseProduct(score.head<10>()));
  } else {
    const Eigen::LLT<Information> llt(scaled);
    if (llt.info() != Eigen::Success) return std::nullopt;
    step = llt.solve(scale.cwiseProduct(score));
  }
  return Parameters(step.cwiseProduct(scale));
}

}  // namespace

Eigen::Matrix3d Precision(const Parameters& t) {
  return ToMatrix({-2.0 * t[4], -2.0 * t[5], -2.0 * t[6], -t[7], -t[8], -t[9]});
}

Eigen::Vector3d Centre(const Parameters& t) {
  return Precision(t).inverse() * Eigen::Vector3d(t[1], t[2], t[3]);
}

Parameters MakeParameters(const std::array<double, 3>& centre_px, const Shape& shape_px2,
                          double amplitude, double background, const std::array<int, 3>& origin) {
  const Eigen::Matrix3d p = ToMatrix(shape_px2).inverse();
  const Eigen::Vector3d c(centre_px[0] - origin[0], centre_px[1] - origin[1],
                          centre_px[2] - origin[2]);
  const Eigen::Vector3d slope = p * c;
  Parameters t = Parameters::Zero();
  t << std::log(std::max(amplitude, 1e-9)) - 0.5 * c.dot(slope), slope, -0.5 * p(0, 0),
      -0.5 * p(1, 1), -0.5 * p(2, 2), -p(0, 1), -p(0, 2), -p(1, 2), background, 0.0, 0.0, 0.0;
  return t;
}

Parameters MoveOrigin(const Parameters& theta, const std::array<int, 3>& from,
                      const std::array<int, 3>& to) {
  const Eigen::Vector3d d(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  const Eigen::Matrix3d p = Precision(theta);
  Parameters t = theta;
  const Eigen::Vector3d slope(theta[1], theta[2], theta[3]);
  t[0] = theta[0] + slope.dot(d) - 0.5 * d.dot(p * d);
  const Eigen::Vector3d moved = slope - p * d;
  t.segment<3>(1) = moved;
  t[10] = theta[10] + theta.segment<3>(11).dot(d);
  return t;
}

double ModelAt(const Parameters& theta, const PixelBox& box, double x, double y, double z) {
  const RowModel m(theta, y, z);
  return m.b0 + m.b1 * x + std::exp(m.q0 + x * (m.q1 + x * m.q2)) * m.BoxFactor(box, x);
}

std::vector<double> ModelValues(const Window& window, const Parameters& theta,
                                const PixelBox& box) {
  std::vector<double> values(window.values.size());
  for (const WindowRow& row : window.rows) {
    const RowModel m(theta, row.y, row.z);
    double x = row.x;
    double light = std::exp(m.q0 + x * (m.q1 + x * m.q2));
    double ratio = std::exp(m.q1 + m.q2 * (2.0 * x + 1.0));
    const double ratio_step = std::exp(2.0 * m.q2);
    for (std::size_t i = row.offset; i < row.offset + static_cast<std::size_t>(row.count); ++i) {
      values[i] = m.b0 + m.b1 * x + light * m.BoxFactor(box, x);
      light *= ratio;
      ratio *= ratio_step;
      x += 1.0;
    }
  }
  return values;
}

GaussianFit FitGaussian(const Window& window, const Parameters& start, const NoiseLine& noise,
                        const PixelBox& box, Free free, const FitLimits& limits) {
  GaussianFit fit;
  fit.theta = start;
  fit.origin = window.origin;
  fit.voxels = window.voxels;
  if (!IsBead(start)) {
    return fit;
  }
  for (; fit.steps < limits.steps; ++fit.steps) {
    const Sums sums = SumWindow(window, fit.theta, noise, box);
    fit.information = BuildInformation(sums);
    fit.chi2 = sums.chi2;
    const Parameters score = BuildScore(sums);
    auto step = ScoringStep(fit.information, score, free);
    if (!step || !step->allFinite()) {
      return fit;
    }
    double scale = StepScale(fit.theta, *step);
    while (scale > 1e-3 && !IsBead(fit.theta + scale * *step)) {
      scale *= 0.5;
    }
    if (scale <= 1e-3) {
      return fit;
    }
    fit.theta += scale * *step;
    if (scale == 1.0 && 0.5 * step->dot(score) < limits.tolerance) {
      fit.converged = true;
      ++fit.steps;
      return fit;
    }
  }
  return fit;
}

}  // namespace qc_metrics
