#include "qc_metrics/psf_halfmax_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "qc_metrics/psf_summary.h"

namespace qc_metrics {
namespace {

constexpr const char* kHalfmax = "etalon.halfmax/1";

/// One number that every bead has, the quantity that it becomes, and the part of its uncertainty
/// that all beads share.
struct HalfmaxQuantity {
  const char* id;
  const char* unit;
  std::function<std::optional<Estimate>(const HalfmaxBead&)> of;
  std::function<double(const SharedUncertainty&)> shared;  ///< relative; absolute for a skew
};

HalfmaxQuantity Lateral(const char* id, Estimate HalfmaxBead::*member) {
  return {id, "um", [member](const HalfmaxBead& b) { return std::optional(b.*member); },
          [](const SharedUncertainty& s) { return s.lateral; }};
}

std::vector<HalfmaxQuantity> HalfmaxQuantities() {
  constexpr std::array<const char*, 3> kWidths = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  constexpr std::array<const char*, 3> kSkews = {"psf.skew.x", "psf.skew.y", "psf.skew.z"};
  std::vector<HalfmaxQuantity> out;
  for (std::size_t i = 0; i < 3; ++i) {
    out.push_back({kWidths[i], "um",
                   [i](const HalfmaxBead& b) { return std::optional(b.fwhm_um[i]); },
                   [i](const SharedUncertainty& s) { return s.fwhm[i]; }});
  }
  out.push_back(Lateral("psf.fwhm.minor", &HalfmaxBead::minor_um));
  out.push_back(Lateral("psf.fwhm.major", &HalfmaxBead::major_um));
  out.push_back(Lateral("psf.fwhm.lateral", &HalfmaxBead::lateral_um));
  out.push_back({"psf.asymmetry", "1",
                 [](const HalfmaxBead& b) { return std::optional(b.asymmetry); },
                 [](const SharedUncertainty& s) { return s.asymmetry; }});
  for (std::size_t i = 0; i < 3; ++i) {
    out.push_back(
        {kSkews[i], "1",
         [i](const HalfmaxBead& b) { return b.skew ? std::optional((*b.skew)[i]) : std::nullopt; },
         [i](const SharedUncertainty& s) { return s.skew[i]; }});
  }
  return out;
}

Quantity MakeQuantity(const HalfmaxQuantity& row, double value, int channel) {
  Quantity q;
  q.id = row.id;
  q.definition = kHalfmax;
  q.unit = row.unit;
  q.value = value;
  q.channel = channel;
  return q;
}

std::vector<Quantity> OfBead(const HalfmaxBead& bead, const std::vector<HalfmaxQuantity>& rows,
                             int channel) {
  std::vector<Quantity> out;
  for (const HalfmaxQuantity& row : rows) {
    const auto estimate = row.of(bead);
    if (!estimate) continue;
    Quantity q = MakeQuantity(row, estimate->value, channel);
    if (estimate->u > 0.0) {
      q.u = estimate->u;
      q.u_method =
          bead.source == HalfmaxSource::kLineProfile ? "line_profile_only" : "fit_covariance";
    }
    out.push_back(std::move(q));
  }
  return out;
}

/// The median over kept beads; what the beads share is added to its uncertainty undiminished.
std::optional<Quantity> OfField(const PsfField& field, const HalfmaxQuantity& row, int channel) {
  std::vector<Estimate> values;
  const double shared = row.shared(field.light.shared);
  const bool relative = std::string(row.id).rfind("psf.skew", 0) != 0;
  for (const PsfBead& bead : field.beads) {
    if (bead.rejected || !bead.halfmax) continue;
    if (auto estimate = row.of(*bead.halfmax)) {
      const double common = shared * (relative ? estimate->value : 1.0);
      estimate->u = std::sqrt(std::max(0.0, estimate->u * estimate->u - common * common));
      values.push_back(*estimate);
    }
  }
  if (values.empty()) {
    return std::nullopt;
  }
  const FieldMedian summary = Summarise(values);
  Quantity q = MakeQuantity(row, summary.median, channel);
  q.n = summary.n;
  const double u = std::hypot(summary.u, shared * (relative ? summary.median : 1.0));
  if (u > 0.0) {
    q.u = u;
    q.u_method = summary.from_replicates ? "replicate_beads" : "fit_covariance";
  }
  return q;
}

/// Puts a quantity before the other definitions of its id.
void InsertFirst(Quantity quantity, std::vector<Quantity>& list) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const Quantity& q) {
    return q.id == quantity.id && q.definition != kHalfmax;
  });
  list.insert(at, std::move(quantity));
}

/// Value over theory with the comparator's id; the formula itself carries no uncertainty.
void AddRatios(const PsfSettings& settings, std::vector<Quantity>& list) {
  for (const auto& [id, source] : {std::pair{"psf.fwhm_ratio.lateral", "psf.fwhm.lateral"},
                                   std::pair{"psf.fwhm_ratio.axial", "psf.fwhm.z"}}) {
    const auto width = std::find_if(list.begin(), list.end(), [&](const Quantity& q) {
      return q.id == source && q.definition == kHalfmax;
    });
    if (width == list.end()) continue;
    const Quantity numerator = *width;
    for (const Comparator& c : Comparators(settings.optics)) {
      const double theory =
          numerator.id == std::string("psf.fwhm.lateral") ? c.lateral_um : c.axial_um;
      Quantity q = numerator;
      q.id = id;
      q.unit = "1";
      q.value = numerator.value / theory;
      if (q.u) *q.u /= theory;
      q.of["comparator"] = std::string(c.id);
      InsertFirst(std::move(q), list);
    }
  }
}

/// What the strongest parity class that is odd along some axis looks like in a microscope.
std::string OddClassInWords(const ModelMismatch& mismatch) {
  constexpr std::array<const char*, 8> kWords = {
      "",
      "lopsided along x, as from coma",
      "lopsided along y, as from coma",
      "stretched along a diagonal of the image, as from astigmatism",
      "unlike above and below focus, as from spherical aberration: check the correction collar, "
      "the "
      "cover glass and the immersion",
      "leaning along x as it goes through focus, as from coma or a tilted sample",
      "leaning along y as it goes through focus, as from coma or a tilted sample",
      "twisted through focus, as from astigmatism with coma"};
  constexpr double kLeastGain = 5.0;
  std::size_t strongest = 0;
  double gain = kLeastGain;
  for (std::size_t i = 1; i < kWords.size(); ++i) {
    if (mismatch.evidence[i] > gain) {
      gain = mismatch.evidence[i];
      strongest = i;
    }
  }
  return strongest == 0 ? "symmetric, with rings or wings as of any lens"
                        : std::string(kWords[strongest]);
}

double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

/// " (x +12 %, y +11 %, z +20 %)": what the Gaussian fit says over the half maximum.
std::string GaussianExcess(const PsfField& field) {
  std::string out;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> ratios;
    for (const PsfBead& bead : field.beads) {
      if (!bead.rejected && bead.gaussian && bead.halfmax) {
        ratios.push_back(bead.gaussian->fwhm_um[axis].value / bead.halfmax->fwhm_um[axis].value);
      }
    }
    if (ratios.empty()) return out;
    char text[32];
    std::snprintf(text, sizeof text, "%s%c %+.1f %%", axis == 0 ? " (" : ", ", "xyz"[axis],
                  100.0 * (MedianOf(std::move(ratios)) - 1.0));
    out += text;
  }
  return out + ")";
}

void AddFinding(const PsfField& field, int channel, Report& report) {
  if (!field.mismatch.mismatch) {
    return;
  }
  report.findings.push_back(
      {"model_mismatch", Severity::kWarning,
       "The light of the beads is not Gaussian; it is " + OddClassInWords(field.mismatch) +
           ". Widths of etalon.halfmax/1 hold all the same; those of the Gaussian fit are off" +
           GaussianExcess(field) + ".",
       channel});
}

}  // namespace

void AddHalfmax(const PsfField& field, const PsfSettings& settings, int channel, Report& report) {
  const std::vector<HalfmaxQuantity> rows = HalfmaxQuantities();
  for (const HalfmaxQuantity& row : rows) {
    if (auto quantity = OfField(field, row, channel)) {
      InsertFirst(std::move(*quantity), report.quantities);
    }
  }
  AddRatios(settings, report.quantities);
  for (std::size_t i = 0; i < field.beads.size() && i < report.objects.size(); ++i) {
    if (field.beads[i].rejected || !field.beads[i].halfmax) continue;
    auto own = OfBead(*field.beads[i].halfmax, rows, channel);
    auto& list = report.objects[i].quantities;
    list.insert(list.begin(), std::make_move_iterator(own.begin()),
                std::make_move_iterator(own.end()));
  }
  AddFinding(field, channel, report);
}

}  // namespace qc_metrics
