#include "qc_metrics/coregistration.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "qc_metrics/coregistration_centroid.h"
#include "qc_metrics/coregistration_match.h"

namespace qc_metrics {
namespace {

constexpr double kReachPx = 3.0;  // a brightest voxel may lie two pixels off its bead
constexpr double kPeerHalfCutUm = 1.5;
constexpr double kLeastSpread = 0.02;  // of the field's diagonal

double DegreesPer(double radians) { return radians * 180.0 / std::numbers::pi; }

void CheckSettings(std::span<const Stack> stacks, const CoregistrationSettings& settings) {
  if (stacks.size() < 2 || settings.channels.size() != stacks.size()) {
    throw std::invalid_argument("coregistration: needs two channels or more, each with settings");
  }
  const PsfSettings& first = settings.channels.front();
  for (std::size_t c = 1; c < stacks.size(); ++c) {
    const PsfSettings& s = settings.channels[c];
    if (s.pixel_size_x_um != first.pixel_size_x_um || s.pixel_size_y_um != first.pixel_size_y_um ||
        s.z_step_um != first.z_step_um) {
      throw std::invalid_argument("coregistration: the channels differ in pixel size or z step");
    }
    const bool empty = stacks[c].planes.empty() || stacks[0].planes.empty();
    if (empty || stacks[c].planes.size() != stacks[0].planes.size() ||
        stacks[c].planes[0].size() != stacks[0].planes[0].size()) {
      throw std::invalid_argument("coregistration: the channels differ in size");
    }
  }
  if (settings.reference_channel &&
      (*settings.reference_channel < 0 ||
       *settings.reference_channel >= static_cast<int>(stacks.size()))) {
    throw std::invalid_argument("coregistration: the reference channel is none of the channels");
  }
}

std::array<double, 3> VoxelOf(const PsfSettings& s) {
  return {s.pixel_size_x_um, s.pixel_size_y_um, s.z_step_um};
}

/// Beads that may be partners: everything but hot pixels, which every channel has for itself.
std::vector<int> Partners(const PsfField& field) {
  std::vector<int> out;
  for (std::size_t i = 0; i < field.beads.size(); ++i) {
    if (field.beads[i].rejected != RejectReason::kHotPixel) out.push_back(static_cast<int>(i));
  }
  return out;
}

std::array<double, 3> PositionUm(const PsfBead& bead, const std::array<double, 3>& voxel) {
  return {bead.position_px[0] * voxel[0], bead.position_px[1] * voxel[1],
          bead.position_px[2] * voxel[2]};
}

std::vector<LateralPlace> PlacesOf(const PsfField& field, const std::vector<int>& beads,
                                   const std::array<double, 3>& voxel) {
  std::vector<LateralPlace> out;
  for (const int i : beads) {
    const auto at = PositionUm(field.beads[static_cast<std::size_t>(i)], voxel);
    out.push_back({at[0], at[1]});
  }
  return out;
}

/// The widest lateral width of the brightest kept bead, 0 without one.
double WidthUm(const PsfField& field) {
  const auto kept = std::find_if(field.beads.begin(), field.beads.end(),
                                 [](const PsfBead& b) { return !b.rejected && b.gaussian; });
  return kept == field.beads.end() ? 0.0 : kept->gaussian->major_um.value;
}

/// Pair of one bead in both channels.
BeadPair PairOf(const PsfField& fa, const PsfField& fb, int i, int j,
                const std::array<double, 3>& voxel) {
  const PsfBead& a = fa.beads[static_cast<std::size_t>(i)];
  const PsfBead& b = fb.beads[static_cast<std::size_t>(j)];
  BeadPair pair;
  pair.bead_a = i;
  pair.bead_b = j;
  pair.position_um = PositionUm(a, voxel);
  const auto other = PositionUm(b, voxel);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    pair.shift_um[axis] = other[axis] - pair.position_um[axis];
    if (a.gaussian && b.gaussian) {
      pair.u_um[axis] =
          voxel[axis] * std::hypot(a.gaussian->centre_px[axis].u, b.gaussian->centre_px[axis].u);
    }
  }
  if (a.rejected || b.rejected) {
    pair.rejected = Name(a.rejected ? *a.rejected : *b.rejected);
  }
  return pair;
}

BeadPair LonelyBead(const PsfField& field, int i, bool in_a, const std::array<double, 3>& voxel) {
  const PsfBead& bead = field.beads[static_cast<std::size_t>(i)];
  BeadPair pair;
  (in_a ? pair.bead_a : pair.bead_b) = i;
  pair.position_um = PositionUm(bead, voxel);
  pair.rejected = bead.rejected ? Name(*bead.rejected) : "unmatched";
  return pair;
}

bool Inside(const LateralPlace& at, const PsfField& field, const std::array<double, 3>& voxel) {
  return at.x >= 0.0 && at.y >= 0.0 && at.x <= (field.columns - 1) * voxel[0] &&
         at.y <= (field.rows - 1) * voxel[1];
}

/// Fills `result.beads` from a matching: pairs in A's order, then beads without a partner.
void PutBeads(const PsfField& fa, const PsfField& fb, const std::vector<int>& of_a,
              const std::vector<int>& of_b, const Matching& matching,
              const std::array<double, 3>& voxel, PairResult& result) {
  std::vector<bool> taken(of_b.size(), false);
  std::vector<BeadPair> alone;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const int j = matching.partner.empty() ? -1 : matching.partner[i];
    if (j >= 0) {
      taken[static_cast<std::size_t>(j)] = true;
      result.beads.push_back(PairOf(fa, fb, of_a[i], of_b[static_cast<std::size_t>(j)], voxel));
      continue;
    }
    alone.push_back(LonelyBead(fa, of_a[i], true, voxel));
    if (alone.back().rejected == "unmatched" && !matching.expected.empty() &&
        !Inside(matching.expected[i], fb, voxel)) {
      alone.back().rejected = Name(RejectReason::kEdge);
      ++result.outside;
    }
  }
  for (std::size_t j = 0; j < of_b.size(); ++j) {
    if (!taken[j]) alone.push_back(LonelyBead(fb, of_b[j], false, voxel));
  }
  result.beads.insert(result.beads.end(), alone.begin(), alone.end());
}

/// Fits the map over the kept pairs and marks those that disagree.
void FitMap(const PsfField& field, const std::array<double, 3>& voxel, PairResult& result) {
  const double width = (field.columns - 1) * voxel[0];
  const double height = (field.rows - 1) * voxel[1];
  std::vector<BeadPair*> kept;
  std::vector<Displacement> shifts;
  for (BeadPair& pair : result.beads) {
    if (!pair.rejected.empty()) continue;
    kept.push_back(&pair);
    shifts.push_back({{pair.position_um[0] - 0.5 * width, pair.position_um[1] - 0.5 * height},
                      pair.shift_um,
                      pair.u_um});
  }
  result.state = kept.empty() ? PairState::kNoBeads : PairState::kBeadsOnly;
  const auto fit = FitAffine(shifts, kLeastSpread * std::hypot(width, height));
  if (!fit) return;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i]->residual_um = fit->residual_um[i];
    if (fit->outlier[i]) kept[i]->rejected = "outlier";
  }
  result.state = PairState::kMapped;
  result.map = DescribeMap(*fit);
}

/// The square about a bead that a peer's crop would hold: the whole image where the bead is the
/// only one, else at most what is nearer to it than to any other.
cv::Rect CutAbout(const PairResult& result, const BeadPair& bead, const PsfField& field,
                  const std::array<double, 3>& voxel) {
  const cv::Rect whole(0, 0, field.columns, field.rows);
  if (result.beads.size() == 1) return whole;
  double half = kPeerHalfCutUm;
  for (const BeadPair& other : result.beads) {
    const double apart = std::max(std::abs(other.position_um[0] - bead.position_um[0]),
                                  std::abs(other.position_um[1] - bead.position_um[1]));
    if (&other != &bead) half = std::min(half, 0.5 * apart);
  }
  const int left = static_cast<int>(std::lround((bead.position_um[0] - half) / voxel[0]));
  const int top = static_cast<int>(std::lround((bead.position_um[1] - half) / voxel[1]));
  const int width = static_cast<int>(std::lround(2.0 * half / voxel[0])) + 1;
  const int height = static_cast<int>(std::lround(2.0 * half / voxel[1])) + 1;
  return cv::Rect(left, top, width, height) & whole;
}

void AddPeerShifts(const Stack& a, const Stack& b, const PsfField& field,
                   const std::array<double, 3>& voxel, PairResult& result) {
  for (BeadPair& bead : result.beads) {
    if (!bead.rejected.empty()) continue;
    const cv::Rect cut = CutAbout(result, bead, field, voxel);
    if (cut.empty()) continue;
    const auto in_a = MetrolojCentre(a, cut);
    const auto in_b = MetrolojCentre(b, cut);
    if (!in_a || !in_b) continue;
    bead.peer_shift_um.emplace();
    for (std::size_t axis = 0; axis < 3; ++axis) {
      (*bead.peer_shift_um)[axis] = voxel[axis] * ((*in_b)[axis] - (*in_a)[axis]);
    }
  }
}

PairResult MeasurePair(const PsfField& fa, const PsfField& fb, int a, int b,
                       const std::array<double, 3>& voxel) {
  PairResult result;
  result.a = a;
  result.b = b;
  const std::vector<int> of_a = Partners(fa);
  const std::vector<int> of_b = Partners(fb);
  const double reach =
      std::max({kReachPx * voxel[0], kReachPx * voxel[1], WidthUm(fa), WidthUm(fb)});
  const Matching matching = MatchBeads(PlacesOf(fa, of_a, voxel), PlacesOf(fb, of_b, voxel),
                                       {reach, fa.columns * voxel[0], fa.rows * voxel[1]});
  result.regular = matching.regular;
  PutBeads(fa, fb, of_a, of_b, matching, voxel, result);
  if (matching.state != MatchState::kMatched) {
    result.state =
        matching.state == MatchState::kAmbiguous ? PairState::kAmbiguous : PairState::kNoMatch;
    return result;
  }
  FitMap(fa, voxel, result);
  return result;
}

std::vector<std::pair<int, int>> PairsOf(int channels, const std::optional<int>& reference) {
  std::vector<std::pair<int, int>> out;
  for (int a = 0; a < channels; ++a) {
    for (int b = 0; b < channels; ++b) {
      const bool wanted = reference ? a == *reference && b != a : a < b;
      if (wanted) out.emplace_back(a, b);
    }
  }
  return out;
}

}  // namespace

int PairResult::Kept() const {
  return static_cast<int>(std::count_if(beads.begin(), beads.end(),
                                        [](const BeadPair& p) { return p.rejected.empty(); }));
}

ChannelMap DescribeMap(AffineFit fit) {
  ChannelMap map;
  const auto u = [&fit](std::size_t axis, std::size_t coefficient) {
    return std::sqrt(fit.covariance[axis][coefficient][coefficient]);
  };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    map.shift_um[axis] = {fit.shift_um[axis], u(axis, 0)};
  }
  const double xx = 1.0 + fit.gradient[0][0];
  const double yx = fit.gradient[0][1];  // how y moves along x
  const double xy = fit.gradient[1][0];
  const double yy = 1.0 + fit.gradient[1][1];
  map.magnification = {std::sqrt(std::abs(xx * yy - xy * yx)), 0.5 * std::hypot(u(0, 1), u(1, 2))};
  const double turn_u = std::hypot(u(1, 1), u(0, 2));
  map.rotation_deg = {DegreesPer(std::atan2(yx - xy, xx + yy)), DegreesPer(0.5 * turn_u)};
  // Angle from the image of x to that of y; a right angle closes by the shear.
  const double between = std::atan2(xx * yy - yx * xy, xx * xy + yx * yy);
  map.shear_deg = {90.0 - DegreesPer(between), DegreesPer(turn_u)};
  for (std::size_t i = 0; i < 2; ++i) {
    const double slope = fit.gradient[i][2];
    map.tilt_deg[i] = {DegreesPer(std::atan(slope)),
                       DegreesPer(u(2, 1 + i) / (1.0 + slope * slope))};
  }
  map.fit = std::move(fit);
  return map;
}

Coregistration MeasureCoregistration(std::span<const Stack> stacks,
                                     const CoregistrationSettings& settings) {
  CheckSettings(stacks, settings);
  Coregistration out;
  for (std::size_t c = 0; c < stacks.size(); ++c) {
    out.channels.push_back(LocateBeads(stacks[c], settings.channels[c]));
  }
  const auto voxel = VoxelOf(settings.channels.front());
  for (const auto& [a, b] : PairsOf(static_cast<int>(stacks.size()), settings.reference_channel)) {
    const auto* fa = std::get_if<PsfField>(&out.channels[static_cast<std::size_t>(a)]);
    const auto* fb = std::get_if<PsfField>(&out.channels[static_cast<std::size_t>(b)]);
    if (fa != nullptr && fb != nullptr) {
      out.pairs.push_back(MeasurePair(*fa, *fb, a, b, voxel));
      AddPeerShifts(stacks[static_cast<std::size_t>(a)], stacks[static_cast<std::size_t>(b)], *fa,
                    voxel, out.pairs.back());
    }
  }
  return out;
}

}  // namespace qc_metrics
