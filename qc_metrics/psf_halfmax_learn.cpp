#include "qc_metrics/psf_halfmax_learn.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "qc_metrics/psf_halfmax_width.h"

namespace qc_metrics {
namespace {

constexpr int kFirstDegree = 6;
constexpr int kRoundDegree = kMaxShapeDegree;  // 10 leaves a confocal's z .7 % wide
constexpr int kOtherDegree = 10;
constexpr double kActiveSd = 3e-3;         // of the peak
constexpr std::size_t kBeadsToStart = 16;  // the brightest; the others join for the final windows
constexpr int kTrialRounds = 2;            // of all families, up to the first degree
constexpr int kStartRounds = 3;            // of the active ones, in the windows of the core
constexpr int kFinalRounds = 3;            // at least, in the windows of the half maximum
constexpr int kMostRounds = 12;
constexpr double kSettled = 3e-4;  // largest change of a coefficient, of the peak
constexpr int kGaussianSteps = 6;
constexpr int kStepsARound = 3;
constexpr int kFinalSteps = 10;
constexpr double kNoisier = 1.1;  // chi2 per degree of freedom from which the noise is raised
constexpr double kOddBead = 1.3;  // chi2 per degree of freedom, over the median of all beads

/// Dirt and pairs would bend the shape of all.
void DropOddBeads(std::vector<ShapedBead>& beads) {
  if (beads.size() < 3) {
    return;
  }
  std::vector<double> all;
  for (const ShapedBead& bead : beads) all.push_back(bead.ChiSquarePerDof());
  std::nth_element(all.begin(), all.begin() + std::ssize(all) / 2, all.end());
  const double limit = kOddBead * all[all.size() / 2];
  std::erase_if(beads, [&](const ShapedBead& b) { return b.ChiSquarePerDof() > limit; });
}

/// Modes and the beads that they are learned from.
class Learner {
 public:
  Learner(const FitContext& context, std::vector<ShapedBead> beads)
      : context_(context), noise_(context.noise), beads_(std::move(beads)) {
    for (std::size_t i = kBeadsToStart; i < beads_.size(); ++i) {
      later_.push_back(std::move(beads_[i]));
    }
    beads_.resize(std::min(kBeadsToStart, beads_.size()));
  }

  std::optional<LearnedShape> Run() {
    shape_.table = TableOf(shape_.light);
    FitBeads(beads_, MapKind::kSymmetric, kGaussianSteps);
    std::array<int, kShapeFamilies> degrees{};
    degrees.fill(kFirstDegree);
    SetBasis(degrees);
    for (int i = 0; i < kTrialRounds; ++i) Round();
    // A family that stays below a third of a per cent of the peak moves no width; along an image
    // axis through the maximum every function that is odd across it vanishes anyway.
    for (std::size_t c = 0; c < degrees.size(); ++c) {
      const bool active = c == kRoundEven || shape_.evidence[c].variance >= kActiveSd * kActiveSd;
      degrees[c] = !active ? 0 : c >= kRoundEven ? kRoundDegree : kOtherDegree;
    }
    SetBasis(degrees);
    for (int i = 0; i < kStartRounds; ++i) Round();
    FitBeads(later_, MapKind::kFree, kFinalSteps);
    std::move(later_.begin(), later_.end(), std::back_inserter(beads_));
    NewWindows();
    SetBasis(degrees);
    for (int i = 0; i < kFinalRounds || (i < kMostRounds && moved_ > kSettled); ++i) Round();
    if (beads_.empty() || !posterior_) {
      return std::nullopt;
    }
    shape_.covariance = basis_.functions * posterior_->Covariance() * basis_.functions.transpose();
    shape_.chi2_per_dof = chi2_;
    shape_.learners = std::move(beads_);
    return std::move(shape_);
  }

 private:
  /// Other functions; what the old ones held of them stays.
  void SetBasis(const std::array<int, kShapeFamilies>& highest) {
    basis_ = MakeBasis(highest, TypicalView());
    Eigen::VectorXd held = Eigen::VectorXd::Zero(std::ssize(basis_.modes));
    for (std::size_t n = 0; n < basis_.modes.size(); ++n) {
      for (std::size_t m = 0; m < shape_.light.modes.size(); ++m) {
        const Mode& a = basis_.modes[n];
        const Mode& b = shape_.light.modes[m];
        if (a.i == b.i && a.j == b.j && a.k == b.k) {
          held[static_cast<Eigen::Index>(n)] =
              shape_.light.coefficients[static_cast<Eigen::Index>(m)];
        }
      }
    }
    coefficients_ = basis_.functions.householderQr().solve(held);
    shape_.light.modes = basis_.modes;
    SetShape();
  }

  /// Of the median bead.
  [[nodiscard]] PixelView TypicalView() const {
    std::array<double, 2> u_per_pixel{};
    for (int axis = 0; axis < 2; ++axis) {
      std::vector<double> all;
      for (const ShapedBead& bead : beads_) all.push_back(bead.light.map.col(axis).norm());
      if (all.empty()) return {};
      std::nth_element(all.begin(), all.begin() + std::ssize(all) / 2, all.end());
      u_per_pixel[static_cast<std::size_t>(axis)] = all[all.size() / 2];
    }
    return ViewOf(u_per_pixel, {context_.box.x, context_.box.y});
  }

  void SetShape() {
    shape_.light.coefficients = basis_.functions * coefficients_;
    shape_.table = TableOf(shape_.light);
  }

  void FitBeads(std::vector<ShapedBead>& beads, MapKind kind, int steps) {
    std::erase_if(beads, [&](ShapedBead& bead) {
      return !FitShaped(shape_.table, noise_, kind, steps, bead);
    });
    DropOddBeads(beads);
  }

  /// One step of the shape with every bead's answer to it taken into account.
  void Round() {
    const auto& modes = shape_.light.modes;
    ShapeSums sums(modes, kBeadParameters);
    for (const ShapedBead& bead : beads_) {
      TakeBead(bead.voxels, shape_.table, bead.light, noise_, sums);
      static_cast<void>(sums.EndBead());
    }
    if (sums.Empty()) {
      beads_.clear();
      return;
    }
    const ShapeEquations equations = OfFunctions(basis_, sums.Equations());
    shape_.evidence = EvidenceOf(equations, basis_, coefficients_);
    posterior_.emplace(equations, basis_, coefficients_, shape_.evidence);
    moved_ = (posterior_->Coefficients() - coefficients_).cwiseAbs().maxCoeff();
    coefficients_ = posterior_->Coefficients();
    SetShape();
    FitBeads(beads_, MapKind::kFree, kStepsARound);
    RaiseNoise();
  }

  void NewWindows() {
    std::erase_if(beads_, [&](ShapedBead& bead) {
      const auto half =
          SharpLight(shape_.table, bead.light, context_.box, context_.voxel_um).Measure();
      if (!half) return true;
      const auto& axes = half->axes;
      return !Rewindow(context_, {axes[0].Width(), axes[1].Width(), axes[2].Width()}, bead) ||
             !FitShaped(shape_.table, noise_, MapKind::kFree, kStepsARound, bead);
    });
  }

  [[nodiscard]] double ChiSquarePerDof() const {
    double chi2 = 0.0;
    double dof = 0.0;
    for (const ShapedBead& bead : beads_) {
      chi2 += bead.chi2;
      dof += bead.count - kBeadParameters;
    }
    return chi2 / std::max(1.0, dof - static_cast<double>(basis_.families.size()));
  }

  /// What the shape cannot explain counts as noise, so that it is not explained by force.
  void RaiseNoise() {
    chi2_ = raised_ * ChiSquarePerDof();
    raised_ = chi2_ > kNoisier ? chi2_ : 1.0;
    noise_ = context_.noise;
    noise_.at_zero *= raised_;
    noise_.per_adu *= raised_;
    noise_.floor *= raised_;
  }

  const FitContext& context_;
  NoiseLine noise_;
  double raised_ = 1.0;  ///< by which noise_ exceeds the context's
  double chi2_ = 0.0;    ///< per degree of freedom, in units of the context's noise
  double moved_ = 0.0;
  std::vector<ShapedBead> beads_, later_;
  ShapeBasis basis_;
  Eigen::VectorXd coefficients_;  ///< of the basis's functions
  LearnedShape shape_;
  std::optional<ShapePosterior> posterior_;  ///< of the last round
};

}  // namespace

std::optional<LearnedShape> LearnShape(const FitContext& context, std::vector<ShapedBead> beads) {
  return Learner(context, std::move(beads)).Run();
}

bool FitToShape(const FitContext& context, const LearnedShape& shape, ShapedBead& bead) {
  if (!FitShaped(shape.table, context.noise, MapKind::kFree, kFinalSteps, bead)) {
    return false;
  }
  const auto half = SharpLight(shape.table, bead.light, context.box, context.voxel_um).Measure();
  if (!half) {
    return false;
  }
  const auto& axes = half->axes;
  return Rewindow(context, {axes[0].Width(), axes[1].Width(), axes[2].Width()}, bead) &&
         FitShaped(shape.table, context.noise, MapKind::kFree, kFinalSteps, bead);
}

}  // namespace qc_metrics
