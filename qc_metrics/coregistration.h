#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "qc_metrics/coregistration_affine.h"
#include "qc_metrics/measured.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// Acquisition facts of all channels of one field.
struct CoregistrationSettings {
  std::vector<PsfSettings> channels;       ///< one a stack, in order; one voxel size for all
  std::optional<int> reference_channel{};  ///< absent: all pairs; else this one against the others
};

/// Centre of one bead by MetroloJ_QC's reading, in um of its channel; absent: none found.
using PeerCentre = std::optional<std::array<double, 3>>;

/// One bead seen in two channels, A and B, or in one of them.
struct BeadPair {
  int bead_a = -1;                      ///< index among the beads of A; -1: none there
  int bead_b = -1;                      ///< the same for B
  std::array<double, 3> position_um{};  ///< in A (in B where A has none)
  std::array<double, 3> shift_um{};     ///< position in B minus position in A; of pairs only
  std::array<double, 3> u_um{};         ///< from both fits
  std::array<double, 3> residual_um{};  ///< of the affine fit, where there is one
  std::string_view rejected{};          ///< empty: kept; else the reason
  std::optional<std::array<double, 3>> peer_shift_um{};  ///< between the centres of MetroloJ_QC
};

/// The lateral map of one channel onto another, and what the axial shift does over the field.
struct ChannelMap {
  std::array<Estimate, 3> shift_um;  ///< at the centre of the image, B minus A
  Estimate magnification;            ///< sqrt of the map's determinant
  Estimate rotation_deg;             ///< positive from x to y
  Estimate shear_deg;                ///< by how much the right angle between x and y closes
  std::array<Estimate, 2> tilt_deg;  ///< of B's focal plane against A's, along x and y
  AffineFit fit;
};

enum class PairState {
  kMapped,     ///< beads matched and map fitted
  kBeadsOnly,  ///< beads matched; too few of them, or in a line, for a map
  kNoBeads,    ///< matched, but no bead passed the gates in both channels
  kNoMatch,    ///< no shift brings the beads together
  kAmbiguous,  ///< two shifts do
};

/// One pair of channels.
struct PairResult {
  int a = 0, b = 0;  ///< 0-based channels
  PairState state = PairState::kNoMatch;
  std::vector<BeadPair> beads;  ///< matched first; those of one channel only after them
  std::optional<ChannelMap> map;
  bool regular = false;  ///< a periodic pattern: the smallest shift was taken
  int outside = 0;       ///< beads of A whose partner is expected outside B's stack

  [[nodiscard]] int Kept() const;
};

/// All channels and pairs of one field.
struct Coregistration {
  std::vector<Measured<PsfField>> channels;
  std::vector<PairResult> pairs;  ///< of channels that could both be measured
};

/// Measures how the channels of a bead field lie on each other.
///
/// Input     one stack a channel, all of one size; as for MeasurePsf.
/// Method    beads of each channel by LocateBeads, whose gates decide; matched by MatchBeads;
///           an affine map of the shifts by FitAffine with weights from the fits' uncertainties.
///           The shift is the map's at the centre of the image, ((w-1)/2, (h-1)/2); x and y of it
///           depend on x and y, and so does z. A pair of beads that disagrees with the map by more
///           than 5 standard deviations is an outlier.
/// Errors    faults of single channels are in `channels`; pairs without a map in their state.
///           Throws std::invalid_argument for stacks of different sizes, channels of different
///           voxels, fewer than two channels, a reference channel that is none.
/// Accuracy  64 x 512 x 512, 40 beads of 2000 e-: a bead .45 / 1.5 nm (x, y / z), shift .1 nm,
///           magnification 8 ppm, rotation .0005 degrees.
/// Uncertainty  covariance of the weighted fit, raised to the scatter of the beads where larger.
/// Threads   reentrant, keeps no state.
[[nodiscard]] Coregistration MeasureCoregistration(std::span<const Stack> stacks,
                                                   const CoregistrationSettings& settings);

/// Quantities, objects and findings. `of.channels` holds the pair as [A, B].
[[nodiscard]] Report CoregistrationReport(const Coregistration& result,
                                          const CoregistrationSettings& settings);

/// The map as magnification, rotation, shear and tilts with their uncertainties.
[[nodiscard]] ChannelMap DescribeMap(AffineFit fit);

}  // namespace qc_metrics
