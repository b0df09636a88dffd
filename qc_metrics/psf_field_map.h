#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/psf_field_fit.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// One quantity over the field of view: what each kept bead says and the smooth surface through it.
struct FieldMap {
  std::string name;        ///< "lateral", "axial", "asymmetry", "focus"
  std::string_view unit;   ///< "um" or "1"
  std::string definition;  ///< by which the values were read; "etalon.field_plane/1" for focus
  std::vector<FieldPoint> points;
  FieldFit fit;
};

/// Maps of the lateral and the axial width, of the asymmetry (default definition) and of the best
/// focus (z of the brightest place of each bead, um, the first slice 0), as far as the beads allow.
[[nodiscard]] std::vector<FieldMap> FieldMaps(const PsfField& field, const PsfSettings& settings);

/// Adds what the maps say.
///
/// Method    etalon.field_plane/1: value = level + x tilt + y tilt + bowl (see FitField).
///           psf.field.lateral.tilt.x: change of the lateral width from the left border to the
///           right one, over the level in the centre; .tilt.y: top to bottom; .bowl: centre to
///           corner. The same for .axial (FWHM z) and .asymmetry.
///           psf.planarity.tilt.x .y (um): how much larger z of best focus is at the right (bottom)
///           border than at the left (top); psf.planarity.bowl (um): corner minus centre;
///           psf.planarity.angle (deg): between the best-focus plane and the image plane.
/// Errors    no quantity where the beads do not span the field or are fewer than 6 (12 for a bowl).
/// Uncertainty  of the robust fit, from the beads' scatter about it.
void AddFieldMaps(const PsfField& field, const PsfSettings& settings, int channel, Report& report);

}  // namespace qc_metrics
