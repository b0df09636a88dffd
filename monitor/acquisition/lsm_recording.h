#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitor/acquisition/file_bytes.h"

namespace monitor::acquisition {

/// One detection channel that was recorded.
struct LsmChannel {
  std::optional<double> pinhole_um;
  std::optional<double> line_nm;  ///< the only line of its track
};

/// What the recording block of an LSM file states, as far as it is used.
struct LsmRecording {
  std::string objective;
  std::optional<double> zoom;
  std::optional<double> start_days;  ///< since 1899-12-30, local time
  std::vector<LsmChannel> channels;  ///< of the recorded tracks, in order
  std::vector<double> lines_nm;      ///< all lines that were on
  std::vector<double> bits;          ///< of each recorded data channel
};

/// Reads the block at `offset` of the file. A broken block states what came before the break.
[[nodiscard]] LsmRecording ReadLsmRecording(const FileBytes& file, std::uint64_t offset);

}  // namespace monitor::acquisition
