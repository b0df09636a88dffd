#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>

#include "qc_metrics/coregistration.h"
#include "qc_metrics/coregistration_reference.h"
#include "qc_metrics/psf_summary.h"

namespace qc_metrics {
namespace {

constexpr const char* kAffine = "etalon.affine/1";
constexpr const char* kMedian = "etalon.median_shift/1";
constexpr const char* kBeadPair = "etalon.bead_pair/1";
constexpr const char* kEllipsoid = "etalon.ellipsoid/1";
constexpr const char* kEllipsoidMedian = "etalon.ellipsoid_median_shift/1";
constexpr const char* kPeerEllipsoid = "metroloj_qc.ellipsoid/1";
constexpr const char* kPeerCentroid = "metroloj_qc.centroid/1";
constexpr std::array<const char*, 3> kShiftIds = {
    "coregistration.shift.x", "coregistration.shift.y", "coregistration.shift.z"};
constexpr std::size_t kZones = 9;
constexpr int kZonesNeeded = 7;
constexpr double kShareNeeded = 0.6;

using Shift = std::array<Estimate, 3>;

/// Adds quantities of one pair of channels.
class PairQuantities {
 public:
  PairQuantities(const PairResult& pair, std::vector<Quantity>& out) : pair_(pair), out_(out) {}

  Quantity& Add(const char* id, const char* definition, const char* unit, const Estimate& e,
                const char* method) {
    Quantity q;
    q.id = id;
    q.definition = definition;
    q.value = e.value;
    q.unit = unit;
    if (e.u > 0.0 && std::isfinite(e.u)) {
      q.u = e.u;
      q.u_method = method;
    }
    q.of["channels"] = std::vector<std::int64_t>{pair_.a, pair_.b};
    out_.push_back(std::move(q));
    return out_.back();
  }

 private:
  const PairResult& pair_;
  std::vector<Quantity>& out_;
};

/// Length of a shift over some axes; near zero the uncertainty is that of any direction.
Estimate Length(const Shift& shift, std::initializer_list<std::size_t> axes) {
  double square = 0.0;
  double variance = 0.0;
  double widest = 0.0;
  for (const std::size_t axis : axes) {
    square += shift[axis].value * shift[axis].value;
    variance += std::pow(shift[axis].value * shift[axis].u, 2);
    widest = std::max(widest, shift[axis].u);
  }
  const double length = std::sqrt(square);
  return {length, length > 0.0 ? std::sqrt(variance) / length : widest};
}

std::array<double, 3> Values(const Shift& shift) {
  return {shift[0].value, shift[1].value, shift[2].value};
}

/// Median of the kept beads' shifts, or of what `of` takes from them.
template <typename Getter>
FieldMedian Over(const PairResult& pair, Getter of) {
  std::vector<Estimate> values;
  for (const BeadPair& bead : pair.beads) {
    if (bead.rejected.empty()) values.push_back(of(bead));
  }
  return Summarise(values);
}

/// The channel of the pair whose emission is longer; nothing while one is unknown.
std::optional<int> LongerEmission(const PairResult& pair, const CoregistrationSettings& settings) {
  const auto a = settings.channels[static_cast<std::size_t>(pair.a)].optics.emission_nm;
  const auto b = settings.channels[static_cast<std::size_t>(pair.b)].optics.emission_nm;
  if (!a || !b) return std::nullopt;
  return *a < *b ? pair.b : pair.a;
}

std::vector<Comparator> ComparatorsOf(const PairResult& pair,
                                      const CoregistrationSettings& settings) {
  const auto channel = LongerEmission(pair, settings);
  if (!channel) return {};
  return Comparators(settings.channels[static_cast<std::size_t>(*channel)].optics);
}

/// Length of a shift over the radius of the theoretical ellipsoid in its direction.
Estimate RatioTo(const Shift& shift, const Comparator& c, double part) {
  const std::array<double, 3> axes = {part * c.lateral_um, part * c.lateral_um, part * c.axial_um};
  // The ratio is the length of the shift in units of the semi-axes.
  Shift scaled = shift;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    scaled[axis].value /= axes[axis];
    scaled[axis].u /= axes[axis];
  }
  Estimate ratio = Length(scaled, {0, 1, 2});
  const std::array<double, 3> direction = Values(shift);
  const double length = std::hypot(direction[0], direction[1], direction[2]);
  ratio.value = length / EllipsoidRadius(axes, direction);
  return ratio;
}

void AddRatios(const Shift& shift, const char* definition, const char* method,
               const PairResult& pair, const CoregistrationSettings& settings, std::int64_t beads,
               PairQuantities& out) {
  for (const Comparator& c : ComparatorsOf(pair, settings)) {
    Quantity& q = out.Add("coregistration.ratio", definition, "1", RatioTo(shift, c, 0.5), method);
    q.of["comparator"] = std::string(c.id);
    q.n = beads;
  }
}

void AddDistances(const Shift& shift, const char* definition, const char* method,
                  std::int64_t beads, PairQuantities& out) {
  out.Add("coregistration.distance.lateral", definition, "um", Length(shift, {0, 1}), method).n =
      beads;
  out.Add("coregistration.distance.axial", definition, "um", Length(shift, {2}), method).n = beads;
  out.Add("coregistration.distance.total", definition, "um", Length(shift, {0, 1, 2}), method).n =
      beads;
}

/// MetroloJ_QC: each bead's distance over its own reference, averaged over the beads.
void AddPeer(const PairResult& pair, const CoregistrationSettings& settings, PairQuantities& out) {
  std::vector<Shift> shifts;
  for (const BeadPair& bead : pair.beads) {
    if (!bead.rejected.empty() || !bead.peer_shift_um) continue;
    const auto& s = *bead.peer_shift_um;
    shifts.push_back({Estimate{s[0]}, Estimate{s[1]}, Estimate{s[2]}});
  }
  if (shifts.empty()) return;
  const auto n = std::ssize(shifts);
  const auto mean = [&](auto of) {
    double sum = 0.0;
    for (const Shift& shift : shifts) sum += of(shift);
    return Estimate{sum / static_cast<double>(n)};
  };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.Add(kShiftIds[axis], kPeerCentroid, "um",
            mean([axis](const Shift& s) { return s[axis].value; }), "")
        .n = n;
  }
  out.Add("coregistration.distance.total", kPeerCentroid, "um", mean([](const Shift& s) {
            return Length(s, {0, 1, 2}).value;
          }),
          "")
      .n = n;
  for (const Comparator& c : ComparatorsOf(pair, settings)) {
    if (!c.id.starts_with("metroloj_qc.")) continue;
    Quantity& q = out.Add("coregistration.ratio", kPeerEllipsoid, "1",
                          mean([&c](const Shift& s) { return RatioTo(s, c, 1.0).value; }), "");
    q.of["comparator"] = std::string(c.id);
    q.n = n;
  }
}

void AddMap(const PairResult& pair, const CoregistrationSettings& settings, PairQuantities& out) {
  const ChannelMap& map = *pair.map;
  const std::int64_t n = map.fit.beads;
  const auto method = [&map](std::size_t axis) {
    return map.fit.excess_um[axis] > 0.0 ? "residual_scatter" : "fit_covariance";
  };
  const bool scatter = std::any_of(map.fit.excess_um.begin(), map.fit.excess_um.end(),
                                   [](double e) { return e > 0.0; });
  const char* joint = scatter ? "residual_scatter" : "fit_covariance";
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.Add(kShiftIds[axis], kAffine, "um", map.shift_um[axis], method(axis)).n = n;
  }
  AddDistances(map.shift_um, kAffine, joint, n, out);
  AddRatios(map.shift_um, kEllipsoid, joint, pair, settings, n, out);
  out.Add("coregistration.magnification", kAffine, "1", map.magnification, joint).n = n;
  out.Add("coregistration.rotation", kAffine, "deg", map.rotation_deg, joint).n = n;
  out.Add("coregistration.shear", kAffine, "deg", map.shear_deg, joint).n = n;
  out.Add("coregistration.tilt.x", kAffine, "deg", map.tilt_deg[0], method(2)).n = n;
  out.Add("coregistration.tilt.y", kAffine, "deg", map.tilt_deg[1], method(2)).n = n;
  const auto add_residual = [&](const char* id, std::initializer_list<std::size_t> axes) {
    const AffineFit::Residual residual = map.fit.ResidualOver(axes);
    out.Add(id, kAffine, "um", {residual.rms_um, residual.u_um}, "residual_scatter").n = n;
  };
  add_residual("coregistration.residual.lateral", {0, 1});
  add_residual("coregistration.residual.axial", {2});
}

/// Medians over the beads: the only value without a map, beside it otherwise.
void AddMedians(const PairResult& pair, const CoregistrationSettings& settings,
                PairQuantities& out) {
  Shift shift;
  std::int64_t n = 0;
  bool replicates = false;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const FieldMedian value = Over(pair, [axis](const BeadPair& b) {
      return Estimate{b.shift_um[axis], b.u_um[axis]};
    });
    shift[axis] = {value.median, value.u};
    n = value.n;
    replicates = replicates || value.from_replicates;
  }
  const char* method = replicates ? "replicate_beads" : "fit_covariance";
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.Add(kShiftIds[axis], kMedian, "um", shift[axis], method).n = n;
  }
  AddDistances(shift, kMedian, method, n, out);
  AddRatios(shift, kEllipsoidMedian, method, pair, settings, n, out);
}

Object ObjectOf(const PairResult& pair, const BeadPair& bead) {
  Object object;
  object.state = bead.rejected.empty() ? ObjectState::kKept : ObjectState::kRejected;
  object.reason = std::string(bead.rejected);
  object.position_um = bead.position_um;
  if (!bead.rejected.empty() && bead.rejected != "outlier") {
    return object;
  }
  PairQuantities out(pair, object.quantities);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    out.Add(kShiftIds[axis], kBeadPair, "um", {bead.shift_um[axis], bead.u_um[axis]},
            "fit_covariance");
  }
  if (pair.map) {
    const auto& r = bead.residual_um;
    out.Add("coregistration.residual.lateral", kBeadPair, "um", {std::hypot(r[0], r[1])}, "");
    out.Add("coregistration.residual.axial", kBeadPair, "um", {std::abs(r[2])}, "");
  }
  return object;
}

std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string NameOf(const PairResult& pair) {
  return "channels " + std::to_string(pair.a) + " and " + std::to_string(pair.b);
}

void AddFinding(Report& report, std::string code, Severity severity, std::string text,
                std::optional<int> channel = std::nullopt) {
  report.findings.push_back({std::move(code), severity, std::move(text), channel});
}

/// What concerns single channels: saturation and sampling, as for the point spread function.
void AddChannelFindings(const Coregistration& result, const CoregistrationSettings& settings,
                        Report& report) {
  for (std::size_t c = 0; c < result.channels.size(); ++c) {
    const auto* field = std::get_if<PsfField>(&result.channels[c]);
    if (field == nullptr) continue;
    PsfSettings quiet = settings.channels[c];
    quiet.scope = PsfScope::kBead;
    for (Finding& finding : PsfFindings(*field, quiet, static_cast<int>(c))) {
      const bool kept = finding.code == "saturated" || finding.code == "undersampled" ||
                        finding.code == "metadata_missing:gain_e_per_adu" ||
                        finding.code == "metadata_missing:read_noise_e";
      if (kept) report.findings.push_back(std::move(finding));
    }
  }
}

/// Optics that the ratio needs; without them only the ratio is left out.
void AddMissing(const CoregistrationSettings& settings, Report& report) {
  std::set<std::string> named;
  for (const PsfSettings& channel : settings.channels) {
    std::vector<std::string_view> keys = MissingOptics(channel.optics);
    if (!channel.optics.emission_nm) keys.emplace_back("emission_nm");  // the longer one counts
    for (const std::string_view key : keys) {
      if (!named.insert(std::string(key)).second) continue;
      AddFinding(report, "metadata_missing:" + std::string(key), Severity::kInfo,
                 "Without " + std::string(key) +
                     " the ratios to the reference distance that need it are left out; state it "
                     "in the setup.");
    }
  }
}

void AddRepresentative(const PairResult& pair, const PsfField& field, const PsfSettings& settings,
                       Report& report) {
  std::array<bool, kZones> zones{};
  int kept = 0;
  int isolated = 0;
  for (const BeadPair& bead : pair.beads) {
    const bool counts = bead.rejected.empty();
    kept += counts ? 1 : 0;
    static const std::set<std::string_view> kNotAlone = {"edge", "z_edge", "too_close", "doublet"};
    isolated += kNotAlone.contains(bead.rejected) ? 0 : 1;
    if (!counts) continue;
    const auto zone = [](double px, int size) {
      return static_cast<std::size_t>(std::clamp(static_cast<int>(3.0 * (px + 0.5) / size), 0, 2));
    };
    zones[3 * zone(bead.position_um[1] / settings.pixel_size_y_um, field.rows) +
          zone(bead.position_um[0] / settings.pixel_size_x_um, field.columns)] = true;
  }
  const auto covered = std::count(zones.begin(), zones.end(), true);
  const double share = isolated == 0 ? 0.0 : static_cast<double>(kept) / isolated;
  if (covered >= kZonesNeeded && share >= kShareNeeded) return;
  AddFinding(report, "not_representative", Severity::kWarning,
             "Kept beads of " + NameOf(pair) + " lie in " + std::to_string(covered) +
                 " of 9 zones and are " + Rounded(100.0 * share) +
                 " % of the isolated ones; a field result needs 7 zones and 60 %: image more "
                 "beads.");
}

void AddPairFindings(const PairResult& pair, const Coregistration& result,
                     const CoregistrationSettings& settings, Report& report) {
  const std::string name = NameOf(pair);
  const auto a = static_cast<std::size_t>(pair.a);
  switch (pair.state) {
    case PairState::kMapped:
      AddRepresentative(pair, std::get<PsfField>(result.channels[a]), settings.channels[a], report);
      break;
    case PairState::kBeadsOnly:
      AddFinding(report, "too_few", Severity::kWarning,
                 "Only " + std::to_string(pair.Kept()) + " beads of " + name +
                     " count, or they lie on a line: the shift is that of the beads where they "
                     "lie; magnification and rotation need 3 beads spread over the field.");
      break;
    case PairState::kNoBeads:
      AddFinding(report, "too_few", Severity::kFault,
                 "No bead passed the gates in both of " + name +
                     "; see the reason of each and take the stack again.");
      break;
    case PairState::kNoMatch:
      AddFinding(report, "too_few", Severity::kFault,
                 "The beads of " + name +
                     " cannot be matched: no common shift brings them together; check that both "
                     "show the same field.");
      break;
    case PairState::kAmbiguous:
      AddFinding(report, "too_few", Severity::kFault,
                 "The beads of " + name +
                     " cannot be matched: several shifts explain them equally well; image an "
                     "irregular field with more beads.");
      break;
  }
  if (pair.regular) {
    AddFinding(report, "not_representative", Severity::kWarning,
               "The beads of " + name +
                   " form a regular pattern; a shift of a whole period would look the same, the "
                   "likeliest one is taken.");
  }
  if (pair.outside > 0) {
    AddFinding(report, "not_representative", Severity::kWarning,
               std::to_string(pair.outside) + " beads of channel " + std::to_string(pair.a) +
                   " leave the image of channel " + std::to_string(pair.b) +
                   " by the shift between them; they are left out.");
  }
}

}  // namespace

Report CoregistrationReport(const Coregistration& result, const CoregistrationSettings& settings) {
  Report report;
  for (const PairResult& pair : result.pairs) {
    PairQuantities out(pair, report.quantities);
    if (pair.map) AddMap(pair, settings, out);
    if (pair.Kept() > 0) {
      AddMedians(pair, settings, out);
      AddPeer(pair, settings, out);
    }
    for (const BeadPair& bead : pair.beads) {
      Object object = ObjectOf(pair, bead);
      report.objects.push_back(std::move(object));
    }
  }
  AddChannelFindings(result, settings, report);
  AddMissing(settings, report);
  for (const PairResult& pair : result.pairs) {
    AddPairFindings(pair, result, settings, report);
  }
  return report;
}

}  // namespace qc_metrics
