#pragma once

#include "monitor/measurement/setup.h"
#include "qc_metrics/psf.h"

namespace monitor::measurement {

/// Which channel of which input a setting is for.
struct ChannelPlace {
  int file_channel = 0;   ///< within its file
  int file_channels = 1;  ///< channels of that file
  int channel = 0;        ///< counted through all inputs
};

/// What the setup of its own input says of a channel of beads. Needed keys that are missing are
/// remembered by `setup`. A list with more values than the file has channels counts through all
/// inputs.
[[nodiscard]] qc_metrics::PsfSettings BeadSettingsOf(Setup& setup, const ChannelPlace& place);

}  // namespace monitor::measurement
