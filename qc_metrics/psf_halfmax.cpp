#include "qc_metrics/psf_halfmax.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_halfmax_uncertainty.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kBeadsForShape = 64;
constexpr double kFactor = 1.15;           // of the posterior widths, see DEFINITIONS.md
constexpr double kBackgroundShare = 0.72;  // d ln FWHM / d(background / amplitude)
constexpr double kLineProfileU = 0.03;
constexpr double kFwhmPerSigma = 2.3548200450309493;

/// Lateral section through the maximum as an ellipse: 1 / width^2 is a quadratic form.
struct Section {
  double minor = 0.0, major = 0.0;
  Eigen::Vector2d minor_axis, major_axis;
};

Section SectionOf(const Eigen::Matrix2d& inverse_square) {
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(inverse_square);
  const Eigen::Vector2d e = solver.eigenvalues().cwiseMax(1e-300);
  return {1.0 / std::sqrt(e[1]), 1.0 / std::sqrt(e[0]), solver.eigenvectors().col(1),
          solver.eigenvectors().col(0)};
}

double Scaled(const Estimate& from, double value) {
  return from.value > 0.0 ? value * from.u / from.value : 0.0;
}

/// Noise makes a round section look long some way, by 1.25 u on average: of the logarithm of
/// major / minor, a length of two components of SD u, u squared is taken off (Wardle and Kronberg,
/// ApJ 194, 249 (1974)).
void SetSection(const Section& section, double relative_u, HalfmaxBead& out) {
  const double seen = std::log(section.major / section.minor);
  const double length = std::sqrt(std::max(0.0, seen * seen - relative_u * relative_u));
  out.lateral_um.value = std::sqrt(section.minor * section.major);
  out.asymmetry.value = std::exp(-length);
  out.minor_um.value = out.lateral_um.value * std::exp(-0.5 * length);
  out.major_um.value = out.lateral_um.value * std::exp(0.5 * length);
}

/// Light that is Gaussian: the fit's own widths and the section of its ellipsoid.
HalfmaxBead FromGaussian(const GaussianBead& bead, const std::array<double, 3>& voxel_um) {
  HalfmaxBead out;
  out.source = HalfmaxSource::kGaussian;
  out.fwhm_um = bead.fwhm_um;
  const Eigen::Vector3d voxel(voxel_um[0], voxel_um[1], voxel_um[2]);
  const Eigen::Matrix3d covariance =
      voxel.asDiagonal() * ToMatrix(bead.covariance_px2) * voxel.asDiagonal();
  const Eigen::Matrix3d precision = covariance.inverse();
  SetSection(SectionOf(precision.topLeftCorner<2, 2>() / (kFwhmPerSigma * kFwhmPerSigma)),
             Scaled(bead.asymmetry, 1.0), out);
  out.minor_um.u = Scaled(bead.minor_um, out.minor_um.value);
  out.major_um.u = Scaled(bead.major_um, out.major_um.value);
  out.lateral_um.u = Scaled(bead.lateral_um, out.lateral_um.value);
  out.asymmetry.u = Scaled(bead.asymmetry, out.asymmetry.value);
  out.chi2_per_dof = bead.chi2_per_dof;
  return out;
}

HalfmaxBead FromLines(const Candidate& candidate, const std::array<double, 3>& voxel_um) {
  HalfmaxBead out;
  out.source = HalfmaxSource::kLineProfile;
  for (std::size_t i = 0; i < 3; ++i) {
    const double width = 2.0 * candidate.half_width_px[i] * voxel_um[i];
    out.fwhm_um[i] = {width, kLineProfileU * width};
  }
  const double x = out.fwhm_um[0].value;
  const double y = out.fwhm_um[1].value;
  SetSection({std::min(x, y), std::max(x, y), {}, {}}, 0.0, out);
  for (Estimate* e : {&out.minor_um, &out.major_um, &out.lateral_um, &out.asymmetry}) {
    e->u = kLineProfileU * e->value;
  }
  return out;
}

/// Standard uncertainties of one bead from its own voxels, relative.
class OwnUncertainty {
 public:
  OwnUncertainty(const ShapedBead& bead, const PixelBox& box) : bead_(bead.light), box_(box) {
    const BeadVector scale =
        bead.information.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    const BeadMatrix unit = scale.asDiagonal() * bead.information * scale.asDiagonal();
    const BeadMatrix inverse = unit.llt().solve(BeadMatrix::Identity());
    covariance_ =
        std::max(1.0, bead.ChiSquarePerDof()) * (scale.asDiagonal() * inverse * scale.asDiagonal());
    background_ = kBackgroundShare * bead.background.u / bead.light.amplitude_adu;
  }

  [[nodiscard]] BeadVector Gradient(const Eigen::Vector3d& direction_px, double width_um) const {
    return WidthGradient(bead_, box_, direction_px, width_um);
  }
  /// Of a logarithm of a width.
  [[nodiscard]] double OfWidth(const BeadVector& gradient) const {
    return std::hypot(OfRatio(gradient), background_);
  }
  /// Of a logarithm of a ratio of widths, from which the background drops out.
  [[nodiscard]] double OfRatio(const BeadVector& gradient) const {
    return std::sqrt(std::max(0.0, gradient.dot(covariance_ * gradient)));
  }

 private:
  const MappedBead& bead_;
  const PixelBox& box_;
  BeadMatrix covariance_;
  double background_ = 0.0;
};

Eigen::Vector3d LateralDirection(const Eigen::Vector2d& axis_um,
                                 const std::array<double, 3>& voxel_um) {
  return {axis_um[0] / voxel_um[0], axis_um[1] / voxel_um[1], 0.0};
}

HalfmaxBead FromShape(const FitContext& context, const ShapedBead& bead, const HalfMaximum& half,
                      const SharedUncertainty& shared, double factor) {
  HalfmaxBead out;
  out.source = HalfmaxSource::kPooledShape;
  out.chi2_per_dof = bead.ChiSquarePerDof();
  const OwnUncertainty own(bead, context.box);
  const auto set = [factor](Estimate& e, double value, double u, double common) {
    e = {value, value * factor * std::hypot(u, common)};
  };
  std::array<Estimate, 3> skew;
  for (std::size_t i = 0; i < 3; ++i) {
    const HalfProfile& profile = half.axes[i];
    Eigen::Vector3d direction = Eigen::Vector3d::Zero();
    direction[static_cast<Eigen::Index>(i)] = 1.0 / context.voxel_um[i];
    set(out.fwhm_um[i], profile.Width(), own.OfWidth(own.Gradient(direction, profile.Width())),
        shared.fwhm[i]);
    skew[i] = {(profile.far_um - profile.near_um) / profile.Width(), factor * shared.skew[i]};
    out.maximum_px[i] = bead.origin[i] + half.maximum_px[static_cast<Eigen::Index>(i)];
  }
  out.skew = skew;
  const auto form = [](const HalfProfile& p) { return 1.0 / (p.Width() * p.Width()); };
  Eigen::Matrix2d q;
  q(0, 0) = form(half.axes[0]);
  q(1, 1) = form(half.axes[1]);
  q(0, 1) = q(1, 0) = 0.5 * (form(half.diagonals[0]) - form(half.diagonals[1]));
  const Section section = SectionOf(q);
  const BeadVector minor =
      own.Gradient(LateralDirection(section.minor_axis, context.voxel_um), section.minor);
  const BeadVector major =
      own.Gradient(LateralDirection(section.major_axis, context.voxel_um), section.major);
  SetSection(section, factor * own.OfRatio(minor - major), out);
  set(out.minor_um, out.minor_um.value, own.OfWidth(minor), shared.lateral);
  set(out.major_um, out.major_um.value, own.OfWidth(major), shared.lateral);
  set(out.lateral_um, out.lateral_um.value, own.OfWidth(0.5 * (minor + major)), shared.lateral);
  set(out.asymmetry, out.asymmetry.value, own.OfRatio(minor - major), shared.asymmetry);
  return out;
}

/// Kept beads with a fit, brightest first.
std::vector<BeadWork*> Ranked(std::vector<BeadWork>& work) {
  std::vector<BeadWork*> out;
  for (BeadWork& one : work) {
    if (!one.bead.rejected && one.fitted) out.push_back(&one);
  }
  std::stable_sort(out.begin(), out.end(), [](const BeadWork* a, const BeadWork* b) {
    return a->bead.gaussian->amplitude_adu > b->bead.gaussian->amplitude_adu;
  });
  return out;
}

/// One bead's share of all that a learned shape says.
class ShapeReader {
 public:
  ShapeReader(const FitContext& context, const LearnedShape& shape)
      : context_(context), shape_(shape), factor_(kFactor) {}

  /// Widths of a fitted bead; false when its light has no half maximum.
  bool Read(const ShapedBead& bead, HalfmaxBead& out) {
    const auto half =
        SharpLight(shape_.table, bead.light, context_.box, context_.voxel_um).Measure();
    if (!half) {
      return false;
    }
    if (!shared_) {
      shared_ = ShapeUncertainty(context_, shape_, bead, *half);
    }
    out = FromShape(context_, bead, *half, *shared_, factor_);
    return true;
  }

  [[nodiscard]] PooledLight Summary() const {
    PooledLight out;
    out.is_shape = true;
    out.beads = static_cast<int>(shape_.learners.size());
    out.chi2_per_dof = shape_.chi2_per_dof;
    if (shared_) {
      out.shared = *shared_;
      for (std::size_t i = 0; i < 3; ++i) {
        out.shared.fwhm[i] *= factor_;
        out.shared.skew[i] *= factor_;
      }
      out.shared.lateral *= factor_;
      out.shared.asymmetry *= factor_;
    }
    return out;
  }

 private:
  const FitContext& context_;
  const LearnedShape& shape_;
  double factor_;
  std::optional<SharedUncertainty> shared_;
};

/// All beads against the learned shape.
PooledLight MeasureShaped(const FitContext& context, const LearnedShape& shape,
                          const std::vector<BeadWork*>& ranked) {
  ShapeReader reader(context, shape);
  std::vector<HalfmaxBead> found(ranked.size());
  std::vector<bool> done(ranked.size(), false);
  for (const ShapedBead& bead : shape.learners) {
    done[bead.index] = reader.Read(bead, found[bead.index]);
  }
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    if (!done[i]) {
      auto bead = StartShaped(context, *ranked[i]->fitted);
      done[i] = bead && FitToShape(context, shape, *bead) && reader.Read(*bead, found[i]);
    }
    ranked[i]->bead.halfmax =
        done[i] ? found[i] : FromLines(ranked[i]->candidate, context.voxel_um);
  }
  return reader.Summary();
}

}  // namespace

PooledLight MeasureHalfmax(const FitContext& context, const ModelMismatch& mismatch,
                           std::vector<BeadWork>& work) {
  const std::vector<BeadWork*> ranked = Ranked(work);
  if (mismatch.mismatch) {
    std::vector<ShapedBead> learners;
    for (std::size_t i = 0; i < ranked.size() && learners.size() < kBeadsForShape; ++i) {
      if (auto bead = StartShaped(context, *ranked[i]->fitted)) {
        bead->index = i;
        learners.push_back(std::move(*bead));
      }
    }
    if (const auto shape = LearnShape(context, std::move(learners))) {
      return MeasureShaped(context, *shape, ranked);
    }
  }
  for (BeadWork* one : ranked) {
    one->bead.halfmax = mismatch.mismatch ? FromLines(one->candidate, context.voxel_um)
                                          : FromGaussian(*one->bead.gaussian, context.voxel_um);
  }
  return {};
}

}  // namespace qc_metrics
