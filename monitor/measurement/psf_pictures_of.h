#pragma once

#include <vector>

#include "monitor/report/picture.h"
#include "qc_metrics/psf.h"

namespace monitor::measurement {

/// The pictures of one channel: the field with every bead marked, and the brightest kept bead with
/// its profiles. Without a kept bead only the field.
[[nodiscard]] std::vector<report::Picture> PsfPicturesOf(const qc_metrics::Stack& stack,
                                                         const qc_metrics::PsfSettings& settings,
                                                         const qc_metrics::PsfField& field);

}  // namespace monitor::measurement
