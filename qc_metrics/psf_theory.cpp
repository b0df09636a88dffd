#include "qc_metrics/psf_theory.h"

#include <cmath>

namespace qc_metrics {
namespace {

constexpr double kUmPerNm = 1e-3;

/// The optics with wavelengths in um; only values that are physical.
struct Known {
  std::optional<double> na, n, ex, em;
};

std::optional<double> Positive(const std::optional<double>& value) {
  return value && std::isfinite(*value) && *value > 0.0 ? value : std::nullopt;
}

Known KnownOptics(const Optics& optics) {
  Known known{Positive(optics.numerical_aperture), Positive(optics.refractive_index),
              Positive(optics.excitation_nm), Positive(optics.emission_nm)};
  if (known.na && known.n && *known.na >= *known.n) {
    known.na.reset();
    known.n.reset();
  }
  if (known.ex) *known.ex *= kUmPerNm;
  if (known.em) *known.em *= kUmPerNm;
  return known;
}

/// n - sqrt(n^2 - NA^2), the axial extent of the cone of light.
double Sagitta(const Known& k) { return *k.n - std::sqrt(*k.n * *k.n - *k.na * *k.na); }

void AddEmissionComparators(const Known& k, std::vector<Comparator>& out) {
  const double na = *k.na;
  const double em = *k.em;
  out.push_back({"metroloj_qc.widefield", 0.51 * em / na, 1.77 * *k.n * em / (na * na)});
  out.push_back({"metroloj.widefield", 0.61 * em / na, 2.0 * em / (na * na)});
  out.push_back({"psfj.widefield", 0.84 * 0.61 * em / na, 1.76 * *k.n * em / (na * na)});
}

void AddRayleigh(const Known& k, std::vector<Comparator>& out) {
  out.push_back({"rayleigh", 0.61 * *k.em / *k.na, 2.0 * *k.n * *k.em / (*k.na * *k.na)});
}

void AddConfocalComparators(const Known& k, std::vector<Comparator>& out) {
  const double na = *k.na;
  if (k.ex) {
    out.push_back({"metroloj_qc.confocal", 0.51 * *k.ex / na, 0.88 * *k.ex / Sagitta(k)});
  }
  if (k.em) {
    out.push_back({"metroloj.confocal", 0.4 * *k.em / na, 1.4 * *k.em / (na * na)});
  }
}

void AddTwoPhotonComparator(const Known& k, std::vector<Comparator>& out) {
  const double na = *k.na;
  const double lateral = na <= 0.7 ? 0.377 * *k.ex / na : 0.383 * *k.ex / std::pow(na, 0.91);
  out.push_back({"metroloj_qc.two_photon", lateral, 0.626 * *k.ex / Sagitta(k)});
}

}  // namespace

std::vector<Comparator> Comparators(const Optics& optics) {
  std::vector<Comparator> out;
  const Known k = KnownOptics(optics);
  if (!k.na || !k.n) {
    return out;
  }
  const bool any = !optics.modality;
  const auto is = [&](Modality modality) { return any || *optics.modality == modality; };
  if (k.em && is(Modality::kWidefield)) AddEmissionComparators(k, out);
  if (Positive(optics.pinhole_au) && is(Modality::kConfocal)) AddConfocalComparators(k, out);
  if (k.em && is(Modality::kSpinningDisk)) {
    out.push_back({"metroloj_qc.spinning_disk", 0.51 * *k.em / *k.na, *k.em / Sagitta(k)});
  }
  if (k.ex && is(Modality::kTwoPhoton)) AddTwoPhotonComparator(k, out);
  if (k.em && (is(Modality::kWidefield) || is(Modality::kSpinningDisk) ||
               (is(Modality::kConfocal) && Positive(optics.pinhole_au)))) {
    AddRayleigh(k, out);
  }
  return out;
}

std::optional<NyquistPixel> Nyquist(const Optics& optics) {
  const Known k = KnownOptics(optics);
  if (!optics.modality || !k.na || !k.n) {
    return std::nullopt;
  }
  const double cone = Sagitta(k);  // n (1 - cos a)
  switch (*optics.modality) {
    case Modality::kWidefield:
    case Modality::kSpinningDisk:
      if (!k.em) return std::nullopt;
      return NyquistPixel{*k.em / (4.0 * *k.na), *k.em / (2.0 * cone)};
    case Modality::kConfocal:
    case Modality::kTwoPhoton:
      if (!k.ex) return std::nullopt;
      return NyquistPixel{*k.ex / (8.0 * *k.na), *k.ex / (4.0 * cone)};
    case Modality::kLightSheet:
    case Modality::kOther:
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::string_view> MissingOptics(const Optics& optics) {
  std::vector<std::string_view> missing;
  if (optics.modality == Modality::kLightSheet || optics.modality == Modality::kOther) {
    return missing;
  }
  if (!optics.modality) missing.emplace_back("modality");
  if (!Positive(optics.numerical_aperture)) missing.emplace_back("numerical_aperture");
  if (!Positive(optics.refractive_index)) missing.emplace_back("refractive_index");
  const bool two_photon = optics.modality == Modality::kTwoPhoton;
  const bool confocal = optics.modality == Modality::kConfocal;
  if (!two_photon && !Positive(optics.emission_nm)) missing.emplace_back("emission_nm");
  if ((two_photon || confocal) && !Positive(optics.excitation_nm)) {
    missing.emplace_back("excitation_nm");
  }
  if (confocal && !Positive(optics.pinhole_au)) missing.emplace_back("pinhole_au");
  return missing;
}

}  // namespace qc_metrics
