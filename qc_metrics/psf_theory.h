#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace qc_metrics {

/// How the light is made and collected; selects the pixel model and the comparators.
enum class Modality { kWidefield, kConfocal, kSpinningDisk, kTwoPhoton, kLightSheet, kOther };

/// What is known of the optics of one channel; absent means unknown, nothing is guessed.
struct Optics {
  std::optional<Modality> modality{};
  std::optional<double> numerical_aperture{};
  std::optional<double> refractive_index{};
  std::optional<double> excitation_nm{};
  std::optional<double> emission_nm{};
  std::optional<double> pinhole_au{};
};

/// Theoretical full widths at half maximum by one published formula.
struct Comparator {
  std::string_view id;  ///< "metroloj_qc.widefield"
  double lateral_um;
  double axial_um;
};

/// Largest pixel that samples the band of the instrument.
struct NyquistPixel {
  double lateral_um;
  double axial_um;
};

/// Every comparator that the known optics allow, in the order of the table of definitions.
///
/// Method    the formulas of MetroloJ, MetroloJ_QC, PSFj and Rayleigh, see DEFINITIONS.md. With a
///           known modality only its own comparators; with an unknown one all whose inputs are
///           known. Light sheet and other modes have none. A confocal one needs the pinhole.
/// Errors    an empty list; numbers that are not physical (NA >= n, NA <= 0) count as unknown.
[[nodiscard]] std::vector<Comparator> Comparators(const Optics& optics);

/// Nyquist pixel of the modality, or nothing where the modality or its inputs are unknown.
///
/// Method    a = asin(NA / n). Widefield, spinning disk: em/(4 NA), em/(2 n (1 - cos a)).
///           Confocal, two-photon: ex/(8 NA), ex/(4 n (1 - cos a)).
[[nodiscard]] std::optional<NyquistPixel> Nyquist(const Optics& optics);

/// Setup keys that a comparator or the Nyquist pixel would need and that are absent.
[[nodiscard]] std::vector<std::string_view> MissingOptics(const Optics& optics);

}  // namespace qc_metrics
