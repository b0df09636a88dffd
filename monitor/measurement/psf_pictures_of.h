#pragma once

#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/psf_average.h"

namespace monitor::measurement {

/// The pictures of one channel: the field with every bead marked, and the brightest kept bead with
/// its profiles, the mean bead (`average`, null: none) and maps over the field, as far as there are
/// beads for them. Without a kept bead only the field.
[[nodiscard]] std::vector<report::Picture> PsfPicturesOf(const qc_metrics::Stack& stack,
                                                         const qc_metrics::PsfSettings& settings,
                                                         const qc_metrics::PsfField& field,
                                                         const qc_metrics::AveragedPsf* average);

}  // namespace monitor::measurement
