#include "qc_metrics/psf_shape_basis.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace qc_metrics {
namespace {

constexpr int kLowestDegree = 3;

/// Weights of the round sum of the modes i = 0, 2 .. 2 p, j = 2 p - i; of unit length.
Eigen::VectorXd RoundWeights(int p) {
  Eigen::VectorXd out(p + 1);
  for (int half = 0; half <= p; ++half) {
    // ln of C(p, half) sqrt(i! j!).
    out[half] = std::lgamma(p + 1.0) - std::lgamma(half + 1.0) - std::lgamma(p - half + 1.0) +
                0.5 * (std::lgamma(2.0 * half + 1.0) + std::lgamma(2.0 * (p - half) + 1.0));
  }
  return out.array().exp().matrix().normalized();
}

/// The round sum and an orthonormal basis of what is left, as columns.
Eigen::MatrixXd RoundAndRest(int p) {
  const Eigen::VectorXd round = RoundWeights(p);
  Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(round).householderQ();
  q.col(0) = round;
  return q;
}

/// Modes of one axis (column) as modes of the same axis after the area's blur (row).
using AxisBlur = Eigen::Matrix<double, kMaxShapeDegree + 1, kMaxShapeDegree + 1>;

AxisBlur BlurOf(double stretch, double box) {
  // Trapezoids of functions that vanish at both ends, and three Gauss nodes across the area.
  constexpr double kReach = 9.0;
  constexpr double kStep = 0.125;
  const std::array<double, 3> nodes = {-std::sqrt(0.15), 0.0, std::sqrt(0.15)};
  constexpr std::array<double, 3> kWeights = {5.0 / 18.0, 4.0 / 9.0, 5.0 / 18.0};
  using Values = Eigen::Matrix<double, kMaxShapeDegree + 1, 1>;
  const auto modes_at = [](double u) {
    Values h;
    HermiteValues(u, kMaxShapeDegree, h.data());
    return Values(h * std::exp(-0.5 * u * u));
  };
  AxisBlur out = AxisBlur::Zero();
  for (double u = -kReach; u <= kReach; u += kStep) {
    Values blurred = Values::Zero();
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      blurred += kWeights[n] * modes_at(stretch * (u + nodes[n] * box));
    }
    out += modes_at(u) * blurred.transpose();
  }
  return out * (kStep / std::sqrt(std::numbers::pi));
}

/// Collects functions as columns over the modes.
class BasisMaker {
 public:
  BasisMaker(const std::array<int, kShapeFamilies>& highest, const PixelView& view)
      : highest_(highest),
        along_x_(BlurOf(view.stretch[0], view.box[0])),
        along_y_(BlurOf(view.stretch[1], view.box[1])) {
    std::array<int, kParityClasses> parity{};
    std::copy_n(highest.begin(), kParityClasses, parity.begin());
    parity[0] = std::max(highest[0], highest[kRoundEven]);
    parity[4] = std::max(highest[4], highest[kRoundOdd]);
    basis_.modes = MakeModes(kLowestDegree, parity);
    for (auto& plane : at_) {
      for (auto& row : plane) row.fill(-1);
    }
    for (std::size_t n = 0; n < basis_.modes.size(); ++n) {
      const Mode& m = basis_.modes[n];
      at_[Size(m.i)][Size(m.j)][Size(m.k)] = static_cast<int>(n);
    }
  }

  ShapeBasis Make() && {
    for (int parity = 0; parity < kParityClasses; ++parity) {
      parity % 4 == 0 ? AddEven(parity) : AddPlain(parity);
    }
    basis_.functions.resize(std::ssize(basis_.modes), std::ssize(columns_));
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      basis_.functions.col(static_cast<Eigen::Index>(c)) = columns_[c].normalized();
    }
    return std::move(basis_);
  }

 private:
  static std::size_t Size(int n) { return static_cast<std::size_t>(n); }

  Eigen::VectorXd& Add(int family, int degree) {
    basis_.families.push_back(family);
    basis_.degrees.push_back(degree);
    return columns_.emplace_back(Eigen::VectorXd::Zero(std::ssize(basis_.modes)));
  }

  void AddPlain(int parity) {
    for (std::size_t n = 0; n < basis_.modes.size(); ++n) {
      if (basis_.modes[n].ParityClass() == parity) {
        Add(parity, basis_.modes[n].Degree())[static_cast<Eigen::Index>(n)] = 1.0;
      }
    }
  }

  /// The round sum of each lateral degree 2 p and each k, and the sums that are left.
  void AddEven(int parity) {
    const int round = parity == 0 ? kRoundEven : kRoundOdd;
    const int most = std::max(highest_[Size(parity)], highest_[Size(round)]);
    for (int k = parity == 0 ? 0 : 1; k <= most; k += 2) {
      for (int p = 0; 2 * p + k <= most; ++p) {
        const int degree = 2 * p + k;
        if (degree < kLowestDegree) continue;
        const Eigen::MatrixXd sums = RoundAndRest(p);
        if (degree <= highest_[Size(round)]) AddRound(sums.col(0), k, round);
        for (int c = 1; c <= p && degree <= highest_[Size(parity)]; ++c) {
          Eigen::VectorXd& column = Add(parity, degree);
          for (int half = 0; half <= p; ++half) {
            column[at_[Size(2 * half)][Size(2 * (p - half))][Size(k)]] = sums(half, c);
          }
        }
      }
    }
  }

  void AddRound(const Eigen::VectorXd& weights, int k, int family) {
    const auto p = static_cast<int>(weights.size()) - 1;
    Eigen::VectorXd& column = Add(family, 2 * p + k);
    for (int i = 0; i + k <= highest_[Size(family)]; i += 2) {
      for (int j = 0; i + j + k <= highest_[Size(family)]; j += 2) {
        const int mode = at_[Size(i)][Size(j)][Size(k)];
        if (mode < 0) continue;
        for (int half = 0; half <= p; ++half) {
          column[mode] += weights[half] * along_x_(i, 2 * half) * along_y_(j, 2 * (p - half));
        }
      }
    }
  }

  std::array<int, kShapeFamilies> highest_;
  AxisBlur along_x_, along_y_;
  ShapeBasis basis_;
  std::vector<Eigen::VectorXd> columns_;
  std::array<std::array<std::array<int, kMaxShapeDegree + 1>, kMaxShapeDegree + 1>,
             kMaxShapeDegree + 1>
      at_{};  ///< index of a mode i, j, k; -1: not among them
};

}  // namespace

PixelView ViewOf(const std::array<double, 2>& u_per_pixel, const std::array<double, 2>& box_px) {
  PixelView view;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    view.box[axis] = box_px[axis] * u_per_pixel[axis];
    // The area's variance, at most half of what is seen: of narrower light nothing is known.
    const double share = std::min(0.5, view.box[axis] * view.box[axis] / 12.0);
    view.stretch[axis] = 1.0 / std::sqrt(1.0 - share);
  }
  return view;
}

ShapeBasis MakeBasis(const std::array<int, kShapeFamilies>& highest, const PixelView& view) {
  return BasisMaker(highest, view).Make();
}

ShapeBasis PlainBasis(std::vector<Mode> modes) {
  ShapeBasis out;
  for (const Mode& mode : modes) {
    out.families.push_back(mode.ParityClass());
    out.degrees.push_back(mode.Degree());
  }
  out.functions = Eigen::MatrixXd::Identity(std::ssize(modes), std::ssize(modes));
  out.modes = std::move(modes);
  return out;
}

}  // namespace qc_metrics
