#pragma once

#include <string>

namespace monitor::cli {

/// Prints what an image file states of itself as one JSON object of texts, by the keys that a
/// rule's `match` compares; a value for each channel is a comma-separated list. Exit code 0, or 1
/// with a sentence when the file is no image that can be read.
int PrintMetadata(const std::string& path);

}  // namespace monitor::cli
