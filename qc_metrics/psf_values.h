#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_summary.h"

namespace qc_metrics {

/// What is read off every bead, whichever definition reads it.
enum class PsfWidth { kX, kY, kZ, kLateral, kAsymmetry };

/// Who reads it.
enum class PsfDefinition {
  kHalfmax,  ///< etalon.halfmax/1
  kGauss,    ///< etalon.gauss3d/1
  kLine      ///< metroloj_qc.fwhm1d/1
};

inline constexpr std::array<PsfDefinition, 3> kPsfDefinitions = {
    PsfDefinition::kHalfmax, PsfDefinition::kGauss, PsfDefinition::kLine};

/// "etalon.halfmax/1", ...
[[nodiscard]] std::string_view Name(PsfDefinition definition);

/// A width in um, or the asymmetry, of one bead; nothing where the definition has none for it.
/// The lateral width of the lines is sqrt(x y), their asymmetry min(x, y) / max(x, y).
[[nodiscard]] std::optional<Estimate> ValueOf(const PsfBead& bead, PsfDefinition definition,
                                              PsfWidth width);

/// Relative standard uncertainty that all beads of a field share under a definition.
[[nodiscard]] double SharedOf(const PsfField& field, PsfDefinition definition, PsfWidth width);

/// One kept bead's value; `u` without the part that all beads share.
struct BeadValue {
  std::size_t bead;  ///< index into PsfField::beads
  Estimate value;
};

/// Values of all kept beads that have one.
[[nodiscard]] std::vector<BeadValue> KeptValues(const PsfField& field, PsfDefinition definition,
                                                PsfWidth width);

/// Median of some of them; the shared part is added to its uncertainty undiminished.
[[nodiscard]] FieldMedian SummariseShared(const std::vector<BeadValue>& values, double shared);

}  // namespace qc_metrics
