#pragma once

#include <array>
#include <span>
#include <vector>

namespace qc_metrics {

/// Where a bead lies laterally, in um.
struct LateralPlace {
  double x = 0.0;
  double y = 0.0;
};

/// Field of view and how well places agree.
struct MatchSettings {
  double tolerance_um;  ///< > 0: how far a partner may lie from where it is expected
  double width_um;      ///< > 0: of the field of view
  double height_um;     ///< > 0
};

enum class MatchState {
  kMatched,
  kNoCommonShift,  ///< no shift brings more beads together than chance does
  kAmbiguous,      ///< two shifts explain the beads equally well
};

/// Which bead of B is which bead of A.
struct Matching {
  MatchState state = MatchState::kNoCommonShift;
  std::vector<int> partner;            ///< of each bead of A, -1: none; empty unless matched
  std::array<double, 2> shift_um{};    ///< the coarse shift, B minus A
  bool regular = false;                ///< another shift explains half as many: a periodic pattern
  std::vector<LateralPlace> expected;  ///< of each bead of A in B; empty unless matched
};

/// Matches the beads of two channels; the brightest should come first.
///
/// Method    every pair of beads votes for its shift (the 300 first of each channel); the shift is
///           the one whose number of votes is least likely by chance, larger shifts being more
///           ways to be wrong: (1 + |d| / tolerance)^2 P(N >= votes), N Poisson. Then mutual
///           nearest neighbours under an affine map that grows from there over the field.
///           One bead in each channel are partners.
/// Errors    kNoCommonShift when chance alone would do it once in 100 fields; kAmbiguous when a
///           second shift is at least a hundredth as likely as the first.
[[nodiscard]] Matching MatchBeads(std::span<const LateralPlace> a, std::span<const LateralPlace> b,
                                  const MatchSettings& settings);

}  // namespace qc_metrics
