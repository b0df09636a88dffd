#pragma once

#include <vector>

#include "qc_metrics/psf.h"
#include "qc_metrics/result.h"

namespace qc_metrics {

/// A kept bead that is unlike the others.
struct OutlierMark {
  std::size_t bead;  ///< index into PsfField::beads
  double score;      ///< distance from the others in robust SDs
};

/// Marks beads; none is dropped, medians bear them.
///
/// Method    from 5 kept beads on: residual of the lateral width, the axial width or the asymmetry
///           (default definition) from the smooth surface over the field (from 16 beads on; it
///           takes what the field itself does) or from the median, over 1.4826 MAD, or over the
///           median u of the beads where that is larger (the modified z score of Iglewicz and
///           Hoaglin, How to Detect and Handle Outliers, 1993). Beyond sqrt(2 ln(30 n)) (1 + 5/n)
///           of n beads, which chance passes in fewer than one field in ten, the bead is marked
///           with its largest score: 6.3 for 5 beads, 4.2 for 40. Their fixed 3.5 marks good
///           beads more often than that.
[[nodiscard]] std::vector<OutlierMark> FindOutliers(const PsfField& field);

/// Adds `psf.outlier` (the score) to the objects of marked beads, and one finding.
void AddOutliers(const PsfField& field, int channel, Report& report);

}  // namespace qc_metrics
